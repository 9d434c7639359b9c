// Package fieldjson is the JSON in which both stores keep what no column of their own holds: the fields that a change
// touched, and a task that stayed as it was. Times are microseconds since 1970, priorities numbers.
package fieldjson

import (
	"encoding/json"
	"fmt"
	"time"

	"todod/internal/todo"
)

// optional is a member that is absent (the zero value), null, or a value.
type optional[T any] todo.Opt[T]

// MarshalJSON implements json.Marshaler. An absent member is left out by omitzero before it is asked.
func (o optional[T]) MarshalJSON() ([]byte, error) {
	if o.Null {
		return []byte("null"), nil
	}
	return json.Marshal(o.V)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *optional[T]) UnmarshalJSON(data []byte) error {
	o.Set = true
	if o.Null = string(data) == "null"; o.Null {
		return nil
	}
	return json.Unmarshal(data, &o.V)
}

// micros is a time as JSON has it.
type micros int64

// fields are todo.Fields in JSON.
type fields struct {
	Title       optional[string]        `json:"title,omitzero"`
	Description optional[string]        `json:"description,omitzero"`
	Completed   optional[bool]          `json:"completed,omitzero"`
	Priority    optional[todo.Priority] `json:"priority,omitzero"`
	Due         optional[micros]        `json:"due_date,omitzero"`
	AllDay      optional[bool]          `json:"due_all_day,omitzero"`
	CompletedAt optional[micros]        `json:"completed_at,omitzero"`
	DeletedAt   optional[micros]        `json:"deleted_at,omitzero"`
}

// Fields returns f in JSON.
func Fields(f todo.Fields) ([]byte, error) {
	return json.Marshal(fields{
		Title: optional[string](f.Title), Description: optional[string](f.Description),
		Completed: optional[bool](f.Completed), Priority: optional[todo.Priority](f.Priority), Due: toMicros(f.Due),
		AllDay: optional[bool](f.AllDay), CompletedAt: toMicros(f.CompletedAt), DeletedAt: toMicros(f.DeletedAt),
	})
}

// ParseFields reads what Fields has written; no data are no fields.
func ParseFields(data []byte) (todo.Fields, error) {
	if data == nil {
		return todo.Fields{}, nil
	}
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		return todo.Fields{}, fmt.Errorf("fields of a change: %w", err)
	}
	return todo.Fields{
		Title: todo.Opt[string](f.Title), Description: todo.Opt[string](f.Description),
		Completed: todo.Opt[bool](f.Completed), Priority: todo.Opt[todo.Priority](f.Priority), Due: fromMicros(f.Due),
		AllDay: todo.Opt[bool](f.AllDay), CompletedAt: fromMicros(f.CompletedAt), DeletedAt: fromMicros(f.DeletedAt),
	}, nil
}

// toMicros returns a time as JSON has it.
func toMicros(o todo.Opt[time.Time]) optional[micros] {
	m := optional[micros]{Set: o.Set, Null: o.Null}
	if o.Set && !o.Null {
		m.V = micros(o.V.UnixMicro())
	}
	return m
}

// fromMicros is the inverse of toMicros, in UTC.
func fromMicros(m optional[micros]) todo.Opt[time.Time] {
	o := todo.Opt[time.Time]{Set: m.Set, Null: m.Null}
	if m.Set && !m.Null {
		o.V = time.UnixMicro(int64(m.V)).UTC()
	}
	return o
}

// task is a task in JSON, under the names of its columns.
type task struct {
	ID          int64         `json:"id"`
	Version     todo.Rev      `json:"version"`
	Title       string        `json:"title"`
	Description *string       `json:"description"`
	Completed   bool          `json:"completed"`
	Priority    todo.Priority `json:"priority"`
	Due         *micros       `json:"due_date"`
	AllDay      bool          `json:"due_all_day"`
	CompletedAt *micros       `json:"completed_at"`
	CreatedAt   micros        `json:"created_at"`
	UpdatedAt   micros        `json:"updated_at"`
}

// Task returns t, which is not in the trash, in JSON.
func Task(t todo.Task) ([]byte, error) {
	out := task{
		ID: t.ID, Version: t.Version, Title: t.Title, Description: t.Description, Completed: t.Completed,
		Priority: t.Priority, CompletedAt: pointer(t.CompletedAt), CreatedAt: micros(t.CreatedAt.UnixMicro()),
		UpdatedAt: micros(t.UpdatedAt.UnixMicro()),
	}
	if t.Due != nil {
		out.Due, out.AllDay = pointer(&t.Due.At), t.Due.AllDay
	}
	return json.Marshal(out)
}

// ParseTask reads what Task has written, as a task of owner.
func ParseTask(data []byte, owner todo.UserID) (todo.Task, error) {
	var in task
	if err := json.Unmarshal(data, &in); err != nil {
		return todo.Task{}, fmt.Errorf("task of an answer: %w", err)
	}
	t := todo.Task{
		ID: in.ID, Owner: owner, Version: in.Version, Title: in.Title, Description: in.Description,
		Completed: in.Completed, Priority: in.Priority, CompletedAt: in.CompletedAt.time(),
		CreatedAt: *(&in.CreatedAt).time(), UpdatedAt: *(&in.UpdatedAt).time(),
	}
	if at := in.Due.time(); at != nil {
		t.Due = &todo.Due{At: *at, AllDay: in.AllDay}
	}
	return t, nil
}

// pointer returns t as JSON has it, nil for nil.
func pointer(t *time.Time) *micros {
	if t == nil {
		return nil
	}
	m := micros(t.UnixMicro())
	return &m
}

// time is the inverse of pointer, in UTC.
func (m *micros) time() *time.Time {
	if m == nil {
		return nil
	}
	t := time.UnixMicro(int64(*m)).UTC()
	return &t
}
