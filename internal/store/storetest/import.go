package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// RunImport runs the suite for imports, as Run does for the rest.
func RunImport(t *testing.T, open func(t *testing.T) account.FullStore) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"imported tasks keep what they were", testImportKeeps},
		{"each imported task has a revision of its own, in order", testImportRevisions},
		{"what was imported is not imported again", testImportTwice},
		{"a task that was deleted since does not come back", testImportAfterDelete},
		{"owners and sources don't know of each other's imports", testImportsAreApart},
		{"what was imported is listed page by page", testImportsAreListed},
		{"imports of the same tasks at once double nothing", testImportAtOnce},
		{"an import is all or nothing", testImportAllOrNothing},
		{"nothing comes back to somebody who had it erased", testImportAfterErasure},
		{"no quota applies, but imported tasks count", testImportQuota},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, Of(open(t)))
		})
	}
}

// source is where tasks are imported from.
const source = "old"

// someTasks returns n open tasks with the old ids a0, a1 and so on, the later the newer.
func someTasks(n int) []todo.ImportedTask {
	tasks := make([]todo.ImportedTask, n)
	for i := range tasks {
		at := noon.Add(time.Duration(i) * time.Minute)
		id := fmt.Sprint("a", i)
		tasks[i] = todo.ImportedTask{OldID: id, Task: todo.Task{
			Title: id, Priority: todo.Medium, CreatedAt: at, UpdatedAt: at,
		}}
	}
	return tasks
}

// wantImport imports tasks and fails the test unless so many of them are new.
func wantImport(t *testing.T, s Store, owner todo.UserID, tasks []todo.ImportedTask, want int) {
	t.Helper()
	n, err := s.ImportTasks(context.Background(), owner, source, tasks, at(owner, noon.Add(24*time.Hour)))
	if err != nil || n != want {
		t.Fatalf("import: %d new, %v; want %d", n, err, want)
	}
}

// oldestFirst returns all of owner's tasks.
func oldestFirst(t *testing.T, s Store, owner todo.UserID) []todo.Task {
	t.Helper()
	return mustList(t, s, owner, todo.Filter{Order: []todo.Order{{By: todo.ByCreated}}}).Tasks
}

// testImportKeeps: every field but id and version is what it was.
func testImportKeeps(t *testing.T, s Store) {
	ada := newUser()
	text := strings.Repeat("🏳️‍🌈\n", todo.MaxDescription/7)
	empty, day, instant, done := "", due("2026-02-01"), due("1969-12-31T23:59:59.999999Z"), noon.Add(-time.Hour)
	want := []todo.Task{
		{Title: "שלום 😀", Description: &text, Priority: todo.High, Due: &day, CreatedAt: noon, UpdatedAt: noon.Add(time.Second)},
		{Title: `'; drop table tasks; --`, Description: &empty, Completed: true, CompletedAt: &done, Priority: todo.Low,
			Due: &instant, CreatedAt: noon.Add(time.Minute), UpdatedAt: noon.Add(time.Hour)},
		{Title: strings.Repeat("x", todo.MaxTitle), Priority: todo.Medium, CreatedAt: noon.Add(2 * time.Minute),
			UpdatedAt: noon.Add(2 * time.Minute)},
	}
	tasks := make([]todo.ImportedTask, len(want))
	for i := range want {
		tasks[i] = todo.ImportedTask{OldID: fmt.Sprint("🏳️‍🌈", i), Task: want[i]}
	}

	wantImport(t, s, ada, tasks, len(want))

	got := oldestFirst(t, s, ada)
	if len(got) != len(want) {
		t.Fatalf("%d tasks", len(got))
	}
	for i := range got {
		want[i].Owner, want[i].ID, want[i].Version = ada, got[i].ID, todo.Rev(i+1)
		wantTask(t, got[i], want[i])
		wantTask(t, mustRead(t, s, ada, got[i].ID), want[i])
	}
	log, _, err := s.Changes(t.Context(), ada, 0, 10)
	if err != nil || len(log) != len(want) {
		t.Fatalf("the log: %+v, %v", log, err)
	}
	for i, c := range log {
		wantTask(t, c.Task, want[i])
		if c.Op != todo.Created || c.PrevRev != 0 || c.SetRev != c.Rev {
			t.Errorf("logged as %+v", c)
		}
	}
	if !slices.IsSortedFunc(got, func(a, b todo.Task) int { return int(a.ID - b.ID) }) {
		t.Error("the ids don't rise in the order of the import")
	}
}

// testImportRevisions: an import among other writes leaves no gap.
func testImportRevisions(t *testing.T, s Store) {
	ada := newUser()
	mustCreate(t, s, ada, titled("before"))
	wantImport(t, s, ada, someTasks(40), 40)
	after := mustCreate(t, s, ada, titled("after"))

	if after.Version != 42 {
		t.Errorf("the write after the import has version %d, want 42", after.Version)
	}
	seen := map[todo.Rev]string{}
	for _, task := range oldestFirst(t, s, ada) {
		seen[task.Version] = task.Title
	}
	if len(seen) != 42 || seen[1] != "before" || seen[2] != "a0" || seen[41] != "a39" {
		t.Errorf("versions %v", seen)
	}
}

// testImportTwice: known tasks are passed over wherever they stand, and raise nothing.
func testImportTwice(t *testing.T, s Store) {
	ada := newUser()
	tasks := someTasks(9)
	wantImport(t, s, ada, tasks[3:6], 3)
	wantImport(t, s, ada, tasks[3:6], 0)
	changed := tasks[4]
	changed.Title = "changed in the old system"
	wantImport(t, s, ada, []todo.ImportedTask{changed}, 0)
	wantImport(t, s, ada, tasks, 6)
	wantImport(t, s, ada, tasks, 0)
	wantImport(t, s, ada, nil, 0)

	got := oldestFirst(t, s, ada)
	var versions []todo.Rev
	for i, task := range got {
		versions = append(versions, task.Version)
		if task.Title != tasks[i].Title {
			t.Errorf("task %d is %q", i, task.Title)
		}
	}
	if want := []todo.Rev{4, 5, 6, 1, 2, 3, 7, 8, 9}; !slices.Equal(versions, want) {
		t.Errorf("versions %v, want %v", versions, want)
	}
	if after := mustCreate(t, s, ada, titled("after")); after.Version != 10 {
		t.Errorf("the next version is %d, want 10", after.Version)
	}
}

// testImportAfterDelete: what a person has thrown away stays away.
func testImportAfterDelete(t *testing.T, s Store) {
	ada := newUser()
	wantImport(t, s, ada, someTasks(2), 2)
	for _, task := range oldestFirst(t, s, ada) {
		if _, err := s.Delete(context.Background(), ada, task.ID, by(ada)); err != nil {
			t.Fatal(err)
		}
	}
	wantImport(t, s, ada, someTasks(2), 0)
	if left := oldestFirst(t, s, ada); len(left) != 0 {
		t.Errorf("%v came back", titles(left))
	}
}

// testImportsAreApart: the same old id may occur with another owner, and in another source.
func testImportsAreApart(t *testing.T, s Store) {
	ada, bob := newUser(), newUser()
	tasks := someTasks(2)
	wantImport(t, s, ada, tasks, 2)
	wantImport(t, s, bob, tasks[:1], 1)
	if n, err := s.ImportTasks(context.Background(), ada, "older", tasks[:1], by(ada)); err != nil || n != 1 {
		t.Errorf("from another source: %d, %v", n, err)
	}
	for _, c := range []struct {
		owner  todo.UserID
		source string
		want   map[string]time.Time
	}{
		{ada, source, map[string]time.Time{"a0": noon, "a1": noon.Add(time.Minute)}},
		{bob, source, map[string]time.Time{"a0": noon}},
		{ada, "older", map[string]time.Time{"a0": noon}},
		{newUser(), source, map[string]time.Time{}},
	} {
		got, err := s.Imported(context.Background(), c.owner, c.source, []string{"a1", "never", "a0", `"`})
		if err != nil || !maps.EqualFunc(got, c.want, time.Time.Equal) {
			t.Errorf("imported for %s from %s: %v, %v; want %v", c.owner, c.source, got, err, c.want)
		}
	}
}

// testImportAtOnce: each task goes to one of the imports.
func testImportAtOnce(t *testing.T, s Store) {
	ada := newUser()
	var added atomic.Int64
	atOnce(t, 6, func(i int) error {
		n, err := s.ImportTasks(context.Background(), ada, source, someTasks(10+i), by(ada))
		added.Add(int64(n))
		return err
	})
	got := oldestFirst(t, s, ada)
	if len(got) != 15 || added.Load() != 15 {
		t.Errorf("%d tasks, %d counted as added; want 15", len(got), added.Load())
	}
	if after := mustCreate(t, s, ada, titled("after")); after.Version != 16 {
		t.Errorf("the next version is %d, want 16", after.Version)
	}
}

// testImportAllOrNothing: what the database refuses takes everything with it, the notes of what was imported too, and so
// does a caller who has gone away.
func testImportAllOrNothing(t *testing.T, s Store) {
	ada := newUser()
	tasks := someTasks(3)
	bad := slices.Clone(tasks)
	bad[2].Title = ""
	if n, err := s.ImportTasks(context.Background(), ada, source, bad, by(ada)); err == nil || n != 0 {
		t.Errorf("a task without title: %d, %v", n, err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if n, err := s.ImportTasks(gone, ada, source, tasks, by(ada)); err == nil || n != 0 {
		t.Errorf("nobody waits for it: %d, %v", n, err)
	}
	if left := oldestFirst(t, s, ada); len(left) != 0 {
		t.Errorf("%v are there", titles(left))
	}
	wantImport(t, s, ada, tasks, 3)
}

// testImportQuota: people keep what they had, and get no more than the quota by themselves.
func testImportQuota(t *testing.T, s Store) {
	ada := newUser()
	wantImport(t, s, ada, someTasks(12), 12)
	create := func(quota int) error {
		_, err := s.Create(context.Background(), ada, titled("x"), quota, by(ada))
		return err
	}
	wantCode(t, create(12), todo.Conflict)
	if err := create(13); err != nil {
		t.Error(err)
	}
}

// testImportAfterErasure: an import can't undo an erasure, and somebody else's is no hindrance.
func testImportAfterErasure(t *testing.T, s Store) {
	ada, bob := newUser(), newUser()
	tasks := someTasks(3)
	wantImport(t, s, ada, tasks[:2], 2)
	if err := s.Erase(context.Background(), ada, noon); err != nil {
		t.Fatal(err)
	}
	n, err := s.ImportTasks(context.Background(), ada, source, tasks, by(ada))
	if wantCode(t, err, todo.Forbidden); n != 0 {
		t.Errorf("%d tasks came back", n)
	}
	_, err = s.Imported(context.Background(), ada, source, nil)
	wantCode(t, err, todo.Forbidden)
	if left := oldestFirst(t, s, ada); len(left) != 0 {
		t.Errorf("%v came back", titles(left))
	}
	wantImport(t, s, bob, tasks, 3)
}

// testImportsAreListed: by source and old id, nobody else's, whatever became of the tasks.
func testImportsAreListed(t *testing.T, s Store) {
	ada := newUser()
	wantImport(t, s, newUser(), someTasks(3), 3)
	if n, err := s.ImportTasks(t.Context(), ada, "older", someTasks(2), by(ada)); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	wantImport(t, s, ada, someTasks(3), 3)
	ids := map[string]int64{}
	for _, task := range oldestFirst(t, s, ada) {
		ids[fmt.Sprint(task.Version, " ", task.Title)] = task.ID
	}
	if _, err := s.Delete(t.Context(), ada, ids["3 a0"], by(ada)); err != nil {
		t.Fatal(err)
	}
	note := func(source, oldID string, rev, minutes int) todo.Import {
		at := noon.Add(time.Duration(minutes) * time.Minute)
		return todo.Import{Source: source, OldID: oldID, TaskID: ids[fmt.Sprint(rev, " ", oldID)], CreatedAt: at}
	}
	want := []todo.Import{
		note(source, "a0", 3, 0), note(source, "a1", 4, 1), note(source, "a2", 5, 2), note("older", "a0", 1, 0), note("older", "a1", 2, 1),
	}
	var last todo.Import
	for _, size := range []int{2, 2, 1, 0} {
		page, err := s.Imports(t.Context(), ada, last, 2)
		if err != nil || len(page) != size {
			t.Fatalf("after %v: %v, %v", last, page, err)
		}
		for _, got := range page {
			if last = got; got != want[0] {
				t.Errorf("got %v, want %v", got, want[0])
			}
			want = want[1:]
		}
	}
}
