package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// A querier is what statements can be carried out by: a *sql.DB, *sql.Tx or *transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// query calls read with each row that a statement selects.
func query(ctx context.Context, db querier, read func(*rowReader), statement string, args ...any) (err error) {
	rows, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	r := newRowReader(len(names))
	for rows.Next() {
		if err := rows.Scan(r.into...); err != nil {
			return err
		}
		r.next = 0
		if read(r); r.err != nil {
			return r.err
		}
	}
	return rows.Err()
}

// perform carries out a statement.
func perform(ctx context.Context, db querier, st *sqlstore.Statement) (err error) {
	args := arguments(st.Args)
	if st.Rows == nil {
		_, err = db.ExecContext(ctx, st.SQLite, args...)
		return err
	}
	st.Rows(func(yield func(sqlstore.Row) bool) {
		err = query(ctx, db, func(r *rowReader) { yield(r) }, st.SQLite, args...)
	})
	return err
}

// A rowReader reads the columns of a row one after the other as the driver returns them, without reflection. What goes
// wrong first is in err; what is read after that means nothing.
type rowReader struct {
	values []any
	into   []any // where the values are
	next   int
	err    error
}

var _ sqlstore.Row = (*rowReader)(nil)

// newRowReader returns a reader of rows with n columns.
func newRowReader(n int) *rowReader {
	r := &rowReader{values: make([]any, n), into: make([]any, n)}
	for i := range r.into {
		r.into[i] = &r.values[i]
	}
	return r
}

// Fail implements sqlstore.Row.
func (r *rowReader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Null implements sqlstore.Row.
func (r *rowReader) Null() bool { return r.values[r.next] == nil }

// Skip implements sqlstore.Row.
func (r *rowReader) Skip(n int) { r.next += n }

// take reads the next column as a V, the zero V for null.
func take[V any](r *rowReader) (v V) {
	next := r.values[r.next]
	r.next++
	v, ok := next.(V)
	if !ok && next != nil {
		r.Fail(fmt.Errorf("column %d is a %T, not a %T", r.next, next, v))
	}
	return v
}

// Int64 implements sqlstore.Row.
func (r *rowReader) Int64() int64 { return take[int64](r) }

// Bool implements sqlstore.Row.
func (r *rowReader) Bool() bool { return take[int64](r) != 0 }

// Text implements sqlstore.Row.
func (r *rowReader) Text() string { return take[string](r) }

// Bytes implements sqlstore.Row.
func (r *rowReader) Bytes() []byte { return take[[]byte](r) }

// JSON implements sqlstore.Row.
func (r *rowReader) JSON() []byte {
	if r.Null() {
		r.Skip(1)
		return nil
	}
	return []byte(r.Text())
}

// Time implements sqlstore.Row. Times are microseconds since 1970.
func (r *rowReader) Time() time.Time {
	if r.Null() {
		r.Skip(1)
		return time.Time{}
	}
	return time.UnixMicro(r.Int64()).UTC()
}

// Owner implements sqlstore.Row.
func (r *rowReader) Owner(owner todo.UserID) {
	if r.Text() != string(owner) {
		r.Fail(sqlstore.ErrForeignRow)
	}
}

// arguments makes values of the domain's types what the driver takes.
func arguments(args []any) []any {
	for i, arg := range args {
		args[i] = argument(arg)
	}
	return args
}

// argument returns what the driver takes for a value of one of the domain's types.
func argument(v any) any {
	switch v := v.(type) {
	case todo.UserID:
		return string(v)
	case todo.Rev:
		return int64(v)
	case todo.Priority:
		return int64(v)
	case time.Time:
		return v.UnixMicro()
	case *time.Time:
		if v == nil {
			return nil
		}
		return v.UnixMicro()
	case *string:
		if v == nil {
			return nil
		}
		return *v
	case *int64:
		if v == nil {
			return nil
		}
		return *v
	case []string:
		list, _ := json.Marshal(v) //nolint:errchkjson // texts can always be written
		return string(list)
	}
	return v
}

// argumentsOf returns before and behind it what the columns hold of one row.
func argumentsOf[T any](c sqlstore.Columns[T], row *T, before ...any) []any {
	all := make([]any, len(before), len(before)+len(c)+2) // there may be a key behind it
	copy(all, before)
	for i := range c {
		v := c[i].Value(row)
		if c[i].Type == "jsonb" {
			v = asText(v)
		}
		all = append(all, argument(v))
	}
	return all
}

// asText returns the text of bytes, nil for none.
func asText(v any) any {
	if data, _ := v.([]byte); data != nil {
		return string(data)
	}
	return nil
}
