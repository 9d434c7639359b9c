package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// A rowReader reads the columns of a row one after the other from the form in which the server sent them, without
// reflection. What goes wrong first is in err; what is read after that means nothing.
type rowReader struct {
	rows pgx.Rows
	raw  [][]byte
	next int
	err  error
}

var _ sqlstore.Row = (*rowReader)(nil)

// errWidth says that a value has another size than its type.
var errWidth = errors.New("a value of the database has another size than its type")

// eachRow calls read for each of rows and returns what went wrong first.
func eachRow(rows pgx.Rows, read func(*rowReader)) error {
	r := &rowReader{rows: rows}
	for rows.Next() {
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

// take returns the bytes of the next column and whether they are in binary form; text reads them into dst otherwise. null
// is binary, with no bytes.
func (r *rowReader) take(size int, dst any) (data []byte, inBinary bool) {
	i := r.next
	r.next++
	data = r.raw[i]
	if data == nil {
		return nil, true
	}
	if f := &r.rows.FieldDescriptions()[i]; f.Format != pgx.BinaryFormatCode {
		r.Fail(r.rows.Conn().TypeMap().Scan(f.DataTypeOID, f.Format, data, dst))
		return nil, false
	}
	if size > 0 && len(data) != size {
		r.Fail(fmt.Errorf("column %d: %w", i, errWidth))
		return nil, true
	}
	return data, true
}

// Int64 implements sqlstore.Row.
func (r *rowReader) Int64() (v int64) {
	data, inBinary := r.take(0, &v)
	switch {
	case !inBinary || data == nil:
	case len(data) == 8:
		v = int64(binary.BigEndian.Uint64(data))
	case len(data) == 4:
		v = int64(int32(binary.BigEndian.Uint32(data)))
	case len(data) == 2:
		v = int64(int16(binary.BigEndian.Uint16(data)))
	default:
		r.Fail(fmt.Errorf("column %d: %w", r.next-1, errWidth))
	}
	return v
}

// Bool implements sqlstore.Row.
func (r *rowReader) Bool() (v bool) {
	if data, inBinary := r.take(1, &v); inBinary && data != nil {
		v = data[0] != 0
	}
	return v
}

// Text implements sqlstore.Row.
func (r *rowReader) Text() string {
	r.next++
	return string(r.raw[r.next-1]) // the same bytes in both forms
}

// Bytes implements sqlstore.Row.
func (r *rowReader) Bytes() (v []byte) {
	if data, inBinary := r.take(0, &v); inBinary && data != nil {
		v = append([]byte{}, data...)
	}
	return v
}

// JSON implements sqlstore.Row. In binary form, a version stands in front.
func (r *rowReader) JSON() []byte {
	i := r.next
	r.next++
	data := r.raw[i]
	if r.rows.FieldDescriptions()[i].Format == pgx.BinaryFormatCode && len(data) > 0 && data[0] == 1 {
		return data[1:]
	}
	return data
}

// postgresEpoch is 2000-01-01 in microseconds since 1970: timestamps count from there.
const postgresEpoch = 946_684_800_000_000

// Time implements sqlstore.Row.
func (r *rowReader) Time() (v time.Time) {
	if data, inBinary := r.take(8, &v); inBinary && data != nil {
		v = time.UnixMicro(int64(binary.BigEndian.Uint64(data)) + postgresEpoch).UTC()
	}
	return v
}

// Owner implements sqlstore.Row.
func (r *rowReader) Owner(owner todo.UserID) {
	if data := r.peek(); string(data) != string(owner) {
		r.Fail(sqlstore.ErrForeignRow)
	}
	r.Skip(1)
}
