package httpapi

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// marshal writes v as JSON. Tasks, which are most of what is answered, are appended by hand: reflection would cost more than
// reading them from the database.
func marshal(w io.Writer, v any) error {
	switch v := v.(type) {
	case task:
		return writeAppended(w, v.appendJSON)
	case list:
		return writeAppended(w, func(b []byte) []byte { return appendObject(b, &v.of) })
	case label:
		return writeAppended(w, func(b []byte) []byte { return appendObject(b, &v.of) })
	case []task:
		return writeAppended(w, func(b []byte) []byte { return appendTasks(b, v) })
	}
	return json.MarshalWrite(w, v, json.Deterministic(true))
}

// texts are buffers for what is appended.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// writeAppended writes what appendTo appends.
func writeAppended(w io.Writer, appendTo func([]byte) []byte) error {
	b, _ := texts.Get().(*[]byte)
	*b = appendTo((*b)[:0])
	_, err := w.Write(*b)
	if cap(*b) <= maxPooled {
		texts.Put(b)
	}
	return err
}

// appendTasks appends a list of tasks to dst.
func appendTasks(dst []byte, tasks []task) []byte {
	dst = append(dst, '[')
	for i := range tasks {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = tasks[i].appendJSON(dst)
	}
	return append(dst, ']')
}

// appendJSON appends t to dst.
func (t *task) appendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), t.of.ID, 10)
	dst = appendText(append(dst, `,"user_id":`...), string(t.of.Owner))
	for i, f := range answered {
		dst = appendValue(append(dst, answeredKeys[i]...), f.Name, f.Ref(&t.of))
	}
	dst = append(t.of.AppendPlace(append(dst, `,"position":"`...)), '"') // letters and digits
	return append(appendStamps(dst, t.of.CreatedAt, t.of.UpdatedAt, t.of.Version, t.of.DeletedAt), '}')
}

// answeredKeys are the names of answered, as they stand before their values.
var answeredKeys = func() []string {
	keys := make([]string, len(answered))
	for i, f := range answered {
		keys[i] = `,"` + f.Name + `":`
	}
	return keys
}()

// appendValue appends the value of a field, which is where the domain says (todo.Field.Ref).
func appendValue(dst []byte, name string, at any) []byte {
	switch v := at.(type) {
	case nil:
		return append(dst, "null"...)
	case *string:
		return appendText(dst, *v)
	case *bool:
		return strconv.AppendBool(dst, *v)
	case *int64:
		return strconv.AppendInt(dst, *v, 10)
	case *todo.IDs:
		return appendIDs(dst, *v)
	case *todo.Priority:
		return appendText(dst, v.String())
	case *todo.Recurrence:
		return appendRecurrence(dst, v)
	case *time.Time:
		return appendTime(dst, *v)
	}
	panic(fmt.Sprintf("httpapi: the field %s is a %T", name, at)) // a kind of field that nobody has thought of here
}

// appendIDs appends a list of ids.
func appendIDs(dst []byte, ids todo.IDs) []byte {
	dst = append(dst, '[')
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, id, 10)
	}
	return append(dst, ']')
}

// appendText appends s as a JSON string. What is no UTF-8, which no store holds, becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

// appendTime appends at, of the years 0 to 9999, as a JSON string in the form of wireTime.
func appendTime(dst []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	micros := at.Nanosecond() / int(time.Microsecond)
	dst = append(dst, `"yyyy-mm-ddThh:mm:ss.uuuuuuZ"`...)
	text := dst[len(dst)-len(wireTime)-2:]
	putPair(text[1:], year/100)
	putPair(text[3:], year%100)
	putPair(text[6:], int(month))
	putPair(text[9:], day)
	putPair(text[12:], hour)
	putPair(text[15:], minute)
	putPair(text[18:], second)
	putPair(text[21:], micros/10_000)
	putPair(text[23:], micros/100%100)
	putPair(text[25:], micros%100)
	return dst
}

// putPair puts n, of 0 to 99, at the beginning of dst, in two digits.
func putPair(dst []byte, n int) { dst[0], dst[1] = byte('0'+n/10), byte('0'+n%10) }
