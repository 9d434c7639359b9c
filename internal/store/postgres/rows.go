package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// A rowReader reads the columns of a row one after the other from the form in which the server sent them, without
// reflection. What goes wrong first is in err; what is read after that means nothing.
type rowReader struct {
	rows    pgx.Rows
	columns []pgconn.FieldDescription
	raw     [][]byte
	next    int
	err     error
}

var _ sqlstore.Row = (*rowReader)(nil)

// errWidth says that a value has another size than its type.
var errWidth = errors.New("a value of the database has another size than its type")

// eachRow calls read for each of rows and returns what went wrong first.
func eachRow(rows pgx.Rows, read func(*rowReader)) error {
	r := &rowReader{rows: rows}
	for rows.Next() {
		if r.columns == nil {
			r.columns = rows.FieldDescriptions()
		}
		r.raw, r.next = rows.RawValues(), 0
		if read(r); r.err != nil {
			return r.err
		}
	}
	return rows.Err()
}

// Fail implements sqlstore.Row.
func (r *rowReader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// peek returns the bytes of the next column, nil for null.
func (r *rowReader) peek() []byte { return r.raw[r.next] }

// Null implements sqlstore.Row.
func (r *rowReader) Null() bool { return r.peek() == nil }

// Skip implements sqlstore.Row.
func (r *rowReader) Skip(n int) { r.next += n }

// take returns the bytes of the next column, which are size many, or any number for 0, and whether they are in binary form.
// null is binary, with no bytes.
func (r *rowReader) take(size int) (data []byte, inBinary bool) {
	i := r.next
	r.next++
	data = r.raw[i]
	switch {
	case data == nil:
		return nil, true
	case r.columns[i].Format != pgx.BinaryFormatCode:
		return data, false
	case size > 0 && len(data) != size:
		r.Fail(fmt.Errorf("column %d: %w", i, errWidth))
		return nil, true
	}
	return data, true
}

// fromText returns the value of the column that was taken last and is in text form.
func fromText[V any](r *rowReader, data []byte) (v V) {
	f := &r.columns[r.next-1]
	r.Fail(r.rows.Conn().TypeMap().Scan(f.DataTypeOID, f.Format, data, &v))
	return v
}

// Int64 implements sqlstore.Row.
func (r *rowReader) Int64() int64 {
	data, inBinary := r.take(0)
	if !inBinary {
		return fromText[int64](r, data)
	}
	switch len(data) {
	case 0:
		return 0
	case 8:
		return int64(binary.BigEndian.Uint64(data))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(data)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(data)))
	}
	r.Fail(fmt.Errorf("column %d: %w", r.next-1, errWidth))
	return 0
}

// Bool implements sqlstore.Row.
func (r *rowReader) Bool() bool {
	data, inBinary := r.take(1)
	if !inBinary {
		return fromText[bool](r, data)
	}
	return len(data) == 1 && data[0] != 0
}

// Text implements sqlstore.Row.
func (r *rowReader) Text() string {
	r.next++
	return string(r.raw[r.next-1]) // the same bytes in both forms
}

// Bytes implements sqlstore.Row.
func (r *rowReader) Bytes() []byte {
	data, inBinary := r.take(0)
	switch {
	case !inBinary:
		return fromText[[]byte](r, data)
	case data == nil:
		return nil
	}
	return append([]byte{}, data...)
}

// JSON implements sqlstore.Row. In binary form, a version stands in front.
func (r *rowReader) JSON() []byte {
	i := r.next
	r.next++
	data := r.raw[i]
	if r.columns[i].Format == pgx.BinaryFormatCode && len(data) > 0 && data[0] == 1 {
		return data[1:]
	}
	return data
}

// postgresEpoch is 2000-01-01 in microseconds since 1970: timestamps count from there.
const postgresEpoch = 946_684_800_000_000

// Time implements sqlstore.Row.
func (r *rowReader) Time() time.Time {
	data, inBinary := r.take(8)
	switch {
	case !inBinary:
		return fromText[time.Time](r, data)
	case data == nil:
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(data)) + postgresEpoch).UTC()
}

// Owner implements sqlstore.Row.
func (r *rowReader) Owner(owner todo.UserID) {
	if data := r.peek(); string(data) != string(owner) {
		r.Fail(sqlstore.ErrForeignRow)
	}
	r.Skip(1)
}
