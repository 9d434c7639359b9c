package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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

// errForeignRow says that the database returned a row of somebody who was not asked for. That can't be: it is an alarm, and
// the connection it came by is not used any more.
var errForeignRow = errors.New("the database returned a row of somebody else")

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

// fail notes what went wrong.
func (r *rowReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// peek returns the bytes of the next column, nil for null.
func (r *rowReader) peek() []byte { return r.raw[r.next] }

// skip passes over n columns.
func (r *rowReader) skip(n int) { r.next += n }

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
		r.fail(r.rows.Conn().TypeMap().Scan(f.DataTypeOID, f.Format, data, dst))
		return nil, false
	}
	if size > 0 && len(data) != size {
		r.fail(fmt.Errorf("column %d: %w", i, errWidth))
		return nil, true
	}
	return data, true
}

// int64 reads a bigint, 0 for null.
func (r *rowReader) int64() (v int64) {
	if data, inBinary := r.take(8, &v); inBinary && data != nil {
		v = int64(binary.BigEndian.Uint64(data)) //nolint:gosec // two's complement
	}
	return v
}

// int16 reads a smallint, 0 for null.
func (r *rowReader) int16() (v int16) {
	if data, inBinary := r.take(2, &v); inBinary && data != nil {
		v = int16(binary.BigEndian.Uint16(data)) //nolint:gosec // two's complement
	}
	return v
}

// int32 reads an integer, 0 for null.
func (r *rowReader) int32() (v int32) {
	if data, inBinary := r.take(4, &v); inBinary && data != nil {
		v = int32(binary.BigEndian.Uint32(data)) //nolint:gosec // two's complement
	}
	return v
}

// bool reads a boolean, false for null.
func (r *rowReader) bool() (v bool) {
	if data, inBinary := r.take(1, &v); inBinary && data != nil {
		v = data[0] != 0
	}
	return v
}

// text reads a text, "" for null.
func (r *rowReader) text() string {
	r.next++
	return string(r.raw[r.next-1]) // the same bytes in both forms
}

// nullText reads a text, nil for null.
func (r *rowReader) nullText() *string {
	if r.peek() == nil {
		r.skip(1)
		return nil
	}
	v := r.text()
	return &v
}

// bytes reads a bytea, nil for null.
func (r *rowReader) bytes() (v []byte) {
	if data, inBinary := r.take(0, &v); inBinary && data != nil {
		v = append([]byte{}, data...)
	}
	return v
}

// json reads a jsonb, nil for null. The bytes are good until the next row. In binary form, a version stands in front.
func (r *rowReader) json() []byte {
	if r.peek() == nil {
		r.skip(1)
		return nil
	}
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

// time reads a timestamptz in UTC, the zero time for null.
func (r *rowReader) time() (v time.Time) {
	if data, inBinary := r.take(8, &v); inBinary && data != nil {
		v = time.UnixMicro(int64(binary.BigEndian.Uint64(data)) + postgresEpoch).UTC() //nolint:gosec // two's complement
	}
	return v
}

// nullTime reads a timestamptz in UTC, nil for null.
func (r *rowReader) nullTime() *time.Time {
	if r.peek() == nil {
		r.skip(1)
		return nil
	}
	v := r.time()
	return &v
}

// owner reads a user_id, which must be owner.
func (r *rowReader) owner(owner todo.UserID) {
	if data := r.peek(); string(data) != string(owner) {
		r.fail(errForeignRow)
	}
	r.skip(1)
}
