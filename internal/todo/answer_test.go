package todo

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

// answers are texts as they are kept with keys, and some that are not.
var answers = []string{
	`{"results":[{"op":2,"id":1,"version":2}]}`,
	`{"results":[{"ref":"a","op":1,"id":1,"version":1},{"op":2,"id":2,"version":9,` +
		`"error":{"Code":6,"Message":"m","Fields":[{"Field":"f","Message":"m"}],"RetryAfter":0,"Current":null,"Cause":null}}]}`,
	`{"results":[{"ref":null,"op":2,"id":null,"version":null,"error":null}]}`,
	`{"results":[{"op":1,"version":3},{"op":1,"id":-1}]}`, `{"results":[{"op":2,"error":{"Current":{"ID":4}}}]}`,
	`{"results":[]}`, `{"results":[null]}`, `null`, `{}`, `[]`, `{"results":[{"error":{"Cause":1}}]}`,
	`{"title":null,"priority":40000}`, "{\"title\":\"\xff\"}",
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
			m, o := r.mentioned()
			if m != nil && (m.Owner != "ada" || m.ID == 0 || m.Title != "") || o != nil && (o.Owner != "ada" || o.ID == 0 || o.Name != "") {
				t.Fatalf("%+v, %+v", m, o)
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

// TestAnswersAreKept: of results it is kept which tasks they told of, and none of their texts.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	text := "text"
	task := Task{ID: 1, Owner: "ada", Version: 4, Title: text, Description: &text}
	failed := PreconditionFailed(Task{ID: 3, Owner: "ada", Version: 5, Title: text})
	results := []Result{
		{Ref: "a", Op: Created, Task: &task}, {Op: Updated, Err: failed}, {Op: Deleted, Err: NoTask()},
	}
	data, err := encodeAnswer(results)
	if err != nil || bytes.Contains(data, []byte(text)) {
		t.Fatalf("%s, %v", data, err)
	}
	read, err := decodeAnswer("ada", data)
	want := []Result{
		{Ref: "a", Op: Created, Task: &Task{ID: 1, Owner: "ada", Version: 4}},
		{Op: Updated, Err: PreconditionFailed(Task{ID: 3, Owner: "ada", Version: 5})}, {Op: Deleted, Err: NoTask()},
	}
	same := reflect.DeepEqual(read, want) //nolint:govet // errors of ours, compared in all they say
	if err != nil || !same {
		t.Errorf("%s:\n got %+v, %v\nwant %+v", data, read, err, want)
	}
	if current, _ := results[1].mentioned(); current.Title != text {
		t.Error("what was kept has been changed")
	}
}

// TestAnswersThatAreGone: what is not kept any more is NotFound, and what is no answer is a fault of the program.
func TestAnswersThatAreGone(t *testing.T) {
	t.Parallel()
	s, ada := NewService(nil, time.Now, Rules{}), User{ID: "ada"}
	for text, want := range map[string]Code{
		"": NotFound, `{"results":[]}`: NotFound, `{"results":[{"op":2}]}`: NotFound, `{`: 0, `[]`: 0, `{"results":1}`: 0,
	} {
		stored := &StoredAnswer{}
		if text != "" {
			stored.Answer = []byte(text)
		}
		if got, err := s.thingOf(t.Context(), ada, stored); err == nil || CodeOf(err) != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	gone := Task{ID: 1, Owner: "ada", Version: 2, Priority: Medium, CreatedAt: eight}
	blank := &StoredAnswer{Changes: []Change{{Task: gone}}}
	if got, err := s.thingOf(t.Context(), ada, blank); err != nil || !reflect.DeepEqual(got, WriteResult{Task: Task{ID: 1, Owner: "ada", Version: 2}}) {
		t.Errorf("%+v, %v", got, err)
	}
	op := &Operation{StoredAnswer: StoredAnswer{Answer: []byte("{")}}
	if err := s.showTask(t.Context(), ada, op); err == nil || CodeOf(err) != 0 {
		t.Errorf("%+v, %v", op, err)
	}
}
