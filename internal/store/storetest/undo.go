package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"todod/internal/todo"
)

// testUndoOfADueDate: a due date is one thing. Whether it is a day is no field of its own that an undo could leave
// behind.
func testUndoOfADueDate(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	at := func(text string) todo.Patch {
		due, _ := todo.ParseDue(text)
		return todo.Patch{Due: todo.Some(due)}
	}
	start := at("2026-01-15T10:00:00Z")
	start.Title = todo.Some("x")
	task := mustCreate(t, s, ada.ID, start)
	moved := must(t)(taskOf(service.Update(t.Context(), ada, task.ID, at("2026-01-16T00:00:00Z"), todo.WriteOptions{})))
	allDay := todo.Patch{AllDay: todo.Some(true)}
	day := must(t)(taskOf(service.Update(t.Context(), ada, task.ID, allDay, todo.WriteOptions{})))
	_, err := service.Undo(t.Context(), ada, moved.Version, "", todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
	if failed, ok := errors.AsType[*todo.Error](err); !ok || len(failed.Fields) != 1 || failed.Fields[0].Field != "due_date" {
		t.Errorf("the conflict names %+v", failed)
	}
	wantTask(t, mustRead(t, s, ada.ID, task.ID), day)
	undone, err := service.Undo(t.Context(), ada, day.Version, "", todo.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, s, ada.ID, task.ID); !got.Same(&moved) {
		t.Errorf("undone: %s\nwas %s", show(got), show(moved))
	}
	if _, err := service.Undo(t.Context(), ada, undone.Rev, "", todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, s, ada.ID, task.ID); !got.Same(&day) {
		t.Errorf("redone: %s\nwas %s", show(got), show(day))
	}
}

// testUndoAndTheQuota: what an undo leaves counts, not what it goes through.
func testUndoAndTheQuota(t *testing.T, s Store) {
	service, ada := serviceOf(s, 2), todo.User{ID: newUser(), AsOf: noon}
	old := mustCreate(t, s, ada.ID, titled("old"))
	_, err := service.Batch(t.Context(), ada, []todo.Step{
		{Op: todo.Created, Patch: titled("new")}, {Op: todo.Deleted, ID: old.ID},
	}, true, keyed("swap"))
	if err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, ada.ID, titled("another"))
	swapped, err := service.Undo(t.Context(), ada, 0, "swap", todo.WriteOptions{})
	if err != nil || len(swapped.Changes) != 2 {
		t.Fatalf("%+v, %v", swapped, err)
	}
	must(t)(taskOf(service.Delete(t.Context(), ada, old.ID, keyed("delete"))))
	mustCreate(t, s, ada.ID, titled("third"))
	before, err := s.State(t.Context(), ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = service.Undo(t.Context(), ada, 0, "delete", keyed("undo"))
	wantCode(t, err, todo.Conflict)
	if after, err := s.State(t.Context(), ada.ID); err != nil || after != before {
		t.Errorf("the state was %+v, is %+v, %v", before, after, err)
	}
	_, err = s.Operation(t.Context(), ada.ID, "undo", noon.Add(-time.Hour))
	wantCode(t, err, todo.NotFound)
}

// testUndoOfHalfASet: a set whose beginning has been forgotten is forgotten.
func testUndoOfHalfASet(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	var steps []todo.Step
	for i := range 6 {
		steps = append(steps, todo.Step{Op: todo.Created, Patch: titled(fmt.Sprint(i))})
	}
	if _, err := service.Batch(t.Context(), ada, steps, true, keyed("set")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Forget(t.Context(), ada.ID, todo.Cutoffs{Logged: 3}, 2); err != nil || n != 3 {
		t.Fatalf("%d forgotten, %v", n, err)
	}
	for _, rev := range []todo.Rev{1, 3, 4, 6} {
		_, err := service.Undo(t.Context(), ada, rev, "", todo.WriteOptions{})
		wantCode(t, err, todo.NotFound)
	}
	_, err := service.Undo(t.Context(), ada, 0, "set", todo.WriteOptions{})
	wantCode(t, err, todo.NotFound)
	if page := mustList(t, s, ada.ID, todo.Filter{Count: true}); page.Total != 6 {
		t.Errorf("%d tasks are left", page.Total)
	}
}

// testUndoNamesAFew: a conflict in everything doesn't name everything.
func testUndoNamesAFew(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	for i := range 30 {
		mustCreate(t, s, ada.ID, titled(fmt.Sprint(i)))
	}
	done, err := service.CompleteAll(t.Context(), ada, todo.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.ClearCompleted(t.Context(), ada, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = service.Undo(t.Context(), ada, done.Rev, "", todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
	if failed, ok := errors.AsType[*todo.Error](err); !ok || len(failed.Fields) != 20 {
		t.Errorf("%d fields are named", len(failed.Fields))
	}
}

// testSetsAreApart: whatever of another's a change of several tasks is about, it gets what is not there.
func testSetsAreApart(t *testing.T, s Store) {
	service, ada, mallory := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}, todo.User{ID: newUser(), AsOf: noon}
	live, trashed := mustCreate(t, s, ada.ID, titled("Ada's")), mustCreate(t, s, ada.ID, titled("Ada's trash"))
	must(t)(taskOf(service.Delete(t.Context(), ada, trashed.ID, keyed("key"))))
	for i := range 6 { // so that her revisions are there for him, too
		mustCreate(t, s, mallory.ID, titled(fmt.Sprint(i)))
	}
	state, err := s.State(t.Context(), ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for name, need := range map[string]todo.ReadSet{
		"by id": {Tasks: []int64{live.ID, trashed.ID}}, "open": {Walk: &todo.Walk{Completed: &no}}, "completed": {Walk: &todo.Walk{Completed: &yes}},
		"all objects": {AllObjects: true},
		"by key":      {SetOf: "key", Since: noon.Add(-time.Hour)}, "of the key": {Key: "key", Since: noon.Add(-time.Hour)},
		"by revision": {Set: 1}, "base": {Base: 3}, "new": {New: 3},
	} {
		need.At = noon
		err := s.Change(t.Context(), mallory.ID, need, func(known *todo.Snapshot) (todo.WriteSet, error) {
			if known.Stored != nil || known.ID != mallory.ID {
				t.Errorf("%s: %+v is known of %s", name, known.Stored, known.ID)
			}
			for id, task := range known.Tasks {
				if task.Owner != mallory.ID || id == live.ID || id == trashed.ID {
					t.Errorf("%s: %s is known", name, show(task))
				}
			}
			for _, c := range known.Set {
				if c.Task.ID == live.ID || c.Task.ID == trashed.ID || name == "by key" {
					t.Errorf("%s: the change %+v is known", name, c)
				}
			}
			if known.Base != nil && known.Base.Task.Owner != mallory.ID || name == "base" && known.Base == nil {
				t.Errorf("%s: base %+v", name, known.Base)
			}
			for _, id := range known.NewIDs {
				if id <= trashed.ID {
					t.Errorf("the new id %d is taken", id)
				}
			}
			if known.Count != 6 || known.State.Rev != 6 {
				t.Errorf("%s: %d tasks at revision %d", name, known.Count, known.State.Rev)
			}
			return todo.WriteSet{}, nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Even a plan that names her task, of which todo makes none, does nothing to it, whatever comes of it.
	_ = s.Change(t.Context(), mallory.ID, todo.ReadSet{At: noon}, func(known *todo.Snapshot) (todo.WriteSet, error) {
		stolen := live
		stolen.Owner, stolen.Title, stolen.Version = mallory.ID, "stolen", known.State.Rev+1
		return todo.WriteSet{Changes: []todo.Change{{Op: todo.Updated, Rev: stolen.Version, SetRev: stolen.Version, Task: stolen, At: noon}}}, nil
	})
	wantTask(t, mustRead(t, s, ada.ID, live.ID), live)
	if after, err := s.State(t.Context(), ada.ID); err != nil || after != state {
		t.Errorf("the state was %+v, is %+v, %v", state, after, err)
	}
	for key, fingerprint := range map[string]string{"key": "key", "another": "another"} { // her key is his to use
		opts := keyed(key)
		opts.Idempotency.Fingerprint = []byte(fingerprint)
		if done, err := service.CompleteAll(t.Context(), todo.User{ID: newUser(), AsOf: noon}, opts); err != nil || done.Replayed {
			t.Errorf("key %q: %+v, %v", key, done, err)
		}
	}
}
