package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// wantChange fails the test unless got is want. Of a task that is gone for good only the fact of the change counts.
func wantChange(t rapid.TB, got, want todo.Change) {
	t.Helper()
	if got.Rev != want.Rev || got.PrevRev != want.PrevRev || got.SetRev != want.SetRev || got.Op != want.Op ||
		!got.At.Equal(want.At) || got.RequestID != want.RequestID || got.Blank() != want.Blank() ||
		fmt.Sprintf("%+v", got.Before) != fmt.Sprintf("%+v", want.Before) {
		t.Fatalf("change:\n got %+v\nwant %+v", got, want)
	}
	if !want.Blank() {
		wantTask(t, got.Task, want.Task)
		return
	}
	left := todo.Task{
		ID: want.Task.ID, Owner: want.Task.Owner, Version: want.Rev, Priority: todo.Medium, CreatedAt: got.Task.CreatedAt,
		UpdatedAt: got.Task.UpdatedAt, DeletedAt: got.Task.DeletedAt,
	}
	wantTask(t, got.Task, left)
}

// wantCurrent fails the test unless err is that of a change that wants another version, and has the task as it is.
func wantCurrent(t rapid.TB, err error, current todo.Task) {
	t.Helper()
	wantCode(t, err, todo.Changed)
	var e *todo.Error
	if !errors.As(err, &e) || e.Current == nil {
		t.Fatalf("it doesn't say how the task is: %v", err)
	}
	wantTask(t, *e.Current, current)
}

// mustLog returns the log of an owner.
func mustLog(t rapid.TB, s Store, owner todo.UserID) []todo.Change {
	t.Helper()
	log, _, err := s.Changes(context.Background(), owner, 0, plenty)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// testLog: every change of a task's life, with what it touched as that was.
func testLog(t *testing.T, s Store) {
	ctx, ada := context.Background(), newUser()
	named := func(name string, minutes int) todo.Write {
		w := at(ada, noon.Add(time.Duration(minutes)*time.Minute))
		w.RequestID = name
		return w
	}
	mustCreate(t, s, ada, titled("another"))
	first, err := taskOf(s.Create(ctx, ada, titled("a"), plenty, named("one", 0)))
	if err != nil {
		t.Fatal(err)
	}
	wants := []todo.Change{{Rev: 2, SetRev: 2, Op: todo.Created, At: noon, Task: first, RequestID: "one"}}
	steps := []struct {
		op     todo.Op
		before todo.Fields
		do     func(todo.Write) (todo.WriteResult, error)
	}{
		{todo.Updated, todo.Fields{
			"title": "a", "description": nil, "due_date": nil, "due_all_day": false,
		}, func(w todo.Write) (todo.WriteResult, error) {
			return s.Update(ctx, ada, first.ID, todo.Patch{
				Title: todo.Some("b"), Description: todo.Some(""), Due: todo.Some(due("1815-12-10")), Priority: todo.Some(todo.Medium),
			}, w)
		}},
		{todo.Completed, todo.Fields{
			"title": "b", "completed": false, "completed_at": nil, "priority": todo.Medium,
		}, func(w todo.Write) (todo.WriteResult, error) {
			return s.Update(ctx, ada, first.ID, todo.Patch{
				Title: todo.Some("c"), Completed: todo.Some(true), Priority: todo.Some(todo.High),
			}, w)
		}},
		{todo.Reopened, todo.Fields{"completed": true, "completed_at": noon.Add(2 * time.Minute)},
			func(w todo.Write) (todo.WriteResult, error) { return s.Toggle(ctx, ada, first.ID, w) }},
		{todo.Updated, todo.Fields{
			"description": "", "due_date": due("1815-12-10").At, "due_all_day": true,
		}, func(w todo.Write) (todo.WriteResult, error) {
			return s.Update(ctx, ada, first.ID, todo.Patch{Description: todo.Null[string](), Due: todo.Null[todo.Date]()}, w)
		}},
		{todo.Deleted, todo.Fields{"deleted_at": nil},
			func(w todo.Write) (todo.WriteResult, error) { return s.Delete(ctx, ada, first.ID, w) }},
		{todo.Restored, todo.Fields{"deleted_at": noon.Add(5 * time.Minute)},
			func(w todo.Write) (todo.WriteResult, error) { return s.Restore(ctx, ada, first.ID, plenty, w) }},
	}
	for i, step := range steps {
		w := named(fmt.Sprint("step ", i), i+1)
		after, err := taskOf(step.do(w))
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		rev := todo.Rev(i + 3)
		wants = append(wants, todo.Change{
			Rev: rev, PrevRev: rev - 1, SetRev: rev, Op: step.op, At: w.At, Before: step.before, Task: after, RequestID: w.RequestID,
		})
		if after.Version != rev {
			t.Errorf("step %d: version %d, want %d", i, after.Version, rev)
		}
	}
	log := mustLog(t, s, ada)
	if len(log) != len(wants)+1 {
		t.Fatalf("%d entries, want %d", len(log), len(wants)+1)
	}
	for i, want := range wants {
		wantChange(t, log[i+1], want)
	}
}

// testNothingToLog: what is refused, or leaves everything as it was, neither raises the revision nor is in the log.
func testNothingToLog(t *testing.T, s Store) {
	ctx, ada := context.Background(), newUser()
	task := mustCreate(t, s, ada, todo.Patch{Title: todo.Some("a"), Due: todo.Some(due("2026-01-15"))})
	other := at(ada, noon.Add(time.Hour))
	other.If = []todo.Rev{task.Version + 1}
	refused := map[string]error{
		"update": errOf(s.Update(ctx, ada, task.ID, titled("b"), other)), "toggle": errOf(s.Toggle(ctx, ada, task.ID, other)),
		"delete": errOf(s.Delete(ctx, ada, task.ID, other)),
	}
	for name, err := range refused {
		if todo.CodeOf(err) != todo.Changed {
			t.Errorf("%s of another version: %v", name, err)
		}
	}
	wantCode(t, errOf(s.Restore(ctx, ada, task.ID, plenty, by(ada))), todo.NotFound) // it isn't in the trash
	wantCode(t, errOf(s.Purge(ctx, ada, task.ID, by(ada))), todo.NotFound)
	wantCode(t, errOf(s.Create(ctx, ada, titled("x"), 1, by(ada))), todo.Conflict)
	for _, p := range []todo.Patch{{}, titled("a"), {Due: todo.Some(due("2026-01-15T00:00:00Z"))}, {AllDay: todo.Some(true)}} {
		wantTask(t, mustUpdate(t, s, ada, task.ID, p), task)
	}
	log, state, err := s.Changes(ctx, ada, 0, plenty)
	if err != nil || len(log) != 1 || state.Rev != 1 {
		t.Errorf("%d entries, state %+v, %v", len(log), state, err)
	}
}

// testHistory: what happened to a task, in pages, in the trash too, and nothing of anything else.
func testHistory(t *testing.T, s Store) {
	ctx, ada, bob := context.Background(), newUser(), newUser()
	task, other := mustCreate(t, s, ada, titled("a")), mustCreate(t, s, ada, titled("b"))
	want := []todo.Rev{1}
	for i := range 6 {
		if err := errOf(s.Toggle(ctx, ada, other.ID, by(ada))); err != nil {
			t.Fatal(err)
		}
		want = append(want, mustUpdate(t, s, ada, task.ID, titled(fmt.Sprint(i))).Version)
	}
	deleted, err := taskOf(s.Delete(ctx, ada, task.ID, by(ada)))
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, deleted.Version)
	for limit := 1; limit <= len(want)+1; limit++ {
		var before todo.Rev
		for i := len(want); i > 0; i -= min(i, limit) {
			page, err := s.History(ctx, ada, todo.KindTask, task.ID, before, limit)
			if err != nil || len(page) != min(i, limit) {
				t.Fatalf("before %d: %d entries of %d, %v", before, len(page), limit, err)
			}
			for j, c := range page {
				if c.Rev != want[i-1-j] || c.Task.ID != task.ID {
					t.Errorf("entry %d before %d: revision %d of task %d", j, before, c.Rev, c.Task.ID)
				}
				before = c.Rev
			}
		}
		if page, err := s.History(ctx, ada, todo.KindTask, task.ID, before, limit); err != nil || len(page) != 0 {
			t.Errorf("after the end: %+v, %v", page, err)
		}
	}
	for _, id := range []int64{task.ID, 1 << 60} {
		_, err := s.History(ctx, bob, todo.KindTask, id, 0, 10)
		wantCode(t, err, todo.NotFound)
	}
	if err := errOf(s.Purge(ctx, ada, task.ID, by(ada))); err != nil {
		t.Fatal(err)
	}
	_, err = s.History(ctx, ada, todo.KindTask, task.ID, 0, 10)
	wantCode(t, err, todo.NotFound)
}
