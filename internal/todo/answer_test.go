package todo

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

// answers are texts as they are kept with keys, and some that are not.
var answers = []string{
	`{"tasks":[1],"results":[{"op":2,"task":{"id":1,"version":2,"created_at":0,"updated_at":1,"title":"x",` +
		`"description":null,"completed":true,"priority":3,"due_date":1767225600000000,"due_all_day":true,"completed_at":5,` +
		`"deleted_at":null}}]}`,
	`{"id":1,"version":2,"title":"x","description":"d","completed":false,"priority":2,"due_date":null,` +
		`"due_all_day":false,"completed_at":null,"created_at":-1,"updated_at":9223372036854775807}`,
	`{"tasks":null,"results":[{"ref":"a","op":1,"task":{"ID":1,"Owner":"ada","Version":1,"Title":"x","Description":null,` +
		`"Completed":false,"Priority":2,"Due":{"At":"2026-01-15T00:00:00.0000001+01:00","AllDay":true},"CompletedAt":null,` +
		`"CreatedAt":"2026-01-15T00:00:00Z","UpdatedAt":"2026-01-15T00:00:00Z","DeletedAt":null}},` +
		`{"op":2,"error":{"Code":6,"Message":"m","Fields":[{"Field":"f","Message":"m"}],"RetryAfter":0,"Current":{"ID":2},"Cause":null}}]}`,
	`{"results":[]}`, `{"results":[null]}`, `null`, `{}`, `[]`, `{"id":"1"}`, `{"ID":1}`,
	`{"results":[{"task":{"due_all_day":true}}]}`,
	`{"results":[{"task":null,"error":{"Cause":1}}]}`, `{"title":null,"priority":40000}`, "{\"title\":\"\xff\"}",
}

// FuzzDecodeAnswer: whatever a database holds is read or refused, and what was read once is kept and read the same.
func FuzzDecodeAnswer(f *testing.F) {
	for _, text := range answers {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		results, err := decodeAnswer("ada", data)
		if err != nil {
			return
		}
		for _, r := range results {
			if r.Task != nil && r.Task.Owner != "ada" {
				t.Fatalf("a task of %q", r.Task.Owner)
			}
		}
		kept, err := encodeAnswer(results)
		if err != nil {
			t.Fatalf("%+v: %v", results, err)
		}
		read, err := decodeAnswer("ada", kept)
		if err != nil || len(read) != len(results) {
			t.Fatalf("%s: %+v, %v", kept, read, err)
		}
		if again, err := encodeAnswer(read); err != nil || !bytes.Equal(again, kept) {
			t.Fatalf("%q is kept as\n%s and then as\n%s, %v", data, kept, again, err)
		}
	})
}

// FuzzDecodeFields: the same of what the log holds.
func FuzzDecodeFields(f *testing.F) {
	for _, text := range append([]string{
		`{"title":"a","due_date":1767225600000000,"due_all_day":true,"priority":2}`, `{"description":null}`, `{"title":null}`,
		`{"deleted_at":-9223372036854775808,"completed":false,"another":1}`, `{"priority":"high"}`, `{"due_date":1.5}`,
	}, answers...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := DecodeFields(data)
		if err != nil {
			return
		}
		task := Task{Title: "x"}
		fields.PutInto(&task)
		kept, err := fields.Encode()
		if err != nil {
			t.Fatalf("%v: %v", fields, err)
		}
		read, err := DecodeFields(kept)
		if err != nil || len(fields)+len(read) > 0 && !reflect.DeepEqual(read, fields) {
			t.Fatalf("%s: %v, want %v, %v", kept, read, fields, err)
		}
		if again, err := read.Encode(); err != nil || !bytes.Equal(again, kept) {
			t.Fatalf("%q is kept as\n%s and then as\n%s, %v", data, kept, again, err)
		}
	})
}

// TestAnswersAreKept: results that are encoded come back as they were, as tasks of whoever asks.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	text, at := "text", time.Date(2026, 1, 15, 8, 0, 0, 123456000, time.UTC)
	task := Task{
		ID: 1, Owner: "ada", Version: 4, Title: "x", Description: &text, Completed: true, Priority: High,
		Due: &Due{At: at, AllDay: true}, CompletedAt: &at, CreatedAt: at, UpdatedAt: at, DeletedAt: &at,
	}
	results := []Result{
		{Ref: "a", Op: Created, Task: &task}, {Op: Updated, Task: &Task{ID: 2, Owner: "ada", CreatedAt: at, UpdatedAt: at}},
		{Op: Updated, Err: PreconditionFailed(Task{ID: 3})}, {Op: Deleted, Err: NoTask()},
	}
	data, err := encodeAnswer(results)
	if err != nil {
		t.Fatal(err)
	}
	read, err := decodeAnswer("ada", data)
	same := reflect.DeepEqual(read, results) //nolint:govet // errors of ours, compared in all they say
	if err != nil || !same {
		t.Errorf("%s:\n got %+v, %v\nwant %+v", data, read, err, results)
	}
	if !bytes.HasPrefix(data, []byte(`{"tasks":[1,2,3],`)) {
		t.Errorf("whose texts are in it is not said: %s", data)
	}
}

// TestAnswersThatAreGone: what is not kept any more is NotFound, and what is no answer is a fault of the program.
func TestAnswersThatAreGone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Code{
		"": NotFound, `{"results":[]}`: NotFound, `{"results":[{"op":2}]}`: NotFound,
		`{"results":[{"task":{}},{"task":{}}]}`: NotFound, `{`: 0, `[]`: 0, `{"results":1}`: 0, `{"title":1}`: 0,
	} {
		stored := &StoredAnswer{}
		if text != "" {
			stored.Answer = []byte(text)
		}
		if got, err := stored.task("ada"); err == nil || CodeOf(err) != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	gone := Task{ID: 1, Owner: "ada", Version: 2, Priority: Medium, CreatedAt: eight}
	blank := &StoredAnswer{Changes: []Change{{Task: gone}}}
	if got, err := blank.task("ada"); err != nil || got != (Task{ID: 1, Owner: "ada", Version: 2}) {
		t.Errorf("%+v, %v", got, err)
	}
	op := &Operation{StoredAnswer: StoredAnswer{Answer: []byte("{")}}
	if err := op.ShowTask("ada"); err == nil || CodeOf(err) != 0 {
		t.Errorf("%+v, %v", op, err)
	}
}
