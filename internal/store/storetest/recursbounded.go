package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"todod/internal/todo"
)

// PassedTimes is how often the task of BoundedOwner with the id 1, which comes back each day from PassedFrom on, was completed in what
// RunPassedBounded finds, by the changes that follow its creation, which are its whole log, and none of which is listed yet.
const PassedTimes = 5_000

// PassedFrom is the first date of that task.
var PassedFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// PassedRecurrence is how that task recurs, and PassedOccurrence, of the change rev, in SQL, what has passed by that, both in the JSON that stores keep.
var (
	PassedRecurrence = fmt.Sprintf(`{"rule":"FREQ=DAILY","from":"due","late":"each","month_end":"last","all_day":true,"anchor":%d,`+
		`"slot":%d,"done":%[3]d,"passed":%[3]d,"last":%[4]d}`,
		PassedFrom.UnixMicro(), PassedDue.UnixMicro(), PassedTimes, noon.UnixMicro())
	PassedOccurrence = fmt.Sprintf(`'{"rev":' || rev || ',"slot":' || %[1]s || ',"due":' || %[1]s || ',"all_day":true,"at":' || (%[2]d + rev) || '}'`,
		fmt.Sprintf("(%d + (rev - 2) * %d)", PassedFrom.UnixMicro(), (24*time.Hour).Microseconds()), noon.UnixMicro())
	// PassedDue is when the task is due then.
	PassedDue = PassedFrom.AddDate(0, 0, PassedTimes)
)

// RunPassedBounded fails the test unless what has to do with tasks that have come back very often reads no more rows than that needs,
// which for a change is a few, however often that was. measured does something and returns how many rows the database has read for it.
func RunPassedBounded(t *testing.T, s Store, measured func(do func()) (rows int)) {
	ctx, service, ada := t.Context(), serviceOf(s, plenty), todo.User{ID: BoundedOwner, AsOf: noon}
	d := device{t, service, ada}
	series := func(first, rule string) int64 {
		return d.task(todo.Patch{
			Due: todo.Some(due(first)), Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some(rule)}),
		})
	}
	counted, old, rare := series("1999-01-01", "FREQ=DAILY;COUNT=9999"), series("1970-01-01", "FREQ=DAILY"),
		series("2026-01-01", "FREQ=YEARLY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=30")
	wantCode(t, d.create(todo.Patch{
		Due: todo.Some(due("2026-03-01")), Recurrence: todo.Some(todo.RecurrencePatch{Rule: todo.Some("FREQ=YEARLY;INTERVAL=999;BYMONTH=2;BYMONTHDAY=30")}),
	}), todo.Invalid)
	wantCode(t, d.create(todo.Patch{
		Due: todo.Some(due("2026-01-01")), Recurrence: todo.Some(todo.RecurrencePatch{
			Rule: todo.Some("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), MonthEnd: todo.Some(todo.MonthEndOmit),
		}),
	}), todo.Invalid)
	var first todo.CompletionPage
	completions := func(since, until time.Time, cursor *string) func() error {
		return func() (err error) {
			from := ""
			if cursor != nil {
				from = *cursor
			}
			first, err = service.Completions(ctx, ada, since, until, 100, from)
			if err == nil && len(first.Completions) != 100 {
				err = fmt.Errorf("%d completions", len(first.Completions))
			}
			return err
		}
	}
	at := func(rev int) time.Time { return noon.Add(time.Duration(rev) * time.Microsecond) }
	const change = 20
	for _, c := range []struct {
		name string
		most int // rows
		do   func() error
	}{
		{"completing what has come back often", change, func() error { return d.complete(1, nil) }},
		{"skipping it", change, func() error { return d.skip(1, nil) }},
		{"completing what has passed", change, func() error { return d.complete(1, &todo.Date{At: PassedFrom, AllDay: true}) }},
		{"undoing that", change, func() error { return d.undoLatest(s)() }},
		{"an edit of it", change, func() error { return d.update(1, titled("edited")) }},
		{"completing what was missed for long, counted", change, func() error { return d.complete(counted, nil) }},
		{"completing what was missed for long", change, func() error { return d.complete(old, nil) }},
		{"completing what comes back in a thousand years", change, func() error { return d.complete(rare, nil) }},
		{"the first page, and listing all", 5*PassedTimes + 400, completions(time.Time{}, time.Time{}, nil)},
		{"the first page", 400, completions(time.Time{}, time.Time{}, nil)},
		{"the next one", 400, func() error { return completions(time.Time{}, time.Time{}, &first.Next)() }},
		{"from a time on", 400, completions(at(PassedTimes-200), time.Time{}, nil)},
		{"until a time", 400, completions(time.Time{}, at(PassedTimes/2), nil)},
		{"between times", 400, completions(at(1000), at(1200), nil)},
		{"completing it once more", change, func() error { return d.complete(1, nil) }},
		{"the first page, and listing one", 450, completions(time.Time{}, time.Time{}, nil)},
	} {
		var err error
		rows := measured(func() { err = c.do() })
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if rows > c.most {
			t.Errorf("%s: %d rows were read, %d are enough", c.name, rows, c.most)
		}
		t.Logf("%s: %d rows of %d", c.name, rows, c.most)
	}
	if r := mustRead(t, s, ada.ID, counted).Recurrence; r.Done != 1 || r.Passed != 9877 || !r.Slot.At.Equal(due("2026-01-16").At) {
		t.Errorf("counted: %+v", r)
	}
	if r := mustRead(t, s, ada.ID, rare).Recurrence; !r.Slot.At.Equal(due("2026-02-28").At) {
		t.Errorf("rare: %+v", r)
	}
	if all := len(d.completed()); all != PassedTimes+5 {
		t.Errorf("%d are told", all)
	}
	d.must(d.delete(1))
	var err error
	if rows := measured(func() { err = d.purge(1) }); err != nil || rows > 8*PassedTimes {
		t.Errorf("deleting it for good: %d rows were read, %v", rows, err)
	}
	if all := len(d.completed()); all != 3 {
		t.Errorf("%d are told", all)
	}
}

// RunPassedRows fails the test unless nothing is left of occurrences that have passed once their task is gone for good, or their owner
// is, at once or in steps, or once they lie behind too many changes. rows returns owner's rows of a table.
func RunPassedRows(t *testing.T, s Store, rows func(table string, owner todo.UserID) []Row) {
	t.Helper()
	want := func(what string, owner todo.UserID, n int) {
		t.Helper()
		if left := rows("occurrences", owner); len(left) != n {
			t.Errorf("%s: there are %d occurrences, want %d", what, len(left), n)
		}
	}
	lives := func(times int) (device, int64) {
		d := device{t, busyService(s), todo.User{ID: newUser(), AsOf: noon}}
		id := d.daily(todo.Patch{}, "FREQ=DAILY")
		d.passes(id, times)
		d.must(d.listPassed(t.Context(), s))
		want("listed", d.ID, times)
		return d, id
	}
	ada, goes := lives(30)
	stays := ada.daily(todo.Patch{}, "FREQ=DAILY")
	ada.passes(stays, 5)
	ada.must(ada.delete(goes)) // whose last ones aren't listed
	want("in the trash", ada.ID, 30)
	ada.must(ada.purge(goes))
	want("gone for good", ada.ID, 0)
	ada.must(ada.listPassed(t.Context(), s))
	want("of the other", ada.ID, 5)
	ada.passes(stays, 3)
	ada.must(ada.delete(stays))
	ada.must(ada.purge(stays))
	ada.must(ada.listPassed(t.Context(), s))
	want("never listed", ada.ID, 0)

	bob, _ := lives(12)
	if _, err := s.Forget(t.Context(), bob.ID, todo.Cutoffs{Logged: 4}, 3); err != nil {
		t.Error(err)
	}
	want("forgotten", bob.ID, 8)

	for _, times := range []int{10, 700} { // at once, and in steps
		gone, _ := lives(times)
		bob.must(s.Erase(context.Background(), gone.ID, noon.Add(time.Hour)))
		tidied(t, s, gone.ID, 33)
		want("erased", gone.ID, 0)
		gone.AsOf = noon.Add(2 * time.Hour)
		if all := gone.completed(); len(all) != 0 {
			t.Errorf("somebody who was erased has completed %d", len(all))
		}
		again := gone.daily(todo.Patch{}, "FREQ=DAILY")
		gone.passes(again, 6)
		if all := gone.completed(); len(all) != 6 {
			t.Errorf("in another life they have completed %d", len(all))
		}
	}
	want("of somebody else", bob.ID, 8)
}
