package storetest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// passes completes, or skips each fourth time, the present occurrence of a task, so many times.
func (d device) passes(id int64, times int) {
	d.t.Helper()
	for i := range times {
		if i%4 == 3 {
			d.must(d.skip(id, nil))
		} else {
			d.must(d.complete(id, nil))
		}
	}
}

// listPassed lists what has passed.
func (d device) listPassed(ctx context.Context, s todo.Store) error {
	return todo.ListPassed(ctx, s, d.ID, noon)
}

// listed returns what Completions tells without listing anything first.
func (d device) listed(s Store) []todo.Completion {
	d.t.Helper()
	all, _, err := s.Completions(context.Background(), d.ID, time.Time{}, far, nil, plenty)
	d.must(err)
	return all
}

// wantListed fails the test unless what is listed of daily tasks are these occurrences, by how many days they come behind the first,
// the latest first.
func (d device) wantListed(s Store, what string, want ...int) {
	d.t.Helper()
	var got []int
	for _, c := range d.listed(s) {
		got = append(got, int(c.Slot.Sub(noon.Truncate(24*time.Hour)).Hours()/24))
	}
	if !slices.Equal(got, want) {
		d.t.Fatalf("%s: %d occurrences are listed, %v; want %v", what, len(got), got, want)
	}
}

// downTo returns the numbers from n-1 down to 0.
func downTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = n - 1 - i
	}
	return all
}

// testListedLate: what has passed is listed when somebody asks, however much that is, and once.
func testListedLate(t *testing.T, s Store) {
	const times = todo.StepSize + 50
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	id, other := d.daily(todo.Patch{}, "FREQ=DAILY"), d.task(todo.Patch{})
	d.must(d.listPassed(t.Context(), s)) // of what has no occurrences
	d.passes(id, times)
	d.wantListed(s, "before")
	for range 2 {
		d.must(d.listPassed(t.Context(), s))
		d.wantListed(s, "after", downTo(times)...)
	}
	wantEachOnce(t, d, mustRead(t, s, d.ID, id), times)
	if unlisted, err := s.Unlisted(t.Context(), d.ID); err != nil || unlisted {
		t.Errorf("there is something unlisted: %v, %v", unlisted, err)
	}
	d.must(d.update(other, patchCompleted))
	if all := d.completed(); len(all) != times+1 || all[0].Task != other || all[0].Slot != nil {
		t.Errorf("%d completions, the latest %+v", len(all), all[0])
	}
	d.must(d.listPassed(t.Context(), todo.Store(s)))
	if err := todo.ListPassed(t.Context(), s, newUser(), noon); err != nil {
		t.Errorf("of somebody whom nobody knows: %v", err)
	}
}

// SweepPassed tests, on a store of its own as it sweeps everybody's, that nothing is lost that has passed of what the log forgets,
// whatever makes it forget: its age, or its length. Occurrences that lie behind too many changes go, too.
func SweepPassed(t *testing.T, s Store) {
	now := noon
	service := func(r todo.Rules) *todo.Service {
		r.Quota, r.TrashRemembered, r.KeysRemembered = plenty, 100*time.Hour, 100*time.Hour
		return todo.NewService(s, func() time.Time { now = now.Add(time.Second); return now }, r)
	}
	old := device{t, service(todo.Rules{LogRemembered: time.Hour}), todo.User{ID: newUser(), AsOf: noon}}
	id := old.daily(todo.Patch{}, "FREQ=DAILY")
	old.passes(id, 30)
	old.must(old.s.SetTimeZone(t.Context(), old.User, "Europe/Berlin"))
	now = noon.Add(3 * time.Hour)
	old.passes(id, 3)
	if swept, err := old.s.Sweep(t.Context()); err != nil || swept.Others != 31 {
		t.Fatalf("swept %+v, %v", swept, err)
	}
	if log := mustLog(t, s, old.ID); len(log) != 3 {
		t.Fatalf("the log has %d entries", len(log))
	}
	old.wantListed(s, "swept", downTo(33)...)
	wantEachOnce(t, old, mustRead(t, s, old.ID, id), 33)

	long := device{t, service(todo.Rules{LogRemembered: 1000 * time.Hour, Logged: 10}), todo.User{ID: newUser(), AsOf: noon}}
	id = long.daily(todo.Patch{}, "FREQ=DAILY")
	long.passes(id, 17)
	if swept, err := long.s.TidyNoted(t.Context()); err != nil || swept.Others != 8 {
		t.Fatalf("tidied %+v, %v", swept, err)
	}
	long.wantListed(s, "tidied", downTo(17)...)
	wantEachOnce(t, long, mustRead(t, s, long.ID, id), 17)
	long.passes(id, 30) // 48 changes: the log has the last 10 of them, the list what came of the last 20
	_, err := long.s.TidyNoted(t.Context())
	long.must(err)
	long.wantListed(s, "beyond what is kept", downTo(47)[:20]...)
}

// testListedAndTakenBack: a completion that is taken back is listed no more, and is again when it is done again, whether it had been
// listed before or not, and whatever was listed in between.
func testListedAndTakenBack(t *testing.T, s Store) {
	for moments := range 1 << 3 {
		list := func(d device, i int) {
			if moments&(1<<i) != 0 {
				d.must(d.listPassed(t.Context(), s))
			}
		}
		d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
		id := d.daily(todo.Patch{}, "FREQ=DAILY")
		d.passes(id, 4) // the last is skipped
		told := d.told(s)
		list(d, 0)
		d.undone(s, 1)
		list(d, 1)
		if all := d.completed(); len(all) != 3 {
			t.Fatalf("%b: taken back, there are %d", moments, len(all))
		}
		d.undone(s, 1)
		list(d, 2)
		d.wantTold(s, "done again", told)
		d.must(d.listPassed(t.Context(), s))
		d.wantListed(s, "done again", downTo(4)...)
		d.undone(s, 1)
		d.undone(s, 1)
		d.undone(s, 1) // nothing was seen of these
		d.must(d.listPassed(t.Context(), s))
		d.wantListed(s, "taken back twice", downTo(3)...)
		d.passes(id, 2)
		wantEachOnce(t, d, mustRead(t, s, d.ID, id), 5)
		d.must(d.delete(id))
		if all := d.completed(); len(all) != 5 {
			t.Fatalf("%b: of a task in the trash there are %d", moments, len(all))
		}
		d.must(d.purge(id))
		if all := d.completed(); len(all) != 0 {
			t.Fatalf("%b: of a task that is gone for good there are %d", moments, len(all))
		}
	}
}

// testListedAtOnce: two who list at the same time, while others complete, list each occurrence once.
func testListedAtOnce(t *testing.T, s Store) {
	const times, devices = 40, 4
	for range rounds {
		d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
		id := d.daily(todo.Patch{}, "FREQ=DAILY")
		d.passes(id, times)
		atOnce(t, 2*devices, func(i int) error {
			return patiently(func() error {
				if i < devices {
					return d.listPassed(context.Background(), s)
				}
				return d.complete(id, nil)
			})
		})
		wantEachOnce(t, d, mustRead(t, s, d.ID, id), times+devices)
		wantWhole(t, s, d.ID)
	}
}

// An interrupted store calls between each time that a change decides; an error of it is that of the decision.
type interrupted struct {
	account.FullStore

	between func() error
}

// Change implements todo.Store.
func (s interrupted) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	return s.FullStore.Change(ctx, owner, need, func(known *todo.Snapshot) (todo.WriteSet, error) {
		if err := s.between(); err != nil {
			return todo.WriteSet{}, err
		}
		return decide(known)
	})
}

// testListingIsInterrupted: whoever lists, and goes away or fails before it begins or between two of its steps, leaves a list that is
// right as far as it goes, to which the next one adds what is missing, and nothing twice.
func testListingIsInterrupted(t *testing.T, s Store) {
	const first, times = 5, 5 + 2*todo.StepSize + 7
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	id := d.daily(todo.Patch{}, "FREQ=DAILY")
	d.passes(id, first)
	d.must(d.listPassed(t.Context(), s))
	d.passes(id, times-first)

	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := d.listPassed(gone, s); err == nil {
		t.Error("somebody who has gone away has listed something")
	}
	d.wantListed(s, "gone before", downTo(first)...)

	failed := errors.New("failed")
	for step := range 2 { // each goes on where the one before was interrupted
		steps := 0
		err := d.listPassed(t.Context(), interrupted{s.FullStore, func() error {
			if steps++; steps > step {
				return failed
			}
			return nil
		}})
		if !errors.Is(err, failed) {
			t.Errorf("failed after %d steps: %v", step, err)
		}
		d.wantListed(s, "failed", downTo(first+step*todo.StepSize)...)
	}

	leaving, leave := context.WithCancel(t.Context())
	defer leave()
	err := d.listPassed(leaving, interrupted{s.FullStore, func() error { leave(); return nil }})
	if err == nil {
		t.Error("somebody who goes away after a step has listed all")
	}
	d.wantListed(s, "gone after a step", downTo(first+2*todo.StepSize)...)
	d.must(d.listPassed(t.Context(), s))
	d.wantListed(s, "in the end", downTo(times)...)
	wantEachOnce(t, d, mustRead(t, s, d.ID, id), times)
}

// testListedInExports: an export has all that has passed, though nobody has asked for it before, page by page, and what is completed
// beside it, also of what is in the trash.
func testListedInExports(t *testing.T, s Store) {
	const times = 450 // which is several pages
	d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
	id, other := d.daily(todo.Patch{}, "FREQ=DAILY"), d.task(patchCompleted)
	d.passes(id, times)
	d.must(d.delete(id))
	data := account.NewPersonalData(account.PersonalDataConfig{
		Store: s.FullStore, Now: func() time.Time { return noon.Add(time.Hour) }, Logger: slog.New(slog.DiscardHandler),
	})
	e, err := data.Export(t.Context(), d.User)
	d.must(err)
	defer e.Close()
	var all []todo.Completion
	for c, err := range e.Completions(t.Context()) {
		d.must(err)
		all = append(all, c)
	}
	d.must(e.End(t.Context()))
	if len(all) != times+1 || all[times].Task != other || all[times].Slot != nil {
		t.Fatalf("the export has %d completions", len(all))
	}
	for i, c := range all[:times] {
		n := times - 1 - i
		if c.Task != id || !c.Slot.Equal(noon.Truncate(24*time.Hour).AddDate(0, 0, n)) || c.Skipped != (n%4 == 3) {
			t.Fatalf("completion %d is %+v", i, c)
		}
	}
}
