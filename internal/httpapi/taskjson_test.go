package httpapi

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	experimental "github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"todod/internal/todo"
)

// anyTask draws a task of any texts and times that one can have.
func anyTask(t *rapid.T) todo.Task {
	when := func(name string) time.Time {
		first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
		at := time.UnixMicro(rapid.Int64Range(first.UnixMicro(), last.UnixMicro()).Draw(t, name))
		return at.In(time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "offset")*3600))
	}
	maybe := func(name string) *time.Time {
		if rapid.Bool().Draw(t, "has "+name) {
			at := when(name)
			return &at
		}
		return nil
	}
	task := todo.Task{
		ID: rapid.Int64().Draw(t, "id"), Owner: todo.UserID(rapid.String().Draw(t, "owner")), Version: todo.Rev(rapid.Int64().Draw(t, "version")),
		Title: rapid.String().Draw(t, "title"), Completed: rapid.Bool().Draw(t, "completed"),
		Priority: todo.Priority(rapid.IntRange(0, 4).Draw(t, "priority")), CompletedAt: maybe("completed"), CreatedAt: when("created"),
		UpdatedAt: when("updated"), DeletedAt: maybe("deleted"),
	}
	if rapid.Bool().Draw(t, "described") {
		text := rapid.String().Draw(t, "description")
		task.Description = &text
	}
	if at := maybe("due"); at != nil {
		task.Due = &todo.Due{At: *at, AllDay: rapid.Bool().Draw(t, "all day")}
	}
	return task
}

// TestTasksAreWrittenAsReflectionWouldWriteThem: any task alone and in a list, by the package that writes everything else, and
// for encoding/json the same value.
func TestTasksAreWrittenAsReflectionWouldWriteThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := make([]task, rapid.IntRange(0, 3).Draw(t, "tasks"))
		for i := range list {
			list[i] = wire(anyTask(t))
		}
		for _, v := range []any{list, append(list, wire(anyTask(t)))[0]} {
			var got bytes.Buffer
			if err := marshal(&got, v); err != nil {
				t.Fatal(err)
			}
			want, err := experimental.Marshal(v, experimental.Deterministic(true))
			if err != nil || got.String() != string(want) {
				t.Fatalf("%v\n got %s\nwant %s", err, got.String(), want)
			}
			standard, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var a, b any
			if json.Unmarshal(got.Bytes(), &a) != nil || json.Unmarshal(standard, &b) != nil {
				t.Fatalf("%s is no JSON", got.String())
			}
			if again, _ := json.Marshal(a); !bytes.Equal(again, mustMarshal(b)) {
				t.Fatalf("encoding/json writes %s, we write %s", standard, got.String())
			}
		}
	})
}

// mustMarshal returns v in JSON.
func mustMarshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
