// Package sqlstore is what stores in SQL databases write alike: the columns of their tables, statements that all of
// them understand, and what becomes of the rows.
package sqlstore

import (
	"errors"
	"time"

	"todod/internal/todo"
)

// A Row is read column by column. What goes wrong first is the error of the whole statement; what is read after that
// means nothing.
type Row interface {
	// Null reports whether the next column is null.
	Null() bool
	// Skip passes over n columns.
	Skip(n int)

	// Int64 reads an integer of any size, 0 for null.
	Int64() int64
	// Bool reads a boolean, false for null.
	Bool() bool
	// Text reads a text, "" for null.
	Text() string
	// Bytes reads bytes, nil for null.
	Bytes() []byte
	// JSON reads JSON, nil for null. It is good until the next row.
	JSON() []byte
	// Time reads a time, in UTC, the zero time for null.
	Time() time.Time
	// Owner reads a user_id, which must be owner: any other is ErrForeignRow.
	Owner(owner todo.UserID)

	// Fail notes what went wrong; nil is nothing.
	Fail(err error)
}

// ErrForeignRow says that the database returned a row of somebody who was not asked for. That can't be: it is an
// alarm, and the connection it came by is not used any more.
var ErrForeignRow = errors.New("the database returned a row of somebody else")

// NullText reads a text, nil for null.
func NullText(r Row) *string { return orNil(r, Row.Text) }

// NullInt64 reads an integer, nil for null.
func NullInt64(r Row) *int64 { return orNil(r, Row.Int64) }

// NullTime reads a time in UTC, nil for null.
func NullTime(r Row) *time.Time { return orNil(r, Row.Time) }

// orNil reads what read does, nil for null.
func orNil[V any](r Row, read func(Row) V) *V {
	if r.Null() {
		r.Skip(1)
		return nil
	}
	v := read(r)
	return &v
}
