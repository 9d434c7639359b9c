package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"todod/internal/todo"
)

// complete completes an occurrence of a task, nil for the present one.
func (d device) complete(id int64, slot *todo.Date) error {
	return errOf(d.s.Complete(context.Background(), d.User, id, slot, todo.WriteOptions{}))
}

// skip has an occurrence of a task pass without being done.
func (d device) skip(id int64, slot *todo.Date) error {
	return errOf(d.s.Skip(context.Background(), d.User, id, slot, todo.WriteOptions{}))
}

// completed returns what somebody has completed, the latest first.
func (d device) completed() (all []todo.Completion) {
	d.t.Helper()
	for cursor := ""; ; {
		page, err := d.s.Completions(context.Background(), d.User, time.Time{}, time.Time{}, todo.MaxLimit, cursor)
		d.must(err)
		if all = append(all, page.Completions...); page.Next == "" {
			return all
		}
		cursor = page.Next
	}
}

// slotOf returns the occurrence that a task is now, as devices name it.
func slotOf(t todo.Task) *todo.Date {
	return &todo.Date{At: t.Recurrence.Slot.At, AllDay: t.Recurrence.AllDay}
}

// patchCompleted is the patch that completes a task.
var patchCompleted = todo.Patch{Completed: todo.Some(true)}

// meetings are what two devices do at the same time with the occurrence that a task is, which is on the screens of both: it passes
// exactly once, whoever comes first, by one change. late is how the one who comes later is answered, 0 for no error.
var meetings = []struct {
	name   string
	rounds int
	late   todo.Code
	do     func(device, todo.Task) (one, other func() error)
}{
	{"both complete it", slotRounds, 0, func(d device, t todo.Task) (one, other func() error) {
		do := func() error { return d.complete(t.ID, slotOf(t)) }
		return do, do
	}},
	{"one completes it, the other skips it", kindRounds, 0, func(d device, t todo.Task) (one, other func() error) {
		return func() error { return d.complete(t.ID, slotOf(t)) }, func() error { return d.skip(t.ID, slotOf(t)) }
	}},
	{"both skip it", kindRounds, 0, func(d device, t todo.Task) (one, other func() error) {
		do := func() error { return d.skip(t.ID, slotOf(t)) }
		return do, do
	}},
	{"one completes it, the other merges that it is completed", kindRounds, 0, func(d device, t todo.Task) (one, other func() error) {
		opts := todo.WriteOptions{If: []todo.Rev{t.Version}}
		return func() error { return d.complete(t.ID, slotOf(t)) },
			func() error { return errOf(d.s.Merge(context.Background(), d.User, t.ID, patchCompleted, opts)) }
	}},
	{"both merge that it is completed", kindRounds, 0, func(d device, t todo.Task) (one, other func() error) {
		opts := todo.WriteOptions{If: []todo.Rev{t.Version}}
		do := func() error { return errOf(d.s.Merge(context.Background(), d.User, t.ID, patchCompleted, opts)) }
		return do, do
	}},
	{"both toggle this version", kindRounds, todo.Changed, func(d device, t todo.Task) (one, other func() error) {
		opts := todo.WriteOptions{If: []todo.Rev{t.Version}}
		do := func() error { return errOf(d.s.Toggle(context.Background(), d.User, t.ID, opts)) }
		return do, do
	}},
	{"both update this version", kindRounds, todo.Changed, func(d device, t todo.Task) (one, other func() error) {
		opts := todo.WriteOptions{If: []todo.Rev{t.Version}}
		do := func() error { return errOf(d.s.Update(context.Background(), d.User, t.ID, patchCompleted, opts)) }
		return do, do
	}},
	{"one request comes twice", kindRounds, 0, func(d device, t todo.Task) (one, other func() error) {
		opts := keyed(fmt.Sprint("complete ", t.Version))
		do := func() error { return errOf(d.s.Complete(context.Background(), d.User, t.ID, nil, opts)) }
		return do, do
	}},
}

// testOneOccurrenceAtOnce: of two devices that have one occurrence pass at the same time, one does it.
func testOneOccurrenceAtOnce(t *testing.T, s Store) {
	for _, m := range meetings {
		t.Run(m.name, func(t *testing.T) {
			d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
			id := d.daily(todo.Patch{}, "FREQ=DAILY")
			before, passed := mustRead(t, s, d.ID, id), 0
			for round := range m.rounds {
				errs := bothOf(m.do(d, before))
				if todo.CodeOf(errs[0]) > todo.CodeOf(errs[1]) {
					errs[0], errs[1] = errs[1], errs[0]
				}
				if errs[0] != nil || todo.CodeOf(errs[1]) != m.late {
					t.Fatalf("round %d: %v; the one who comes later is to get the code %d", round, errs, m.late)
				}
				passed++
				after := mustRead(t, s, d.ID, id)
				if want := before.Recurrence.Slot.At.AddDate(0, 0, 1); after.Version != before.Version+1 || after.Completed ||
					!after.Recurrence.Slot.At.Equal(want) || !after.Due.At.Equal(want) {
					t.Fatalf("round %d: %s became %s", round, show(before), show(after))
				}
				before = after
			}
			wantEachOnce(t, d, before, passed)
			wantWhole(t, s, d.ID)
		})
	}
}

// bothOf has two devices do something at the same time and returns what each is told.
func bothOf(one, other func() error) (errs [2]error) {
	var both sync.WaitGroup
	both.Go(func() { errs[0] = one() })
	both.Go(func() { errs[1] = other() })
	both.Wait()
	return errs
}

// wantEachOnce fails the test unless the completions of somebody are those of the first occurrences of a daily task, so many of them,
// each once, of which as many were done as the task says.
func wantEachOnce(t *testing.T, d device, task todo.Task, passed int) {
	t.Helper()
	all, done := d.completed(), 0
	if len(all) != passed {
		t.Fatalf("%d occurrences are told of %d", len(all), passed)
	}
	if !slices.IsSortedFunc(all, func(a, b todo.Completion) int { return b.At.Compare(a.At) }) {
		t.Fatal("they aren't told by when they passed")
	}
	slices.SortFunc(all, func(a, b todo.Completion) int { return b.Slot.Compare(*a.Slot) }) // clocks of devices differ
	for i, c := range all {
		want := task.Recurrence.Anchor.At.AddDate(0, 0, passed-1-i)
		if c.Task != task.ID || !c.Slot.Equal(want) || c.Due == nil || !c.Due.At.Equal(want) {
			t.Fatalf("completion %d is %+v, want that of %s", i, c, want)
		}
		if !c.Skipped {
			done++
		}
	}
	if task.Recurrence.Done != done {
		t.Fatalf("%d were done, the task says %d", done, task.Recurrence.Done)
	}
}

// testTheLastOccurrenceAtOnce: two devices do with the last occurrence of a task what they like at the same time: it is completed for
// real, once, with its parts, or nothing has become of it, as skipping the last is refused.
func testTheLastOccurrenceAtOnce(t *testing.T, s Store) {
	do := map[string]func(device, todo.Task) error{
		"complete": func(d device, t todo.Task) error { return d.complete(t.ID, slotOf(t)) },
		"skip":     func(d device, t todo.Task) error { return d.skip(t.ID, slotOf(t)) },
		"update":   func(d device, t todo.Task) error { return d.update(t.ID, patchCompleted) },
	}
	for _, names := range [][2]string{{"complete", "complete"}, {"complete", "skip"}, {"complete", "update"}, {"skip", "skip"}} {
		t.Run(names[0]+" and "+names[1], func(t *testing.T) {
			for round := range kindRounds {
				d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
				id := d.daily(todo.Patch{}, "FREQ=DAILY;COUNT=1")
				part := d.task(todo.Patch{ParentID: todo.Some(id)})
				task := mustRead(t, s, d.ID, id)
				errs := bothOf(func() error { return do[names[0]](d, task) }, func() error { return do[names[1]](d, task) })
				for i, err := range errs {
					if code := todo.CodeOf(err); code != 0 && (names[i] != "skip" || code != todo.Conflict) {
						t.Fatalf("round %d: to %s: %v", round, names[i], err)
					}
				}
				done := 0
				if names[0] == "complete" {
					done = 1
				}
				after, below := mustRead(t, s, d.ID, id), mustRead(t, s, d.ID, part)
				if after.Completed != (done == 1) || below.Completed != (done == 1) || after.Recurrence.Done != done {
					t.Fatalf("round %d: %v: %s, its part completed %v", round, errs, show(after), below.Completed)
				}
				told := 0
				for _, c := range d.completed() {
					if c.Task == id && !c.Skipped {
						told++
					}
				}
				if told != done {
					t.Fatalf("round %d: it is told %d times", round, told)
				}
				if done == 1 { // one that has passed is passed for whoever comes then
					d.must(d.complete(id, slotOf(task)))
					d.must(d.skip(id, slotOf(task)))
				}
				wantWhole(t, s, d.ID)
			}
		})
	}
}

// testPassingAndPostponingAtOnce: while one device completes an occurrence, another gives the task another date, or takes back what
// was completed before: in whatever order they come, the series goes by its slots, and each occurrence is told once.
func testPassingAndPostponingAtOnce(t *testing.T, s Store) {
	for name, other := range map[string]func(device, Store, todo.Task) func() error{
		"postponing": func(d device, _ Store, task todo.Task) func() error {
			return func() error {
				return d.update(task.ID, todo.Patch{Due: todo.Some(todo.Date{At: task.Due.At.AddDate(0, 0, 40), AllDay: true})})
			}
		},
		"taking back": func(d device, s Store, _ todo.Task) func() error { return d.undoLatest(s) },
	} {
		t.Run(name, func(t *testing.T) {
			for round := range kindRounds {
				d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
				id := d.daily(todo.Patch{}, "FREQ=DAILY")
				d.must(d.complete(id, nil))
				task := mustRead(t, s, d.ID, id)
				errs := bothOf(func() error { return d.complete(id, slotOf(task)) }, other(d, s, task))
				for _, err := range errs {
					wantRefusal(t, err)
				}
				after := mustRead(t, s, d.ID, id)
				days := int(after.Recurrence.Slot.At.Sub(after.Recurrence.Anchor.At).Hours() / 24)
				if days != after.Recurrence.Done || len(d.completed()) != days {
					t.Fatalf("round %d: %v: %s, of which %d are told", round, errs, show(after), len(d.completed()))
				}
				wantWhole(t, s, d.ID)
			}
		})
	}
}
