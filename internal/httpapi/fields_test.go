package httpapi_test

import (
	"encoding/json"
	"fmt"
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
	case todo.IDs:
		all := []any{}
		for _, id := range v {
			all = append(all, json.Number(fmt.Sprint(id)))
		}
		return all
	case todo.RecurrencePatch:
		written := map[string]any{}
		for name, o := range map[string]todo.Opt[string]{
			"rule": v.Rule, "from": asText(v.From), "late": asText(v.Late), "month_end": asText(v.MonthEnd),
		} {
			if o.Set {
				written[name] = o.V
			}
		}
		return written
	case todo.Recurrence:
		all := map[string]any{
			"rule": v.Rule, "from": string(v.From), "late": string(v.Late), "month_end": string(v.MonthEnd), "anchor": onWire(v.Anchor.At),
			"slot": onWire(v.Slot.At), "done": json.Number(fmt.Sprint(v.Done)), "last_completed_at": nil,
		}
		if !v.LastCompletedAt.IsZero() {
			all["last_completed_at"] = onWire(v.LastCompletedAt)
		}
		return all
	case int64:
		return json.Number(fmt.Sprint(v))
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return v
}

// asText returns a field as one that is a text.
func asText[T ~string](o todo.Opt[T]) todo.Opt[string] {
	return todo.Opt[string]{Set: o.Set, Null: o.Null, V: string(o.V)}
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
		refs := s.refs(t, "ada")
		fields := storetest.FieldPatches(t, refs)
		for _, f := range fields {
			for _, method := range []string{http.MethodPatch, http.MethodPut} {
				start, made := f.Full, madeBy(t, f, fields)
				if f.Field.Name == "list_id" { // which that of the parent would be
					start.ParentID = todo.Opt[int64]{}
					delete(made, "parent_id")
				}
				before := s.create(t, "ada", encode(t, made))
				wantFields(t, "POST", before, start)
				body := encode(t, object{f.Field.Name: onWire(f.Value)})
				after := decode[object](t, s.as(t, "ada", method, path(before), body).want(t, http.StatusOK))
				wantFields(t, method+" "+body, after, start, f.Patch)
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

// madeBy returns the body of a task that the patch of a field is made for: as Full of that says, which has what is written of the
// others first.
func madeBy(t *testing.T, f storetest.FieldPatch, fields []storetest.FieldPatch) object {
	t.Helper()
	body, task := object{}, f.Full.NewTask("ada", time.Time{})
	for _, other := range fields {
		value := other.Field.Value(&task)
		switch first := other.First.(type) {
		case todo.Date, todo.RecurrencePatch:
			if value != nil {
				body[other.Field.Name] = onWire(first)
			}
		default:
			body[other.Field.Name] = onWire(value)
		}
	}
	return body
}

// refs makes two lists and two labels for somebody.
func (s *server) refs(t *testing.T, user string) (refs storetest.Refs) {
	t.Helper()
	for i := range 2 {
		for kind, ids := range map[string]*[2]int64{"list": &refs.Lists, "label": &refs.Labels} {
			ids[i] = s.createObject(t, user, kind, fmt.Sprintf(`{"name":"%s %d"}`, kind, i))
		}
	}
	for i := range refs.Parents {
		refs.Parents[i] = s.createObject(t, user, "task", fmt.Sprintf(`{"title":"parent","list_id":%d}`, refs.Lists[0]))
	}
	return refs
}

// createObject makes a task, list or label for somebody and returns its id.
func (s *server) createObject(t *testing.T, user, kind, body string) int64 {
	t.Helper()
	made := decode[struct{ ID int64 }](t, s.as(t, user, http.MethodPost, "/api/v1/"+kind+"s", body).want(t, http.StatusCreated))
	return made.ID
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
