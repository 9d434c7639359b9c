package httpapi

import (
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// marshal writes v as JSON. Tasks, which are most of what is answered, are appended by hand: reflection would cost more than
// reading them from the database.
func marshal(w io.Writer, v any) error {
	switch v := v.(type) {
	case task:
		return writeAppended(w, func(b []byte) []byte { return v.appendJSON(b) })
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

// appendJSON appends t to dst, byte for byte as reflection over its fields would write it.
func (t *task) appendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), t.ID, 10)
	dst = appendText(append(dst, `,"user_id":`...), t.UserID)
	dst = appendText(append(dst, `,"title":`...), t.Title)
	dst = append(dst, `,"description":`...)
	if t.Description == nil {
		dst = append(dst, "null"...)
	} else {
		dst = appendText(dst, *t.Description)
	}
	dst = strconv.AppendBool(append(dst, `,"completed":`...), t.Completed)
	dst = appendText(append(dst, `,"priority":`...), string(t.Priority))
	dst = appendNullTime(append(dst, `,"due_date":`...), t.DueDate)
	dst = strconv.AppendBool(append(dst, `,"due_all_day":`...), t.DueAllDay)
	dst = appendNullTime(append(dst, `,"completed_at":`...), t.CompletedAt)
	dst = appendTime(append(dst, `,"created_at":`...), t.CreatedAt)
	dst = appendTime(append(dst, `,"updated_at":`...), t.UpdatedAt)
	dst = strconv.AppendInt(append(dst, `,"version":`...), t.Version, 10)
	if t.DeletedAt != nil {
		dst = appendTime(append(dst, `,"deleted_at":`...), *t.DeletedAt)
	}
	return append(dst, '}')
}

// appendText appends s as a JSON string. What is no UTF-8, which no store holds, becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

// appendNullTime appends t as a JSON string, null for nil.
func appendNullTime(dst []byte, t *timestamp) []byte {
	if t == nil {
		return append(dst, "null"...)
	}
	return appendTime(dst, *t)
}

// appendTime appends t, of the years 0 to 9999, as a JSON string in the form of wireTime.
func appendTime(dst []byte, t timestamp) []byte {
	at := time.Time(t).UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	dst = appendDigits(append(dst, '"'), year, 4)
	dst = appendDigits(append(dst, '-'), int(month), 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	dst = appendDigits(append(dst, 'T'), hour, 2)
	dst = appendDigits(append(dst, ':'), minute, 2)
	dst = appendDigits(append(dst, ':'), second, 2)
	dst = appendDigits(append(dst, '.'), at.Nanosecond()/int(time.Microsecond), 6)
	return append(dst, 'Z', '"')
}

// appendDigits appends n, which is not negative, with at least so many digits.
func appendDigits(dst []byte, n, digits int) []byte {
	at := len(dst)
	for range digits {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; i >= at; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}
