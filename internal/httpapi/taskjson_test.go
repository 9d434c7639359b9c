package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
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
	for _, id := range []**int64{&task.ListID, &task.ParentID} {
		if rapid.Bool().Draw(t, "has a place") {
			*id = new(rapid.Int64().Draw(t, "where"))
		}
	}
	task.LabelIDs = rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "labels")
	if rapid.Bool().Draw(t, "moved") {
		task.Position = new(rapid.StringMatching(`[0-9A-Za-z]{1,20}`).Draw(t, "position"))
	}
	if at := maybe("due"); at != nil {
		task.Due = &todo.Date{At: *at, AllDay: rapid.Bool().Draw(t, "all day")}
	}
	if rapid.Bool().Draw(t, "zoned") {
		task.DueZone = new(rapid.String().Draw(t, "zone"))
	}
	if rapid.Bool().Draw(t, "recurs") {
		task.Recurrence = &todo.Recurrence{
			Rule: rapid.String().Draw(t, "rule"), From: todo.From(rapid.String().Draw(t, "from")), Late: todo.Late(rapid.String().Draw(t, "late")),
			MonthEnd: todo.MonthEnd(rapid.String().Draw(t, "month end")), AllDay: rapid.Bool().Draw(t, "of days"),
			Anchor: todo.Slot{At: when("anchor"), Local: when("local")}, Slot: todo.Slot{At: when("slot")},
			Done: rapid.Int().Draw(t, "done"), Passed: rapid.Int().Draw(t, "passed"),
		}
		if at := maybe("last"); at != nil {
			task.Recurrence.LastCompletedAt = *at
		}
	}
	if at := maybe("start"); at != nil {
		task.Start = &todo.Date{At: *at, AllDay: rapid.Bool().Draw(t, "starts on a day")}
	}
	return task
}

// plainTask is a task as reflection writes it.
type plainTask struct {
	ID          int64      `json:"id"`
	UserID      string     `json:"user_id"`
	Title       string     `json:"title"`
	Description *string    `json:"description"`
	Completed   bool       `json:"completed"`
	Priority    string     `json:"priority"`
	DueDate     *timestamp `json:"due_date"`
	DueAllDay   bool       `json:"due_all_day"`
	DueZone     *string    `json:"due_zone"`

	Recurrence *plainRecurrence `json:"recurrence"`

	StartDate   *timestamp `json:"start_date"`
	StartAllDay bool       `json:"start_all_day"`
	CompletedAt *timestamp `json:"completed_at"`
	ListID      *int64     `json:"list_id"`
	ParentID    *int64     `json:"parent_id"`
	LabelIDs    []int64    `json:"label_ids"`
	Position    string     `json:"position"`
	CreatedAt   timestamp  `json:"created_at"`
	UpdatedAt   timestamp  `json:"updated_at"`
	Version     int64      `json:"version"`
	DeletedAt   *timestamp `json:"deleted_at,omitempty"`
}

// plainRecurrence is how a task recurs as reflection writes it.
type plainRecurrence struct {
	Rule            string     `json:"rule"`
	From            string     `json:"from"`
	Late            string     `json:"late"`
	MonthEnd        string     `json:"month_end"`
	Anchor          timestamp  `json:"anchor"`
	Slot            timestamp  `json:"slot"`
	Done            int        `json:"done"`
	LastCompletedAt *timestamp `json:"last_completed_at"`
}

// plainOf returns t as reflection writes it.
func plainOf(t todo.Task) plainTask {
	p := plainTask{
		ID: t.ID, UserID: string(t.Owner), Title: t.Title, Description: t.Description, Completed: t.Completed,
		Priority: t.Priority.String(), CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt), Version: int64(t.Version),
		CompletedAt: (*timestamp)(t.CompletedAt), DeletedAt: (*timestamp)(t.DeletedAt),
		ListID: t.ListID, ParentID: t.ParentID, LabelIDs: append([]int64{}, t.LabelIDs...), Position: t.Place(), DueZone: t.DueZone,
	}
	if t.Due != nil {
		p.DueDate, p.DueAllDay = (*timestamp)(&t.Due.At), t.Due.AllDay
	}
	if r := t.Recurrence; r != nil {
		p.Recurrence = &plainRecurrence{
			r.Rule, string(r.From), string(r.Late), string(r.MonthEnd), timestamp(r.Anchor.At), timestamp(r.Slot.At), r.Done, unlessZero(r.LastCompletedAt),
		}
	}
	if t.Start != nil {
		p.StartDate, p.StartAllDay = (*timestamp)(&t.Start.At), t.Start.AllDay
	}
	return p
}

// TestTasksAreWrittenAsReflectionWouldWriteThem: any task, alone and in a list, byte for byte; and for encoding/json, which
// escapes more, the same value.
func TestTasksAreWrittenAsReflectionWouldWriteThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []task
		plain := []plainTask{}
		for range rapid.IntRange(0, 3).Draw(t, "tasks") {
			one := anyTask(t)
			list, plain = append(list, wire(one)), append(plain, plainOf(one))
		}
		wantJSON(t, list, plain)
		if len(list) > 0 {
			wantJSON(t, list[0], plain[0])
		}
	})
}

// wantJSON fails the test unless marshal writes got as reflection writes want.
func wantJSON(t *rapid.T, got, want any) {
	t.Helper()
	var written bytes.Buffer
	if err := marshal(&written, got); err != nil {
		t.Fatal(err)
	}
	reflected, err := experimental.Marshal(want, experimental.Deterministic(true))
	if err != nil || written.String() != string(reflected) {
		t.Fatalf("%v\n got %s\nwant %s", err, written.String(), reflected)
	}
	standard, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := errors.Join(json.Unmarshal(written.Bytes(), &a), json.Unmarshal(standard, &b)); err != nil || !reflect.DeepEqual(a, b) {
		t.Fatalf("%v: encoding/json writes %s, we write %s", err, standard, written.String())
	}
}
