package fieldjson

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// instants draws times of the years 1 to 9999 in whole microseconds.
var instants = rapid.Custom(func(t *rapid.T) time.Time {
	return time.UnixMicro(rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999).Draw(t, "us")).UTC()
})

// opt draws a field that is absent, null or a value.
func opt[T any](t *rapid.T, name string, value *rapid.Generator[T]) todo.Opt[T] {
	switch rapid.IntRange(0, 2).Draw(t, name+" is there") {
	case 0:
		return todo.Opt[T]{}
	case 1:
		return todo.Null[T]()
	}
	return todo.Some(value.Draw(t, name))
}

// orNil draws nothing or a value.
func orNil[T any](t *rapid.T, name string, value *rapid.Generator[T]) *T {
	if rapid.Bool().Draw(t, name+" is there") {
		v := value.Draw(t, name)
		return &v
	}
	return nil
}

func TestFieldsComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := todo.Fields{
			Title: opt(t, "title", rapid.String()), Description: opt(t, "description", rapid.String()),
			Completed: opt(t, "completed", rapid.Bool()), Priority: opt(t, "priority", rapid.Custom(priority)),
			Due: opt(t, "due", instants), AllDay: opt(t, "all day", rapid.Bool()), CompletedAt: opt(t, "completed at", instants),
			DeletedAt: opt(t, "deleted at", instants),
		}
		data, err := Fields(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseFields(data); err != nil || got != want {
			t.Fatalf("%+v became %+v by way of %s, %v", want, got, data, err)
		}
		if got, err := ParseFields(stirred(t, data)); err != nil || got != want {
			t.Fatalf("stirred, %+v became %+v, %v", want, got, err)
		}
	})
	if got, err := ParseFields(nil); err != nil || got != (todo.Fields{}) {
		t.Errorf("nothing is %+v, %v", got, err)
	}
}

// priority draws a priority.
func priority(t *rapid.T) todo.Priority {
	return todo.Priority(rapid.Int16Range(1, 3).Draw(t, "priority"))
}

// stirred returns the JSON object data with its members in another order and other white space, as jsonb may give it back.
func stirred(t *rapid.T, data []byte) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 1 {
		names = rapid.Permutation(names).Draw(t, "order")
	}
	out := []byte("{")
	for i, name := range names {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(append(out, `"`+name+`": `...), members[name]...)
	}
	return append(out, '}')
}

func TestTasksComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := todo.Task{
			ID: rapid.Int64Min(1).Draw(t, "id"), Owner: "ada", Version: todo.Rev(rapid.Int64Min(1).Draw(t, "version")),
			Title: rapid.String().Draw(t, "title"), Description: orNil(t, "description", rapid.String()),
			Completed: rapid.Bool().Draw(t, "completed"), Priority: priority(t), CompletedAt: orNil(t, "completed at", instants),
			CreatedAt: instants.Draw(t, "created at"), UpdatedAt: instants.Draw(t, "updated at"),
		}
		if at := orNil(t, "due", instants); at != nil {
			want.Due = &todo.Due{At: *at, AllDay: rapid.Bool().Draw(t, "all day")}
		}
		data, err := Task(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseTask(data, "ada"); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v by way of %s, %v", want, got, data, err)
		}
		if got, err := ParseTask(stirred(t, data), "ada"); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("stirred, %+v became %+v, %v", want, got, err)
		}
	})
}

func TestWhatIsNoJSONIsSaidSo(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "{", "[]", `{"title":5}`, `{"due_date":"2026"}`, `{"priority":70000}`} {
		if got, err := ParseFields([]byte(data)); err == nil {
			t.Errorf("fields of %q: %+v", data, got)
		}
		if got, err := ParseTask([]byte(data), "ada"); err == nil {
			t.Errorf("a task of %q: %+v", data, got)
		}
	}
}
