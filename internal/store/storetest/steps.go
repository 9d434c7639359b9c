package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"todod/internal/todo"
)

// manyRows is more than goes at once when somebody is erased, in each table.
const manyRows = 300

// mustHaveMuch gives somebody manyRows tasks, imported, one of them in the trash, and as many keys, and returns the tasks
// by id. Their log has more.
func mustHaveMuch(t *testing.T, s Store, owner todo.UserID) []todo.Task {
	t.Helper()
	for some := range slices.Chunk(make([]todo.ImportedTask, manyRows), 100) {
		for i := range some {
			some[i] = todo.ImportedTask{OldID: fmt.Sprint(newUser()), Task: todo.Task{
				Title: "secret", Priority: todo.Low, CreatedAt: noon, UpdatedAt: noon,
			}}
		}
		if n, err := todo.ImportTasks(t.Context(), s, owner, "old", some, noon); err != nil || n != len(some) {
			t.Fatalf("%d, %v", n, err)
		}
	}
	tasks := mustList(t, s, owner, todo.Filter{}).Tasks
	w := by(owner)
	for i, task := range tasks {
		w.Idempotency = &todo.Idempotency{Key: fmt.Sprint("key ", i), Fingerprint: []byte("former"), Status: 200}
		if _, err := s.Update(t.Context(), owner, task.ID, mustNormalise(t, titled("secret, too")), w); err != nil {
			t.Fatal(err)
		}
	}
	w.Idempotency = nil
	if _, err := s.Delete(t.Context(), owner, tasks[0].ID, w); err != nil {
		t.Fatal(err)
	}
	return tasks
}

// tidied has everything removed of owner that is left, in steps of up to limit rows, and returns how many rows there were.
func tidied(t *testing.T, s Store, owner todo.UserID, limit int) (rows int) {
	t.Helper()
	err := s.Tidy(t.Context(), owner, limit, func(n int) {
		if rows += n; n > limit {
			t.Errorf("a step removed %d rows", n)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// testEraseInSteps: everything is gone for everybody at once; the rows go bit by bit, and if whoever removes them is
// killed, the next sweep goes on. Then the next life begins like a first one.
func testEraseInSteps(t *testing.T, s Store) {
	ada, bob := newUser(), newUser()
	tasks := mustHaveMuch(t, s, ada)
	others := mustHaveMuch(t, s, bob)
	state := mustState(t, s, ada)
	erasedAt := noon.Add(time.Minute)
	if err := s.Erase(t.Context(), ada, erasedAt); err != nil {
		t.Fatal(err)
	}
	wantNothingOf(t, s, ada, tasks)
	if now := mustState(t, s, ada); now.Epoch == state.Epoch || !now.ErasedAt.Equal(erasedAt) {
		t.Errorf("before %+v, after %+v", state, now)
	}

	ctx, kill := context.WithCancel(t.Context())
	rows := 0
	err := s.Tidy(ctx, ada, 10, func(n int) { rows += n; kill() })
	if rows != 10 || err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("killed after %d rows: %v", rows, err)
	}
	if untidy, err := s.Untidy(t.Context(), "", 10); err != nil || !slices.Contains(untidy, ada) {
		t.Fatalf("untidy: %v, %v", untidy, err)
	}
	wantNothingOf(t, s, ada, tasks)
	service := todo.NewService(s, func() time.Time { return noon.Add(time.Hour) },
		todo.Rules{Quota: plenty, TrashRemembered: time.Hour * 100, LogRemembered: time.Hour * 100, KeysRemembered: time.Hour * 100})
	// 300 tasks, imports and keys, and 601 entries of the log; 250 of each went at once.
	if swept, err := service.Sweep(t.Context()); err != nil || swept != (todo.Swept{Others: 3*50 + 351 - 10}) {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if untidy, err := s.Untidy(t.Context(), "", 10); err != nil || len(untidy) > 0 {
		t.Errorf("still untidy: %v, %v", untidy, err)
	}
	if now := mustState(t, s, ada); now.Rev != 0 || now.Began != 0 || !now.ErasedAt.Equal(erasedAt) {
		t.Errorf("in the end: %+v", now)
	}
	if got := mustState(t, s, bob); tidied(t, s, bob, 10) != 0 || mustState(t, s, bob) != got {
		t.Errorf("somebody else: %+v", mustState(t, s, bob))
	}
	if page := mustList(t, s, bob, todo.Filter{Count: true}); page.Total != len(others)-1 {
		t.Errorf("%d tasks are left of somebody else's %d", page.Total, len(others))
	}
}

// wantNothingOf fails the test if somebody meets one of the tasks of a former life, or what there was beside them.
func wantNothingOf(t *testing.T, s Store, owner todo.UserID, tasks []todo.Task) {
	t.Helper()
	ctx, now := t.Context(), noon.Add(2*time.Hour)
	me := todo.User{ID: owner, AsOf: now}
	service := todo.NewService(s, func() time.Time { return now }, todo.Rules{Quota: plenty, KeysRemembered: 100 * time.Hour})
	old := map[int64]bool{}
	for _, task := range tasks {
		old[task.ID] = true
	}
	meets := func(what string, met ...todo.Task) {
		t.Helper()
		for _, task := range met {
			if old[task.ID] {
				t.Errorf("%s has task %d of a former life", what, task.ID)
				return
			}
		}
	}
	for _, trash := range []bool{false, true} {
		page := mustList(t, s, owner, todo.Filter{Trash: trash, Count: true})
		if meets("a list", page.Tasks...); page.Total != len(page.Tasks) {
			t.Errorf("%d are counted of %d", page.Total, len(page.Tasks))
		}
	}
	state := mustState(t, s, owner)
	there, _, err := s.Snapshot(ctx, owner, 0, state.Rev, 1000)
	meets("a snapshot", there...)
	log, _, logErr := s.Changes(ctx, owner, 0, 1000)
	for _, c := range log {
		meets("the log", c.Task)
	}
	imports, importsErr := s.Imports(ctx, owner, todo.Import{}, 10)
	if len(imports) > 0 {
		t.Errorf("imports are told: %+v", imports)
	}
	holds, holdsErr := s.Summary(ctx, owner, now)
	if n := holds.Open + holds.Completed; n != len(mustList(t, s, owner, todo.Filter{}).Tasks) || holds.Trash != 0 {
		t.Errorf("counted: %+v", holds.Counts)
	}
	for i, err := range []error{err, logErr, importsErr, holdsErr} {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	for _, task := range []todo.Task{tasks[0], tasks[1], tasks[len(tasks)-1]} {
		_, getErr := service.Task(ctx, me, task.ID)
		_, historyErr := service.History(ctx, me, todo.KindTask, task.ID, 10, "")
		_, editErr := service.Update(ctx, me, task.ID, titled("mine"), todo.WriteOptions{})
		_, deleteErr := service.Delete(ctx, me, task.ID, todo.WriteOptions{})
		_, restoreErr := service.Restore(ctx, me, task.ID, todo.WriteOptions{})
		_, purgeErr := service.Purge(ctx, me, task.ID, todo.WriteOptions{})
		_, undoErr := service.Undo(ctx, me, task.Version, "", todo.WriteOptions{})
		for i, err := range []error{getErr, historyErr, editErr, deleteErr, restoreErr, purgeErr, undoErr} {
			if todo.CodeOf(err) != todo.NotFound {
				t.Errorf("task %d of a former life, %d: %v", task.ID, i, err)
			}
		}
	}
	for i := range tasks {
		if _, err := service.Operation(ctx, me, fmt.Sprint("key ", i)); todo.CodeOf(err) != todo.NotFound {
			t.Errorf("key %d is remembered: %v", i, err)
		}
	}
	_, undoErr := service.Undo(ctx, me, 0, "key 1", todo.WriteOptions{})
	wantCode(t, undoErr, todo.NotFound)
	_, syncErr := service.Sync(ctx, me, "", nil)
	wantCode(t, syncErr, 0)
}

// testComeBackInSteps: they use it as anybody does, with the same keys, too, and when the rest of the former life is
// removed, nothing of the new one is.
func testComeBackInSteps(t *testing.T, s Store) {
	ada := newUser()
	now := noon.Add(time.Hour)
	service := todo.NewService(s, func() time.Time { return now }, todo.Rules{Quota: 5, KeysRemembered: 100 * time.Hour})
	tasks := mustHaveMuch(t, s, ada)
	former := todo.User{ID: ada, AsOf: noon}
	known := mustSync(t, service, former, "")
	erasedAt := now.Add(time.Minute) // by a clock that is ahead of ours
	if err := s.Erase(t.Context(), ada, erasedAt); err != nil {
		t.Fatal(err)
	}
	me := todo.User{ID: ada, AsOf: erasedAt.Add(time.Second)}
	once := func(key string) todo.WriteOptions {
		return todo.WriteOptions{Idempotency: &todo.Idempotency{Key: key, Fingerprint: []byte("new"), Status: 200}}
	}
	if set, err := service.CompleteAll(t.Context(), me, once("key 299")); err != nil || set.Replayed || len(set.Changes) > 0 {
		t.Fatalf("completing what isn't there: %+v, %v", set, err)
	}
	var mine []todo.Task
	for i := range 5 { // as many as the quota lets
		out, err := service.Create(t.Context(), me, titled(fmt.Sprint("new ", i)), once(fmt.Sprint("key ", i+280)))
		if err != nil || out.Replayed {
			t.Fatalf("%+v, %v", out, err)
		}
		mine = append(mine, out.Task)
	}
	_, err := service.Create(t.Context(), me, titled("one more"), todo.WriteOptions{})
	wantCode(t, err, todo.Conflict)
	_, err = service.Sync(t.Context(), me, known.Next, nil)
	wantCode(t, err, todo.Outdated)
	_, err = service.Tasks(t.Context(), former, todo.Filter{Limit: 10})
	wantCode(t, err, todo.Unauthenticated)
	wantMine := func() {
		t.Helper()
		anew := mustSync(t, service, me, "")
		if len(anew.Changes) != len(mine) {
			t.Errorf("sync tells of %d tasks", len(anew.Changes))
		}
		for i, task := range mine {
			got, err := s.Task(t.Context(), ada, task.ID, me.AsOf)
			wantCode(t, err, 0)
			wantTask(t, got, task)
			out, err := service.Create(t.Context(), me, titled(fmt.Sprint("new ", i)), once(fmt.Sprint("key ", i+280)))
			if err != nil || !out.Replayed {
				t.Errorf("key %d: %+v, %v", i, out, err)
			}
			wantTask(t, out.Task, task)
			if history, err := service.History(t.Context(), me, todo.KindTask, task.ID, 10, ""); err != nil || len(history.Changes) != 1 {
				t.Errorf("history: %+v, %v", history, err)
			}
		}
		if set, err := service.CompleteAll(t.Context(), me, once("key 299")); err != nil || !set.Replayed {
			t.Errorf("a key of the new life: %+v, %v", set, err)
		}
	}
	wantMine()
	before := mustSync(t, service, me, "")
	if rows := tidied(t, s, ada, 33); rows < 3*50+351-6 {
		t.Errorf("%d rows were removed", rows)
	}
	wantMine()
	if page, err := service.Sync(t.Context(), me, before.Next, nil); err != nil || len(page.Changes) != 0 {
		t.Errorf("going on: %+v, %v", page, err)
	}
	if log, _, err := s.Changes(t.Context(), ada, 0, 1000); err != nil || len(log) != 5 || log[0].Rev != mine[0].Version {
		t.Errorf("%d entries of the log, %v", len(log), err)
	}
	if again := tidied(t, s, ada, 33); again != 0 {
		t.Errorf("a second time %d rows were removed", again)
	}
	for _, task := range tasks[:3] {
		_, err := s.Task(t.Context(), ada, task.ID, me.AsOf)
		wantCode(t, err, todo.NotFound)
	}
}
