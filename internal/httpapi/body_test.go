package httpapi

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"todod/internal/todo"
)

// FuzzTaskBody: whatever comes, the answer is a patch or an Invalid error that names a field, and what is taken is JSON
// that everyone else reads in the same way.
func FuzzTaskBody(f *testing.F) {
	for _, s := range []string{
		`{"title":"x","due_date":"2026-01-15","completed":true}`, `{"title":"a","title":"b"}`, `{"a":{"b":[1,2,{}]}}`, `{}x`, "\xff", `{"title":"\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var body taskBody
		body.read(data)
		if body.fault != nil {
			if todo.CodeOf(body.fault) != todo.Invalid || body.fault.Error() == "" {
				t.Errorf("%q: %v", data, body.fault)
			}
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(data, &plain); err != nil || !utf8.Valid(data) {
			t.Fatalf("%q was taken: %v", data, err)
		}
		title, given := plain["title"].(string)
		if given != (body.patch.Title.Set && !body.patch.Title.Null) || title != body.patch.Title.V {
			t.Errorf("%q: title %q, read as %+v", data, title, body.patch.Title)
		}
	})
}

// FuzzTodoBody: the same for the body that ignores what it does not know.
func FuzzTodoBody(f *testing.F) {
	for _, s := range []string{
		`{"title":"x","dueDate":"2026-12-25T00:00:00","due_date":""}`, `{"dueAllDay":true,"due_all_day":false,"dueDate":"2026-12-25T10:30"}`, `{"x":[[[]]]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var body todoBody
		body.read(data)
		if body.fault != nil {
			if todo.CodeOf(body.fault) != todo.Invalid || body.fault.Error() == "" {
				t.Errorf("%q: %v", data, body.fault)
			}
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(data, &plain); err != nil || !utf8.Valid(data) {
			t.Fatalf("%q was taken: %v", data, err)
		}
		if patch, err := body.over(todo.Task{}); err != nil && (!body.ambiguous() || todo.CodeOf(err) != todo.Invalid) {
			t.Errorf("%q: %+v, %v", data, patch, err)
		}
	})
}
