package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"todod/internal/todo"
)

// RunStoredJSON fails the test unless s keeps what has no columns in the JSON that every store keeps it in. stored returns
// owner's log entries' fields in the order of their revisions, "" for none, and then the tasks beside keys in the order
// of these.
func RunStoredJSON(t *testing.T, s Store, stored func(owner todo.UserID) (before, results []string)) {
	ctx, ada := t.Context(), newUser()
	text := "a \"b\" \\ \n <é> \u2028 😀"
	task, err := create(t, s, ada, todo.Patch{Title: todo.Some(text), Description: todo.Some(text)})
	if err != nil {
		t.Fatal(err)
	}
	late := at(ada, noon.Add(time.Microsecond))
	day := mustNormalise(t, todo.Patch{
		Title: todo.Some("b"), Description: todo.Null[string](), Priority: todo.Some(todo.High), Due: todo.Some(due("0001-01-01")),
	})
	instant := mustNormalise(t, todo.Patch{Description: todo.Some(""), Due: todo.Some(due("9999-12-31T23:59:59.999999Z"))})
	for i, err := range []error{
		errOf(s.Update(ctx, ada, task.ID, todo.Patch{}, once(ada, "1", "same"))),
		errOf(s.Update(ctx, ada, task.ID, day, late)),
		errOf(s.Update(ctx, ada, task.ID, todo.Patch{}, once(ada, "2", "same"))),
		errOf(s.Update(ctx, ada, task.ID, instant, late)),
		errOf(s.Toggle(ctx, ada, task.ID, late)),
		errOf(s.Update(ctx, ada, task.ID, todo.Patch{}, once(ada, "3", "same"))),
		errOf(s.Toggle(ctx, ada, task.ID, late)),
		errOf(s.Delete(ctx, ada, task.ID, late)),
		errOf(s.Restore(ctx, ada, task.ID, plenty, late)),
	} {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	us := fmt.Sprint(noon.UnixMicro() + 1)
	before, results := stored(ada)
	wantJSON(t, before, []string{
		"", `{"title":` + string(quoted) + `,"description":` + string(quoted) + `,"priority":2,"due_date":null,"due_all_day":false}`,
		`{"description":null,"due_date":-62135596800000000,"due_all_day":true}`, `{"completed":false,"completed_at":null}`,
		`{"completed":true,"completed_at":` + us + `}`, `{"deleted_at":null}`, `{"deleted_at":` + us + `}`,
	})
	row := func(version int) string {
		return fmt.Sprintf(`{"results":[{"op":2,"id":%d,"version":%d}]}`, task.ID, version)
	}
	wantJSON(t, results, []string{row(1), row(2), row(4)})
}

// wantJSON fails the test unless got says what want says. Numbers are compared as they are written.
func wantJSON(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d texts, want %d: %q", len(got), len(want), got)
	}
	read := func(text string) (v any) {
		if text == "" {
			return nil
		}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return v
	}
	for i := range want {
		if !reflect.DeepEqual(read(got[i]), read(want[i])) {
			t.Errorf("text %d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}
