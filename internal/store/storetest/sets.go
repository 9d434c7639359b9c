package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// serviceOf returns the use cases over s, with a clock that goes on by a second each time it is looked at.
func serviceOf(s Store, quota int) *todo.Service {
	now := noon
	rules := todo.Rules{Quota: quota, KeysRemembered: 24 * time.Hour}
	return todo.NewService(s, func() time.Time { now = now.Add(time.Second); return now }, rules)
}

// keyed returns options with a key.
func keyed(key string) todo.WriteOptions {
	idempotency := &todo.Idempotency{Key: key, Fingerprint: []byte(key), Status: 200}
	return todo.WriteOptions{Idempotency: idempotency, RequestID: "req"}
}

// codes returns the code of each result, 0 for one that went well.
func codes(results []todo.Result) []todo.Code {
	all := make([]todo.Code, len(results))
	for i, r := range results {
		all[i] = todo.CodeOf(r.Err)
	}
	return all
}

// wantSet fails the test unless the log ends with n changes that are one set.
func wantSet(t *testing.T, s Store, owner todo.UserID, n int) []todo.Change {
	t.Helper()
	state, err := s.State(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	first := state.Rev - todo.Rev(n) + 1
	log, _, err := s.Changes(t.Context(), owner, first-1, n+1)
	if err != nil || len(log) != n {
		t.Fatalf("%d changes since %d, %v; want %d", len(log), first, err, n)
	}
	for i, c := range log {
		if c.SetRev != first || c.Rev != first+todo.Rev(i) || c.RequestID != "req" {
			t.Errorf("change %d: revision %d of the set %d, by %q; want %d", i, c.Rev, c.SetRev, c.RequestID, first)
		}
	}
	return log
}

// testBatch: each operation sees what the ones before it did, and fails by itself.
func testBatch(t *testing.T, s Store) {
	service, ada, bob := serviceOf(s, 4), todo.User{ID: newUser(), AsOf: noon}, newUser()
	old, foreign := mustCreate(t, s, ada.ID, titled("old")), mustCreate(t, s, bob, titled("bob's"))
	steps := []todo.Step{
		{Op: todo.Created, Ref: "a", Patch: titled(" new ")},
		{Op: todo.Completed, Ref: "a"},
		{Op: todo.Updated, ID: old.ID, Version: old.Version, Patch: titled("edited")},
		{Op: todo.Updated, ID: old.ID, Version: old.Version, Patch: titled("edited again")}, // it has another version by now
		{Op: todo.Deleted, ID: old.ID},
		{Op: todo.Restored, ID: old.ID},
		{Op: todo.Deleted, ID: foreign.ID},
		{Op: todo.Created, Patch: titled("")},
		{Op: todo.Reopened, ID: old.ID}, // open already
		{Op: todo.Created, Patch: titled("third")},
		{Op: todo.Created, Patch: titled("fourth")},
		{Op: todo.Created, Patch: titled("fifth")},
	}
	want := []todo.Code{0, 0, 0, todo.Changed, 0, 0, todo.NotFound, todo.Invalid, 0, 0, 0, todo.Conflict}

	_, err := service.Batch(t.Context(), ada, steps, true, keyed("atomic"))
	wantCode(t, err, todo.Changed)
	if state, err := s.State(t.Context(), ada.ID); err != nil || state.Rev != 1 {
		t.Fatalf("a failed atomic batch left revision %d, %v", state.Rev, err)
	}
	got, err := service.Batch(t.Context(), ada, steps, false, keyed("batch"))
	if err != nil || !slices.Equal(codes(got.Results), want) {
		t.Fatalf("codes %v, %v; want %v", codes(got.Results), err, want)
	}
	log := wantSet(t, s, ada.ID, 7)
	wantTask(t, log[6].Task, mustRead(t, s, ada.ID, log[6].Task.ID))
	if names := titles(mustList(t, s, ada.ID, todo.Filter{Count: true}).Tasks); len(names) != 4 || !slices.Contains(names, "new") {
		t.Errorf("tasks %q", names)
	}
	wantTask(t, mustRead(t, s, ada.ID, log[0].Task.ID), log[1].Task)

	again, err := service.Batch(t.Context(), ada, steps, false, keyed("batch"))
	if err != nil || !again.Replayed || !slices.Equal(codes(again.Results), want) {
		t.Fatalf("again: %+v, %v", again, err)
	}
	for i, r := range again.Results {
		if (r.Task == nil) != (got.Results[i].Task == nil) {
			t.Fatalf("%d: %v, then %v", i, got.Results[i].Task, r.Task)
		}
		if r.Task != nil {
			wantTask(t, *r.Task, *got.Results[i].Task)
		}
	}
	wantSet(t, s, ada.ID, 7)
	other := keyed("batch")
	other.Idempotency.Fingerprint = []byte("another request")
	_, err = service.Batch(t.Context(), ada, steps, false, other)
	wantCode(t, err, todo.KeyReused)
}

// testBatchForgets: a task that has gone for good is in no answer that is kept.
func testBatchForgets(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	steps := []todo.Step{{Op: todo.Created, Ref: "a", Patch: titled("secret")}, {Op: todo.Deleted, Ref: "a"}}
	done, err := service.Batch(t.Context(), ada, steps, true, keyed("k"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Purge(t.Context(), ada, done.Results[0].Task.ID, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = service.Batch(t.Context(), ada, steps, true, keyed("k"))
	wantCode(t, err, todo.NotFound)
}

// testUndo: fifty deletions come back, an undo can be undone, and what was edited over is named.
func testUndo(t *testing.T, s Store) {
	const n = 50
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	var steps []todo.Step
	for i := range n {
		task := mustCreate(t, s, ada.ID, titled(fmt.Sprint(i)))
		steps = append(steps, todo.Step{Op: todo.Deleted, ID: task.ID})
	}
	before := mustList(t, s, ada.ID, todo.Filter{}).Tasks
	if _, err := service.Batch(t.Context(), ada, steps, true, keyed("delete all")); err != nil {
		t.Fatal(err)
	}
	undone, err := service.Undo(t.Context(), ada, 0, "delete all", keyed("undo"))
	if err != nil || len(undone.Changes) != n {
		t.Fatalf("%d changes, %v", len(undone.Changes), err)
	}
	wantSet(t, s, ada.ID, n)
	wantSameTasks(t, mustList(t, s, ada.ID, todo.Filter{}).Tasks, before)
	again, err := service.Undo(t.Context(), ada, 0, "delete all", keyed("undo"))
	if err != nil || !again.Replayed || again.Rev != undone.Rev || len(again.Changes) != n {
		t.Errorf("replayed %v, set %d of %d, %v", again.Replayed, again.Rev, len(again.Changes), err)
	}
	_, err = service.Undo(t.Context(), ada, 0, "delete all", todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
	redone, err := service.Undo(t.Context(), ada, undone.Rev+7, "", todo.WriteOptions{})
	if left := mustList(t, s, ada.ID, todo.Filter{}).Tasks; err != nil || len(redone.Changes) != n || len(left) != 0 {
		t.Errorf("redone: %d changes, %d tasks left, %v", len(redone.Changes), len(left), err)
	}
	_, err = service.Undo(t.Context(), ada, redone.Rev+1000, "", todo.WriteOptions{})
	wantCode(t, err, todo.NotFound)
	_, err = service.Undo(t.Context(), ada, 0, "nobody's key", todo.WriteOptions{})
	wantCode(t, err, todo.NotFound)
}

// testUndoOfAnEdit: another field may have been edited since, the same one may not.
func testUndoOfAnEdit(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	day := due("2026-02-01")
	task := mustCreate(t, s, ada.ID, todo.Patch{Title: todo.Some("first"), Due: todo.Some(day), Completed: todo.Some(true)})
	edit := func(p todo.Patch) todo.Task {
		return must(t)(taskOf(service.Update(t.Context(), ada, task.ID, p, todo.WriteOptions{})))
	}
	edited := edit(todo.Patch{Title: todo.Some("second"), Due: todo.Null[todo.Date](), Completed: todo.Some(false)})
	described := edit(todo.Patch{Description: todo.Some("since")})
	set, err := service.Undo(t.Context(), ada, edited.Version, "", todo.WriteOptions{})
	if err != nil || len(set.Changes) != 1 {
		t.Fatalf("%+v, %v", set, err)
	}
	want := task
	want.Description, want.Version, want.UpdatedAt = described.Description, set.Rev, set.Changes[0].At
	wantTask(t, mustRead(t, s, ada.ID, task.ID), want)

	over := edit(todo.Patch{Title: todo.Some("over")})
	_, err = service.Undo(t.Context(), ada, set.Rev, "", todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
	failed, ok := errors.AsType[*todo.Error](err)
	if !ok || len(failed.Fields) != 1 || failed.Fields[0].Field != "title" {
		t.Errorf("the conflict names %+v", failed)
	}
	wantTask(t, mustRead(t, s, ada.ID, task.ID), over)
	must(t)(taskOf(service.Delete(t.Context(), ada, task.ID, todo.WriteOptions{})))
	_, err = service.Undo(t.Context(), ada, over.Version, "", todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
	must(t)(taskOf(service.Purge(t.Context(), ada, task.ID, todo.WriteOptions{})))
	_, err = service.Undo(t.Context(), ada, over.Version, "", todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
}

// must returns what fails the test for an error and passes a task on.
func must(t rapid.TB) func(todo.Task, error) todo.Task {
	return func(task todo.Task, err error) todo.Task {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
}

// wantSameTasks fails the test unless both lists have the same tasks but for versions and times of change.
func wantSameTasks(t rapid.TB, got, want []todo.Task) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(a, b todo.Task) bool {
		return a.ID == b.ID && a.Same(&b) && (a.DeletedAt == nil) == (b.DeletedAt == nil) &&
			(a.CompletedAt == nil) == (b.CompletedAt == nil) && (a.CompletedAt == nil || a.CompletedAt.Equal(*b.CompletedAt))
	}) {
		t.Fatalf("tasks\n got %v\nwant %v", describe(got), describe(want))
	}
}

// testUndoAll: whatever random batches did, undoing them from the last to the first leads back through every state.
func testUndoAll(t *testing.T, s Store) {
	rapid.Check(t, func(t *rapid.T) {
		service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
		all := func() []todo.Task {
			live := mustList(t, s, ada.ID, todo.Filter{}).Tasks
			return append(live, mustList(t, s, ada.ID, todo.Filter{Trash: true, Order: []todo.Order{{By: todo.ByCreated}}}).Tasks...)
		}
		var ids []int64
		for i := range 3 {
			ids = append(ids, mustCreate(t, s, ada.ID, titled(fmt.Sprint(i))).ID)
		}
		type point struct {
			set   todo.Rev
			tasks []todo.Task
		}
		var points []point
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			before := all()
			state, err := s.State(t.Context(), ada.ID)
			if err != nil {
				t.Fatal(err)
			}
			var steps []todo.Step
			for range rapid.IntRange(1, 6).Draw(t, "steps") {
				op := rapid.SampledFrom([]todo.Op{todo.Updated, todo.Completed, todo.Reopened, todo.Deleted, todo.Restored}).Draw(t, "op")
				steps = append(steps, todo.Step{Op: op, ID: rapid.SampledFrom(ids).Draw(t, "id"), Patch: patch(t)})
			}
			if _, err := service.Batch(t.Context(), ada, steps, false, todo.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			if after, err := s.State(t.Context(), ada.ID); err == nil && after.Rev > state.Rev {
				points = append(points, point{state.Rev + 1, before})
			}
		}
		redo := todo.Rev(0)
		for _, p := range slices.Backward(points) {
			undone, err := service.Undo(t.Context(), ada, p.set, "", todo.WriteOptions{})
			if err != nil && todo.CodeOf(err) == todo.Conflict {
				t.Fatalf("the latest set can't be undone: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			redo = undone.Rev
			wantSameTasks(t, all(), p.tasks)
			if redo == 0 {
				continue // it took nothing back: the set led to where it began
			}
			// Do it again and take it back again, so that the sets before it are the latest but for pairs that cancel out.
			again, err := service.Undo(t.Context(), ada, redo, "", todo.WriteOptions{})
			if err != nil {
				t.Fatalf("redo: %v", err)
			}
			if _, err := service.Undo(t.Context(), ada, again.Rev, "", todo.WriteOptions{}); err != nil {
				t.Fatalf("undo again: %v", err)
			}
			wantSameTasks(t, all(), p.tasks)
			return // what lies before was touched since, by these very undos
		}
	})
}

// testMerge: a patch goes over what was changed since in other fields, and in the same field only to the same value.
func testMerge(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	base := mustCreate(t, s, ada.ID, titled("base"))
	must(t)(taskOf(service.Update(t.Context(), ada, base.ID, titled("theirs"), todo.WriteOptions{})))
	merge := func(p todo.Patch, key string) (todo.WriteResult, error) {
		opts := keyed(key)
		opts.If = []todo.Rev{base.Version}
		return service.Merge(t.Context(), ada, base.ID, p, opts)
	}
	out, err := merge(todo.Patch{Priority: todo.Some(todo.High)}, "priority")
	if err != nil || out.Task.Title != "theirs" || out.Task.Priority != todo.High {
		t.Fatalf("%+v, %v", out, err)
	}
	again, err := merge(todo.Patch{Priority: todo.Some(todo.High)}, "priority")
	if err != nil || !again.Replayed {
		t.Fatalf("again: %+v, %v", again, err)
	}
	wantTask(t, again.Task, out.Task)
	if out, err := merge(titled("theirs"), "the same"); err != nil || out.Task.Version != again.Task.Version {
		t.Errorf("to the same value: %+v, %v", out, err)
	}
	_, err = merge(titled("mine"), "conflict")
	wantCode(t, err, todo.Conflict)
	conflict, ok := errors.AsType[*todo.ConflictError](err)
	want := []todo.MergeConflict{{Field: "title", Base: "base", Yours: "mine", Current: "theirs"}}
	if !ok || !slices.Equal(conflict.Conflicts, want) {
		t.Errorf("conflict %+v", conflict)
	}
	base.Version = 1000
	_, err = merge(titled("mine"), "unknown version")
	wantCode(t, err, todo.Changed)
}

// testBulk: complete-all and clear-completed are one set each, and change nothing the second time.
func testBulk(t *testing.T, s Store) {
	service, ada := serviceOf(s, plenty), todo.User{ID: newUser(), AsOf: noon}
	for i := range 5 {
		mustCreate(t, s, ada.ID, todo.Patch{Title: todo.Some(fmt.Sprint(i)), Completed: todo.Some(i == 0)})
	}
	completed, err := service.CompleteAll(t.Context(), ada, todo.WriteOptions{RequestID: "req"})
	if err != nil || len(completed.Changes) != 4 {
		t.Fatalf("%+v, %v", completed, err)
	}
	wantSet(t, s, ada.ID, 4)
	if nothing, err := service.CompleteAll(t.Context(), ada, keyed("nothing")); err != nil || nothing.Rev != 0 {
		t.Errorf("again: %+v, %v", nothing, err)
	}
	if nothing, err := service.CompleteAll(t.Context(), ada, keyed("nothing")); err != nil || nothing.Rev != 0 || !nothing.Replayed {
		t.Errorf("replayed: %+v, %v", nothing, err)
	}
	cleared, err := service.ClearCompleted(t.Context(), ada, todo.WriteOptions{RequestID: "req"})
	if err != nil || len(cleared.Changes) != 5 {
		t.Fatalf("%+v, %v", cleared, err)
	}
	if page := mustList(t, s, ada.ID, todo.Filter{Count: true}); page.Total != 0 {
		t.Errorf("%d tasks are left", page.Total)
	}
	if _, err := service.Undo(t.Context(), ada, cleared.Rev, "", todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if page := mustList(t, s, ada.ID, todo.Filter{Count: true}); page.Total != 5 {
		t.Errorf("%d tasks are back", page.Total)
	}
}
