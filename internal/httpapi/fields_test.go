package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"testing"
	"time"

	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// onWire returns the value of a field as it goes out and, but for days, comes in.
func onWire(v any) any {
	switch v := v.(type) {
	case todo.Priority:
		return v.String()
	case todo.Date:
		return v.At.Format(time.DateOnly)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return v
}

// encode returns v in JSON.
func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEveryFieldGoesInAndOut: whatever the domain lets people write of a task may be written under the field's name, is
// in the task, and in what the history says of it.
func TestEveryFieldGoesInAndOut(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		fields, full := storetest.FieldPatches(t), object{}
		for _, f := range fields {
			full[f.Field.Name] = onWire(f.First)
		}
		for _, f := range fields {
			for _, method := range []string{http.MethodPatch, http.MethodPut} {
				before := s.create(t, "ada", encode(t, full))
				wantFields(t, "POST", before, storetest.FullPatch(t, false))
				body := encode(t, object{f.Field.Name: onWire(f.Value)})
				after := decode[object](t, s.as(t, "ada", method, path(before), body).want(t, http.StatusOK))
				wantFields(t, method+" "+body, after, storetest.FullPatch(t, false), f.Patch)
				past := decode[[]struct{ Changes map[string][2]any }](t,
					s.as(t, "ada", http.MethodGet, path(before)+"/history?limit=1", "").want(t, http.StatusOK))
				want := differing(before, after)
				if _, there := want[f.Field.Name]; !there || !reflect.DeepEqual(past[0].Changes, want) {
					t.Errorf("%s %s: the history has %v, want %v", method, body, past[0].Changes, want)
				}
			}
		}
	})
}

// differing returns the fields of a task that have become something else, as they were and are.
func differing(before, after object) map[string][2]any {
	fields := map[string][2]any{}
	for name, was := range before {
		if is := after[name]; !reflect.DeepEqual(is, was) && name != "version" && name != "updated_at" {
			fields[name] = [2]any{was, is}
		}
	}
	return fields
}

// wantFields fails the test unless a task on the wire is what patches make of nothing.
func wantFields(t *testing.T, what string, got object, patches ...todo.Patch) {
	t.Helper()
	var task todo.Task
	for _, p := range patches {
		task = p.Apply(task, time.Time{})
	}
	want := maps.Clone(got)
	for _, f := range todo.TaskFields() {
		if f.Writable() {
			want[f.Name] = onWire(f.Value(&task))
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
