package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// otherRules stand for rules of a time zone that nobody goes by any more.
const otherRules = "other rules"

// zoned is a zone whose rules have changed in RunZones.
const zoned = "Europe/Berlin"

// inZone makes a task that is due then in a zone, with p beside that.
func (d device) inZone(zone, when string, p todo.Patch) int64 {
	d.t.Helper()
	p.Due, p.DueZone = todo.Some(due(when)), todo.Some(zone)
	return d.task(p)
}

// same reports whether two tasks are the same.
func same(a, b todo.Task) bool { return a.Same(&b) }

// all returns all that somebody has, in the trash or not, by id.
func (d device) all(s Store) map[int64]todo.Task {
	d.t.Helper()
	p := &kindPerson{user: d.User}
	(&kindModel{store: s}).readKept(d.t, p)
	return p.tasks
}

// RunZones fails the test unless a sweep moves the tasks in a zone whose rules have changed to where clocks show what they showed
// before. There must be nothing else in s. The rules of a program can't be changed, so shift has it look as if others had been good
// when the tasks were written: it moves all instants of tasks that are due in a zone, in their rows and in the log, and leaves what the clock showed.
func RunZones(t *testing.T, s Store, shift func(zone string, by time.Duration)) {
	t.Run("a sweep follows the rules", func(t *testing.T) { sweepFollows(t, s, shift) })
	t.Run("two sweeps at once move each task once", func(t *testing.T) { sweepsAtOnce(t, s, shift) })
	t.Run("somebody goes while a sweep is under way", func(t *testing.T) { goneMeanwhile(t, s, shift) })
}

// remember has the store remember that the tasks of the zone go by other rules.
func remember(t *testing.T, s Store) {
	t.Helper()
	if err := s.RememberRules(t.Context(), zoned, otherRules); err != nil {
		t.Fatal(err)
	}
}

// wantMoved sweeps and fails the test unless so many tasks are moved, and nothing else happens.
func wantMoved(t *testing.T, service *todo.Service, want int) {
	t.Helper()
	if swept, err := service.Sweep(t.Context()); err != nil || swept != (todo.Swept{Moved: want}) {
		t.Fatalf("swept %+v, %v; want %d moved", swept, err, want)
	}
}

// keeping returns the use cases over s, which keep everything for long.
func keeping(s account.FullStore) *todo.Service {
	var mu sync.Mutex
	now, long := noon, 1000*time.Hour
	return todo.NewService(s, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Millisecond)
		return now
	}, todo.Rules{Quota: plenty, KeysRemembered: long, TrashRemembered: long, LogRemembered: long})
}

// sweepFollows: what is open moves, each by a change of its own; what shows the right time stays, and so does what is done or in the
// trash, until it comes back; the next sweep does nothing; and a move is taken back like any other change.
func sweepFollows(t *testing.T, s Store, shift func(zone string, by time.Duration)) {
	service := keeping(s)
	ada, bob := device{t, service, todo.User{ID: newUser(), AsOf: noon}}, device{t, service, todo.User{ID: newUser(), AsOf: noon}}
	weekly := todo.Patch{Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=WEEKLY")})}

	plain := ada.inZone(zoned, "2026-06-01T07:00:00Z", todo.Patch{})
	recurs := ada.inZone(zoned, "2026-06-01T07:00:00Z", weekly)
	ada.must(ada.complete(recurs, nil)) // its slot is another date than its anchor
	postponed := ada.inZone(zoned, "2026-06-01T07:00:00Z", weekly)
	ada.must(ada.update(postponed, todo.Patch{Due: todo.Some(due("2026-06-03T19:30:00Z"))}))
	child := ada.inZone(zoned, "2026-12-24T18:00:00Z", todo.Patch{ParentID: todo.Some(plain)})
	gap := ada.inZone(zoned, "2026-03-28T01:30:00Z", todo.Patch{Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=DAILY")})})
	ada.must(ada.complete(gap, nil)) // due at half past two, which no clock shows that night
	done := ada.inZone(zoned, "2026-06-01T07:00:00Z", todo.Patch{Completed: todo.Some(true)})
	thrown := ada.inZone(zoned, "2026-06-01T07:00:00Z", todo.Patch{})
	ada.must(ada.delete(thrown))
	elsewhere := ada.inZone("America/New_York", "2026-06-01T07:00:00Z", weekly)
	nowhere := ada.task(todo.Patch{Due: todo.Some(due("2026-06-01T07:00:00Z"))})
	day := ada.daily(todo.Patch{}, "FREQ=DAILY")
	many := bob.manyInZone(1100)

	wantMoved(t, service, 0)
	before, bobs := ada.all(s), bob.all(s)
	shift(zoned, -time.Hour)
	stays := ada.inZone(zoned, "2026-06-01T07:00:00Z", weekly)
	twice := ada.inZone(zoned, "2026-10-25T01:30:00Z", todo.Patch{}) // the second half past two of that night
	remember(t, s)
	ada.must(ada.update(postponed, titled("edited before"))) // whoever edits something else doesn't settle for the date
	shifted := ada.all(s)
	if shifted[plain].Due.At.Equal(before[plain].Due.At) || shifted[recurs].Recurrence.Slot.At.Equal(before[recurs].Recurrence.Slot.At) {
		t.Fatal("nothing was shifted")
	}
	from, bobFrom := mustSync(t, service, ada.User, ""), mustSync(t, service, bob.User, "")
	for bobFrom.More {
		bobFrom = mustSync(t, service, bob.User, bobFrom.Next)
	}
	start := mustState(t, s, ada.ID).Rev

	edited := before[postponed]
	edited.Title = "edited before"
	before[postponed] = edited
	moved := []int64{plain, recurs, postponed, child, gap}
	wantMoved(t, service, len(moved)+len(many))
	after := ada.all(s)
	for _, id := range moved {
		wantFollowed(t, s, before[id], shifted[id], after[id])
	}
	for _, id := range []int64{done, thrown, elsewhere, nowhere, day, stays, twice} {
		wantTask(t, after[id], shifted[id])
	}
	page := mustSync(t, service, ada.User, from.Next)
	ids := map[int64]bool{}
	for _, c := range page.Changes {
		if ids[c.Task.ID] = true; c.Op != todo.Updated {
			t.Errorf("sync tells of task %d that it was %s", c.Task.ID, c.Op)
		}
		wantTask(t, c.Task, after[c.Task.ID])
	}
	if got := slices.Sorted(maps.Keys(ids)); !slices.Equal(got, slices.Sorted(slices.Values(moved))) || page.More {
		t.Errorf("sync tells of %v, want %v", got, moved)
	}
	told := 0
	for token, more := bobFrom.Next, true; more; {
		page := mustSync(t, service, bob.User, token)
		told, token, more = told+len(page.Changes), page.Next, page.More
	}
	now := bob.all(s)
	for _, id := range many {
		if !same(now[id], bobs[id]) {
			t.Fatalf("of many %s became %s", show(bobs[id]), show(now[id]))
		}
	}
	if told != len(many) {
		t.Errorf("sync tells of %d, want %d", told, len(many))
	}

	zones, err := s.ZonesInUse(t.Context())
	if err != nil || zones[zoned] == otherRules || zones[zoned] == "" {
		t.Errorf("remembered: %v, %v", zones, err)
	}
	wantMoved(t, service, 0)
	remember(t, s) // then all is looked at again
	wantMoved(t, service, 0)
	if rev := mustState(t, s, ada.ID).Rev; rev != start+todo.Rev(len(moved)) {
		t.Errorf("revision %d after %d", rev, start)
	}
	followedTakenBack(t, s, ada, start, before, shifted, moved)
	ada.must(ada.update(done, todo.Patch{Completed: todo.Some(false)}))
	ada.must(errOf(service.Restore(t.Context(), ada.User, thrown, todo.WriteOptions{})))
	for _, id := range []int64{done, thrown} {
		if got, want := mustRead(t, s, ada.ID, id).Due.At, before[id].Due.At; !got.Equal(want) {
			t.Errorf("what has come back is due at %s, want %s", got, want)
		}
	}
}

// followedTakenBack takes back the moves of tasks, which were made from a revision on, and makes them again.
func followedTakenBack(t *testing.T, s Store, d device, start todo.Rev, before, shifted map[int64]todo.Task, moved []int64) {
	t.Helper()
	for i := range moved {
		_, err := d.s.Undo(t.Context(), d.User, start+1+todo.Rev(i), "", todo.WriteOptions{})
		d.must(err)
	}
	for id, task := range d.all(s) {
		if !same(task, shifted[id]) {
			t.Errorf("taken back: %s, want %s", show(task), show(shifted[id]))
		}
	}
	wantMoved(t, d.s, 0) // nobody does what somebody has just taken back, as long as no other rules come
	for i := range moved {
		_, err := d.s.Undo(t.Context(), d.User, start+todo.Rev(len(moved)+1+i), "", todo.WriteOptions{})
		d.must(err)
	}
	now := d.all(s)
	for _, id := range moved {
		if !same(now[id], before[id]) {
			t.Errorf("done again: %s, want %s", show(now[id]), show(before[id]))
		}
	}
	// What a series goes by is what it was: the next occurrence comes at the same time as without all this.
	d.must(d.complete(moved[1], nil))
	if got, want := mustRead(t, s, d.ID, moved[1]).Due.At, before[moved[1]].Due.At.AddDate(0, 0, 7); !got.Equal(want) {
		t.Errorf("the next one is due at %s, want %s", got, want)
	}
}

// wantFollowed fails the test unless a task that was shifted is what it was before, by one change in its history that touched its
// dates and nothing else.
func wantFollowed(t *testing.T, s Store, before, shifted, after todo.Task) {
	t.Helper()
	if !after.Same(&before) || after.Version <= shifted.Version || !after.UpdatedAt.After(shifted.UpdatedAt) {
		t.Errorf("%s, shifted to %s, became %s", show(before), show(shifted), show(after))
	}
	history, err := s.History(t.Context(), before.Owner, todo.KindTask, before.ID, 0, 2)
	if err != nil || len(history) < 1 {
		t.Fatalf("%d changes, %v", len(history), err)
	}
	c, want := history[0], []string{"due_date"}
	if before.Recurrence != nil {
		want = append(want, "recurrence")
	}
	if c.Rev != after.Version || c.SetRev != c.Rev || c.PrevRev != shifted.Version || c.Op != todo.Updated || c.Occurrence != nil ||
		!slices.Equal(slices.Sorted(maps.Keys(c.Before)), want) {
		t.Errorf("the latest change of task %d is %+v, want one of %q", before.ID, c, want)
	}
}

// manyInZone makes so many tasks that are due in the zone whose rules change, and returns their ids.
func (d device) manyInZone(n int) (ids []int64) {
	d.t.Helper()
	for len(ids) < n {
		var steps []todo.Step
		for i := range min(todo.MaxBatch, n-len(ids)) {
			p := todo.Patch{
				Title: todo.Some(fmt.Sprint(len(ids) + i)), Due: todo.Some(todo.Date{At: noon.AddDate(0, 0, len(ids)+i)}), DueZone: todo.Some(zoned),
			}
			if i%3 == 0 {
				p.Recurrence = todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=MONTHLY;BYDAY=2TU")})
			}
			steps = append(steps, todo.Step{Op: todo.Created, Patch: p})
		}
		out, err := d.s.Batch(context.Background(), d.User, steps, true, todo.WriteOptions{})
		d.must(err)
		for _, r := range out.Results {
			ids = append(ids, r.Task.ID)
		}
	}
	return ids
}

// sweepsAtOnce: of two processes that sweep at the same time, one moves a task, while its owner changes it.
func sweepsAtOnce(t *testing.T, s Store, shift func(zone string, by time.Duration)) {
	d := device{t, keeping(s), todo.User{ID: newUser(), AsOf: noon}}
	ids := d.manyInZone(120)
	before := d.all(s)
	wantMoved(t, d.s, 0)
	shift(zoned, time.Hour)
	remember(t, s)
	start := mustState(t, s, d.ID).Rev
	var mu sync.Mutex
	moved, others := 0, 0
	atOnce(t, 4, func(i int) error {
		if i > 1 {
			for _, id := range ids[:20] {
				if err := patiently(func() error { return d.update(id, titled(fmt.Sprint("device ", i))) }); err != nil {
					return err
				}
			}
			return nil
		}
		swept, err := keeping(s).Sweep(context.Background())
		mu.Lock()
		defer mu.Unlock()
		moved, others = moved+swept.Moved, others+swept.Others
		return err
	})
	// The tasks of who was there before have been shifted with these.
	if now := mustState(t, s, d.ID).Rev; moved < len(ids) || others != 0 || now != start+todo.Rev(len(ids)+2*20) {
		t.Fatalf("%d were moved, and %d other things done, from revision %d to %d", moved, others, start, now)
	}
	for id, task := range d.all(s) {
		want := before[id]
		want.Title = task.Title
		if !task.Same(&want) {
			t.Fatalf("%s became %s", show(before[id]), show(task))
		}
	}
	wantMoved(t, d.s, 0)
	wantWhole(t, s, d.ID)
}

// A watched store calls a function after it has said whose tasks are due in a zone, and one after it has said where somebody's data stand.
type watched struct {
	account.FullStore

	inZone func([]todo.TaskRef)
	state  func(todo.UserID)
}

// InZone implements todo.Maintenance.
func (w watched) InZone(ctx context.Context, zone string, after todo.TaskRef, limit int) ([]todo.TaskRef, error) {
	tasks, err := w.FullStore.InZone(ctx, zone, after, limit)
	w.inZone(tasks)
	return tasks, err
}

// State implements todo.Store.
func (w watched) State(ctx context.Context, owner todo.UserID) (todo.State, error) {
	state, err := w.FullStore.State(ctx, owner)
	w.state(owner)
	return state, err
}

// goneMeanwhile: people who are erased while a sweep is under way, before or after it has looked whether they were, one of whom comes
// back, and tasks that go to the trash, or for good, keep nobody else's from being moved.
func goneMeanwhile(t *testing.T, s Store, shift func(zone string, by time.Duration)) {
	service := keeping(s)
	var people [5]device
	for i := range people {
		people[i] = device{t, service, todo.User{ID: todo.UserID(fmt.Sprint("gone ", i, newUser())), AsOf: noon}}
	}
	soon, late, back, busy, last := people[0], people[1], people[2], people[3], people[4]
	var ids [5][]int64
	for i, d := range people {
		ids[i] = d.manyInZone(3)
	}
	wantMoved(t, service, 0)
	before := last.all(s)
	shift(zoned, -time.Hour)
	remember(t, s)

	later := noon.Add(time.Hour)
	var listed, asked sync.Once
	store := watched{s.FullStore, func([]todo.TaskRef) {
		listed.Do(func() {
			for _, d := range []device{soon, back} {
				d.must(s.Erase(context.Background(), d.ID, later))
			}
			back.AsOf = later.Add(time.Second)
			back.inZone(zoned, "2026-06-01T07:00:00Z", todo.Patch{})
			busy.must(busy.delete(ids[3][0]))
			busy.must(busy.delete(ids[3][1]))
			busy.must(busy.purge(ids[3][1]))
		})
	}, func(owner todo.UserID) {
		if owner == late.ID {
			asked.Do(func() { late.must(s.Erase(context.Background(), late.ID, later)) })
		}
	}}
	swept, err := keeping(store).Sweep(t.Context())
	if err != nil || swept.Moved < 4 { // and those of who was there before
		t.Errorf("swept %+v, %v", swept, err)
	}
	now := last.all(s)
	for _, id := range ids[4] {
		if !same(now[id], before[id]) {
			t.Errorf("%s became %s", show(before[id]), show(now[id]))
		}
	}
	for _, d := range []device{soon, late} {
		if left := d.all(s); len(left) != 0 || mustState(t, s, d.ID).ErasedAt.IsZero() {
			t.Errorf("of somebody who was erased there are %d tasks", len(left))
		}
	}
	if left := back.all(s); len(left) != 1 {
		t.Errorf("somebody who came back has %d tasks", len(left))
	}
	wantMoved(t, service, 0)
	wantWhole(t, s, last.ID)
	wantWhole(t, s, busy.ID)
}
