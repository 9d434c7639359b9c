package todo

import (
	"reflect"
	"testing"
	"time"
)

func TestTouchedFieldsAreThoseThatDiffer(t *testing.T) {
	t.Parallel()
	text, same, other := "a", "a", "b"
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	elsewhere := at.In(time.FixedZone("", 3600))
	task := Task{Title: "x", Description: &text, Priority: Low, Due: &Date{At: at}, CompletedAt: &at, Completed: true, DeletedAt: &at}
	alike := task
	alike.Description, alike.Due, alike.CompletedAt, alike.DeletedAt = &same, &Date{At: elsewhere}, &elsewhere, &elsewhere
	alike.Version, alike.UpdatedAt = 9, at // say nothing of what was written
	if got := Touched(&task, &alike); len(got) != 0 {
		t.Errorf("the same, written differently: %+v", got)
	}
	if got, want := Touched(&task, &Task{}), (Fields{
		"title": "x", "description": "a", "completed": true, "priority": Low, "due_date": at, "completed_at": at, "deleted_at": at,
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("all is cleared: %+v", got)
	}
	if got, want := Touched(&Task{}, &task), (Fields{
		"title": "", "description": nil, "completed": false, "priority": Priority(0), "due_date": nil, "completed_at": nil,
		"deleted_at": nil,
	}); !reflect.DeepEqual(got, want) {
		t.Errorf("all is set: %+v", got)
	}
	alike.Description, alike.Due = &other, &Date{At: at, AllDay: true}
	if got, want := Touched(&task, &alike), (Fields{"description": "a", "due_all_day": false}); !reflect.DeepEqual(got, want) {
		t.Errorf("two fields: %+v", got)
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for o := Created; o <= Purged; o++ {
		names[o.String()] = true
	}
	if len(names) != 7 || names[""] || Op(0).String()+Op(-1).String()+Op(8).String() != "" {
		t.Errorf("%v", names)
	}
	open, done := Task{Title: "x"}, Task{Title: "x", Completed: true}
	for _, c := range []struct {
		before, after Task
		want          Op
	}{{open, open, Updated}, {done, done, Updated}, {open, done, Completed}, {done, open, Reopened}} {
		if got := OpOf(c.before, c.after); got != c.want {
			t.Errorf("%+v became %+v: %s", c.before, c.after, got)
		}
	}
}

func TestTasksThatCannotBeFound(t *testing.T) {
	t.Parallel()
	for o := Created; o <= Purged; o++ {
		there := Change{Op: o, Task: Task{ID: 1, Title: "x"}}
		if want := o == Deleted || o == Purged; there.Gone() != want || there.Blank() {
			t.Errorf("%s: gone %v, blank %v", o, there.Gone(), there.Blank())
		}
		if blank := (Change{Op: o, Task: Task{ID: 1}}); !blank.Gone() || !blank.Blank() {
			t.Errorf("%s of a task that is gone for good", o)
		}
	}
}
