package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"todod/internal/todo"
)

// testLogBudget: the oldest changes are forgotten when there are too many; who goes on from before that starts anew. Nobody else's log is touched.
func testLogBudget(t *testing.T, s Store) {
	ctx := t.Context()
	rules := todo.Rules{
		Quota: plenty, Logged: 10, TrashRemembered: time.Hour, LogRemembered: time.Hour, KeysRemembered: time.Hour,
	}
	service := todo.NewService(s, func() time.Time { return noon }, rules)
	ada, bob := todo.User{ID: newUser(), AsOf: noon}, newUser()
	for range 12 {
		mustCreate(t, s, bob, titled("bob's"))
	}
	start := mustSync(t, service, ada, "")
	toggled := must(t)(taskOf(service.Create(ctx, ada, titled("x"), todo.WriteOptions{})))
	toggle := func(n int) {
		t.Helper()
		for range n {
			must(t)(taskOf(service.Toggle(ctx, ada, toggled.ID, todo.WriteOptions{})))
		}
	}
	wantLog := func(first, last todo.Rev) {
		t.Helper()
		log, state, err := s.Changes(ctx, ada.ID, 0, 100)
		if err != nil || len(log) != int(last-first)+1 || log[0].Rev != first || state.Rev != last {
			t.Fatalf("%d entries, the first %+v, state %+v, %v", len(log), log[0], state, err)
		}
	}
	toggle(9)
	if swept, err := service.TidyNoted(ctx); err != nil || swept != (todo.Swept{}) {
		t.Errorf("at the budget: %+v, %v", swept, err)
	}
	wantLog(1, 10)
	late := mustSync(t, service, ada, "")
	toggle(7)
	wantLog(1, 17)
	if swept, err := service.TidyNoted(ctx); err != nil || swept != (todo.Swept{Others: 7}) {
		t.Errorf("beyond it: %+v, %v", swept, err)
	}
	wantLog(8, 17)
	if swept, err := service.TidyNoted(ctx); err != nil || swept != (todo.Swept{}) {
		t.Errorf("again: %+v, %v", swept, err)
	}
	_, err := service.Sync(ctx, ada, start.Next, nil)
	wantCode(t, err, todo.Outdated)
	if page, err := service.Sync(ctx, ada, late.Next, nil); err != nil || len(page.Changes) != 1 {
		t.Errorf("from within: %+v, %v", page, err)
	}
	_, err = service.Undo(ctx, ada, 3, "", todo.WriteOptions{})
	wantCode(t, err, todo.NotFound)

	if log, _, err := s.Changes(ctx, bob, 0, 100); err != nil || len(log) != 12 {
		t.Errorf("bob has %d entries, %v", len(log), err)
	}
}

// testKeyBudget: whoever has as many keys remembered as may be gets no more, until some of them are forgotten; those that
// are remembered answer as ever, and nothing was done without its key.
func testKeyBudget(t *testing.T, s Store) {
	ctx := t.Context()
	now := noon
	service := todo.NewService(s, func() time.Time { return now }, todo.Rules{Quota: plenty, Keys: 3, KeysRemembered: time.Hour})
	ada, bob := todo.User{ID: newUser(), AsOf: noon}, todo.User{ID: newUser(), AsOf: noon}
	create := func(by todo.User, key string) (todo.WriteResult, error) {
		return service.Create(ctx, by, titled("x"), keyed(key))
	}
	for i := range 2 {
		must(t)(taskOf(create(ada, fmt.Sprint(i))))
	}
	if set, err := service.ClearCompleted(ctx, ada, keyed("nothing")); err != nil || len(set.Changes) > 0 {
		t.Fatalf("%+v, %v", set, err)
	}
	before := mustState(t, s, ada.ID)
	_, err := create(ada, "one more")
	if refused := (*todo.Error)(nil); !errors.As(err, &refused) || refused.Code != todo.Limited || refused.RetryAfter <= 0 {
		t.Errorf("one more: %v", err)
	}
	if after := mustState(t, s, ada.ID); after != before {
		t.Errorf("the state was %+v, is %+v", before, after)
	}
	if out, err := create(ada, "1"); err != nil || !out.Replayed {
		t.Errorf("one that is remembered: %+v, %v", out, err)
	}
	must(t)(taskOf(service.Create(ctx, ada, titled("without"), todo.WriteOptions{})))
	must(t)(taskOf(create(bob, "his own")))
	now = noon.Add(2 * time.Hour)
	if n, err := s.Forget(ctx, ada.ID, todo.Cutoffs{Keys: now.Add(-time.Hour)}, 2); err != nil || n != 3 {
		t.Errorf("%d forgotten, %v", n, err)
	}
	for i := range 3 {
		must(t)(taskOf(create(ada, fmt.Sprint("later ", i))))
	}
	_, err = create(ada, "one more")
	wantCode(t, err, todo.Limited)
}

// testTrashBudget: the trash holds as many tasks as somebody may have; beyond that what has been there the longest goes for
// good, with the deletion, however many tasks it is of.
func testTrashBudget(t *testing.T, s Store) {
	ctx, service, ada, bob := t.Context(), serviceOf(s, 5), todo.User{ID: newUser(), AsOf: noon}, newUser()
	must(t)(taskOf(service.Delete(ctx, todo.User{ID: bob, AsOf: noon}, mustCreate(t, s, bob, titled("bob's")).ID, todo.WriteOptions{})))
	n := 0
	create := func() int64 {
		t.Helper()
		n++
		return must(t)(taskOf(service.Create(ctx, ada, titled(fmt.Sprint(n)), todo.WriteOptions{}))).ID
	}
	wantTrash := func(want ...string) {
		t.Helper()
		page := mustList(t, s, ada.ID, todo.Filter{Trash: true, Order: []todo.Order{{By: todo.ByDeleted}}})
		if got := titles(page.Tasks); !slices.Equal(got, want) {
			t.Errorf("in the trash are %q, want %q", got, want)
		}
	}
	for range 5 {
		must(t)(taskOf(service.Delete(ctx, ada, create(), todo.WriteOptions{})))
	}
	wantTrash("1", "2", "3", "4", "5")
	id := create()
	out, err := service.Delete(ctx, ada, id, keyed("delete 6"))
	if err != nil || out.Task.ID != id {
		t.Fatalf("%+v, %v", out, err)
	}
	wantTrash("2", "3", "4", "5", "6")
	if again, err := service.Delete(ctx, ada, id, keyed("delete 6")); err != nil || !again.Replayed || again.Task.ID != id {
		t.Errorf("again: %+v, %v", again, err)
	}
	if op, err := service.Operation(ctx, ada, "delete 6"); err != nil || op.Task.ID != id || op.Total != 2 {
		t.Errorf("%+v, %v", op, err)
	}
	must(t)(taskOf(service.Restore(ctx, ada, id, todo.WriteOptions{})))
	must(t)(taskOf(service.Delete(ctx, ada, id, todo.WriteOptions{})))
	wantTrash("2", "3", "4", "5", "6")

	for range 5 {
		must(t)(taskOf(service.Update(ctx, ada, create(), todo.Patch{Completed: todo.Some(true)}, todo.WriteOptions{})))
	}
	set, err := service.ClearCompleted(ctx, ada, todo.WriteOptions{})
	if err != nil || set.Total != 10 {
		t.Errorf("%d changes, %v", set.Total, err)
	}
	wantTrash("7", "8", "9", "10", "11")
	if page := mustList(t, s, bob, todo.Filter{Trash: true, Order: todo.LatestDeletedFirst()}); len(page.Tasks) != 1 {
		t.Errorf("bob's: %v", titles(page.Tasks))
	}
}

// testTrimmedSets: a deletion that a full trash paid for is undone like any other; a batch that restores one of the oldest
// keeps it; and a small trash doesn't even hold what one request deletes.
func testTrimmedSets(t *testing.T, s Store) {
	ctx, service, ada := t.Context(), serviceOf(s, 2), todo.User{ID: newUser(), AsOf: noon}
	create := func(title string) int64 {
		t.Helper()
		return must(t)(taskOf(service.Create(ctx, ada, titled(title), todo.WriteOptions{}))).ID
	}
	a, b := create("a"), create("b")
	for _, id := range []int64{a, b} {
		must(t)(taskOf(service.Delete(ctx, ada, id, todo.WriteOptions{})))
	}
	c, d := create("c"), create("d")
	steps := []todo.Step{{Op: todo.Deleted, ID: c}, {Op: todo.Deleted, ID: d}, {Op: todo.Restored, ID: a}}
	if _, err := service.Batch(ctx, ada, steps, true, keyed("batch")); err != nil {
		t.Fatal(err)
	}
	page := mustList(t, s, ada.ID, todo.Filter{Trash: true, Order: []todo.Order{{By: todo.ByDeleted}}})
	if got := titles(page.Tasks); !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("in the trash are %q", got)
	}
	undone, err := service.Undo(ctx, ada, 0, "batch", todo.WriteOptions{})
	if err != nil || undone.Total != 3 {
		t.Errorf("%d changes, %v", undone.Total, err)
	}
	if got := titles(mustList(t, s, ada.ID, todo.Filter{}).Tasks); !slices.Equal(got, []string{"d", "c"}) {
		t.Errorf("there are %q", got)
	}
	_, err = service.History(ctx, ada, todo.KindTask, b, 10, "")
	wantCode(t, err, todo.NotFound)

	one := serviceOf(s, 1)
	if batch, err := one.Batch(ctx, ada, []todo.Step{{Op: todo.Deleted, ID: c}, {Op: todo.Deleted, ID: d}}, true, todo.WriteOptions{}); err != nil {
		t.Errorf("%+v, %v", batch, err)
	}
	page = mustList(t, s, ada.ID, todo.Filter{Trash: true, Order: todo.LatestDeletedFirst()})
	if got := titles(page.Tasks); !slices.Equal(got, []string{"d"}) {
		t.Errorf("in a trash for one are %q", got)
	}
}

// testOverfullTrash: a trash that holds far more than it may, as from before there was a limit, costs no change more than a
// few rows: each deletion takes twice as many out of it as it puts there, other changes none.
func testOverfullTrash(t *testing.T, s Store) {
	ctx, ada, now := t.Context(), todo.User{ID: newUser(), AsOf: noon}, noon
	clock := func() time.Time { now = now.Add(time.Second); return now }
	before, after := todo.NewService(s, clock, todo.Rules{Quota: plenty}), todo.NewService(s, clock, todo.Rules{Quota: 2})
	for i := range 30 {
		id := must(t)(taskOf(before.Create(ctx, ada, titled(fmt.Sprint(i)), todo.WriteOptions{}))).ID
		must(t)(taskOf(before.Delete(ctx, ada, id, todo.WriteOptions{})))
	}
	wantTrash := func(n int, oldest string) {
		t.Helper()
		page := mustList(t, s, ada.ID, todo.Filter{Trash: true, Order: []todo.Order{{By: todo.ByDeleted}}})
		if got := titles(page.Tasks); len(got) != n || got[0] != oldest {
			t.Errorf("in the trash are %q, want %d from %s on", got, n, oldest)
		}
	}
	id := must(t)(taskOf(after.Create(ctx, ada, titled("new"), todo.WriteOptions{}))).ID
	must(t)(taskOf(after.Toggle(ctx, ada, id, todo.WriteOptions{})))
	wantTrash(30, "0")
	must(t)(taskOf(after.Delete(ctx, ada, id, todo.WriteOptions{})))
	wantTrash(29, "2")
}
