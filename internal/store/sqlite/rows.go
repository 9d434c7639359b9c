package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A querier is what rows can be read from: a *sql.DB, *sql.Tx or *transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// query calls read with each row that a statement selects.
func query(ctx context.Context, db querier, read func(*rowReader), statement string, args ...any) error {
	rows, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	return eachRow(rows, read)
}

// collect returns what read makes of each row that a statement selects.
func collect[T any](
	ctx context.Context, db querier, read func(*rowReader) T, statement string, args ...any,
) (all []T, err error) {
	err = query(ctx, db, func(r *rowReader) { all = append(all, read(r)) }, statement, args...)
	return all, err
}

// A rowReader reads the columns of a row one after the other as the driver returns them, without reflection. What goes
// wrong first is in err; what is read after that means nothing.
type rowReader struct {
	values []any
	next   int
	err    error
}

// eachRow calls read for each of rows, closes them, and returns what went wrong first.
func eachRow(rows *sql.Rows, read func(*rowReader)) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	r := &rowReader{values: make([]any, len(names))}
	into := make([]any, len(names))
	for i := range into {
		into[i] = &r.values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		r.next = 0
		if read(r); r.err != nil {
			return r.err
		}
	}
	return rows.Err()
}

// fail notes what went wrong.
func (r *rowReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// null reports whether the next column is null.
func (r *rowReader) null() bool { return r.values[r.next] == nil }

// skip passes over n columns.
func (r *rowReader) skip(n int) { r.next += n }

// take reads the next column as a V, the zero V for null.
func take[V any](r *rowReader) (v V) {
	next := r.values[r.next]
	r.next++
	v, ok := next.(V)
	if !ok && next != nil {
		r.fail(fmt.Errorf("column %d is a %T, not a %T", r.next, next, v))
	}
	return v
}

// int64 reads an integer, 0 for null.
func (r *rowReader) int64() int64 { return take[int64](r) }

// bool reads a boolean, false for null.
func (r *rowReader) bool() bool { return take[int64](r) != 0 }

// text reads a text, "" for null.
func (r *rowReader) text() string { return take[string](r) }

// nullText reads a text, nil for null.
func (r *rowReader) nullText() *string { return orNil(r, (*rowReader).text) }

// bytes reads a blob, nil for null.
func (r *rowReader) bytes() []byte { return take[[]byte](r) }

// json reads a text as bytes, nil for null.
func (r *rowReader) json() []byte {
	if r.null() {
		r.skip(1)
		return nil
	}
	return []byte(r.text())
}

// time reads microseconds since 1970 as a time in UTC, the zero time for null.
func (r *rowReader) time() time.Time {
	if r.null() {
		r.skip(1)
		return time.Time{}
	}
	return fromMicros(r.int64())
}

// nullTime reads microseconds since 1970 as a time in UTC, nil for null.
func (r *rowReader) nullTime() *time.Time { return orNil(r, (*rowReader).time) }

// orNil reads what read does, nil for null.
func orNil[V any](r *rowReader, read func(*rowReader) V) *V {
	if r.null() {
		r.skip(1)
		return nil
	}
	v := read(r)
	return &v
}

// fromMicros returns the time that a column holds.
func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// micros returns what a nullable column holds for t.
func micros(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixMicro()
}

// orNull returns nil for "".
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// nullText returns data as text, nil for none.
func nullText(data []byte) any {
	if data == nil {
		return nil
	}
	return string(data)
}
