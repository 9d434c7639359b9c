package todo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/recur"
)

// mustTime reads a time such as 2026-03-29T02:30 in a zone: "" for one in UTC.
func mustTime(t *testing.T, text, zone string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	if zone == "" {
		return at
	}
	return instantOf(at, mustZone(t, zone))
}

// mustZone returns the location of a name.
func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, ok := recur.Zone(name)
	if !ok {
		t.Fatalf("no zone %s", name)
	}
	return zone
}

// mustDate reads a day such as 2026-03-29, or an instant as mustTime does.
func mustDate(t *testing.T, text, zone string) Date {
	t.Helper()
	if day, ok := ParseDue(text); ok {
		return day
	}
	return Date{At: mustTime(t, text, zone)}
}

// told writes a date as mustDate reads it.
func told(d *Date, zone *time.Location) string {
	switch {
	case d == nil:
		return "-"
	case d.AllDay:
		return d.At.Format(time.DateOnly)
	}
	return d.At.In(zone).Format("2006-01-02T15:04")
}

// nowhere is a time zone that there is none of: a name that zone data have lost.
const nowhere = "Mars/Base"

// A recurring describes a task that comes back: due there, at a wall time in its zone, else in the person's.
type recurring struct {
	due, start, rule string
	from             From
	late             Late
	end              MonthEnd
	zone, own        string // the person's, and the task's
}

// task makes the task, as a patch does.
func (r recurring) task(t *testing.T) Task {
	t.Helper()
	p := Patch{
		Title: Some("x"), Due: Some(mustDate(t, r.due, r.in())), Recurrence: Some(RecurrencePatch{Rule: Some(r.rule)}),
	}
	if r.from != "" {
		p.Recurrence.V.From = Some(r.from)
	}
	if r.late != "" {
		p.Recurrence.V.Late = Some(r.late)
	}
	if r.end != "" {
		p.Recurrence.V.MonthEnd = Some(r.end)
	}
	if r.own != "" {
		p.DueZone = Some(r.own)
	}
	if r.start != "" {
		p.Start = Some(mustDate(t, r.start, r.in()))
	}
	p, err := p.Normalise()
	if err != nil {
		t.Fatal(err)
	}
	task := p.NewTask("ada", eight)
	task.ID, task.Version = 1, 1
	return task
}

// in returns the zone that its dates are in.
func (r recurring) in() string {
	switch {
	case r.own != "":
		return r.own
	case r.zone != "" && r.zone != nowhere:
		return r.zone
	}
	return "UTC"
}

// builderAt returns a builder for a change of a task's, by somebody in a zone, at a time.
func builderAt(t Task, zone string, now time.Time) *builder {
	known := knownOf(t)
	known.Zone = zone
	return newBuilder(known, Write{At: now}, 10)
}

// done completes, or skips, the occurrence that a task is, at a time, and returns what it is then.
func done(t *testing.T, task Task, zone string, now time.Time, skipped bool) Task {
	t.Helper()
	b := builderAt(task, zone, now)
	pass := b.skip
	if !skipped {
		pass = func(t Task) (Task, error) { return b.patch(t, Patch{Completed: Some(true)}) }
	}
	after, err := pass(task)
	if err != nil {
		t.Fatalf("%s: %v", now, err)
	}
	return after
}

// TestOccurrences: each line says when a task is completed (or, with s before that, skipped), and what it is due then; an = alone
// says that it is completed for good. Times are wall times where the task recurs.
func TestOccurrences(t *testing.T) {
	t.Parallel()
	const berlin, york = "Europe/Berlin", "America/New_York"
	for name, c := range map[string]struct {
		recurring
		lines string
	}{
		"in time":             {recurring{due: "2026-01-05", rule: "FREQ=WEEKLY"}, "2026-01-05T10:00 2026-01-12, 2026-01-12T10:00 2026-01-19"},
		"early":               {recurring{due: "2026-01-05", rule: "FREQ=WEEKLY"}, "2026-01-02T10:00 2026-01-12"},
		"very early":          {recurring{due: "2026-01-05", rule: "FREQ=WEEKLY"}, "2025-11-02T10:00 2026-01-12"},
		"late, skip":          {recurring{due: "2026-01-05", rule: "FREQ=WEEKLY"}, "2026-01-26T10:00 2026-02-02"},
		"late, each":          {recurring{due: "2026-01-05", rule: "FREQ=WEEKLY", late: LateEach}, "2026-01-26T10:00 2026-01-12, 2026-01-26T11:00 2026-01-19"},
		"a day is over first": {recurring{due: "2026-01-05", rule: "FREQ=DAILY"}, "2026-01-07T23:59 2026-01-08, 2026-01-09T00:00 2026-01-10"},
		"an instant of today": {recurring{due: "2026-01-05T09:00", rule: "FREQ=DAILY"}, "2026-01-07T08:59 2026-01-07T09:00, 2026-01-07T09:00 2026-01-08T09:00"},
		"today in Kiritimati": {recurring{due: "2026-01-05", rule: "FREQ=DAILY", zone: "Pacific/Kiritimati"}, "2026-01-06T00:30 2026-01-07"},
		"today in Pago Pago":  {recurring{due: "2026-01-05", rule: "FREQ=DAILY", zone: "Pacific/Pago_Pago"}, "2026-01-06T23:30 2026-01-07"},
		"nobody's zone":       {recurring{due: "2026-01-05", rule: "FREQ=DAILY", zone: nowhere}, "2026-01-06T23:30 2026-01-07"},

		"month ends":        {recurring{due: "2026-01-31", rule: "FREQ=MONTHLY"}, "2026-01-31T10:00 2026-02-28, 2026-02-28T10:00 2026-03-31, 2026-03-31T10:00 2026-04-30"},
		"month ends, omit":  {recurring{due: "2026-01-31", rule: "FREQ=MONTHLY", end: MonthEndOmit}, "2026-01-31T10:00 2026-03-31, 2026-03-31T10:00 2026-05-31"},
		"29 February":       {recurring{due: "2024-02-29", rule: "FREQ=YEARLY", late: LateEach}, "2024-03-01T10:00 2025-02-28, 2025-03-01T10:00 2026-02-28, 2026-03-01T10:00 2027-02-28, 2027-03-01T10:00 2028-02-29"},
		"29 February, omit": {recurring{due: "2024-02-29", rule: "FREQ=YEARLY", end: MonthEndOmit}, "2024-03-01T10:00 2028-02-29, 2028-02-29T10:00 2032-02-29"},

		"a COUNT":              {recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=3"}, "2026-01-05T10:00 2026-01-06, s2026-01-06T10:00 2026-01-07, 2026-01-07T10:00 ="},
		"a COUNT of one":       {recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=1"}, "2026-01-05T10:00 ="},
		"a COUNT that is over": {recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=3"}, "2026-01-09T10:00 ="},
		"a COUNT, missed ones": {recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=4"}, "2026-01-07T10:00 2026-01-08, 2026-01-08T10:00 ="},
		"a COUNT, each":        {recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=3", late: LateEach}, "2026-01-09T10:00 2026-01-06, 2026-01-09T10:00 2026-01-07, 2026-01-09T10:00 ="},
		"a COUNT, from completion": {recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=3", from: FromCompletion},
			"2026-01-09T10:00 2026-01-10, s2026-01-20T10:00 2026-01-21, 2026-01-21T10:00 ="},
		"until a date":             {recurring{due: "2026-01-05T20:00", rule: "FREQ=DAILY;UNTIL=20260106"}, "2026-01-05T21:00 2026-01-06T20:00, 2026-01-06T21:00 ="},
		"until a wall time":        {recurring{due: "2026-01-05T20:00", rule: "FREQ=DAILY;UNTIL=20260106T200000", zone: york}, "2026-01-05T21:00 2026-01-06T20:00, 2026-01-06T21:00 ="},
		"until just before":        {recurring{due: "2026-01-05T20:00", rule: "FREQ=DAILY;UNTIL=20260106T195959", zone: york}, "2026-01-05T21:00 ="},
		"until an instant":         {recurring{due: "2026-01-05T20:00", rule: "FREQ=DAILY;UNTIL=20260107T010000Z", zone: york}, "2026-01-05T21:00 2026-01-06T20:00, 2026-01-06T21:00 ="},
		"until just before that":   {recurring{due: "2026-01-05T20:00", rule: "FREQ=DAILY;UNTIL=20260107T005959Z", zone: york}, "2026-01-05T21:00 ="},
		"days until an instant":    {recurring{due: "2026-01-05", rule: "FREQ=DAILY;UNTIL=20260106T000000Z", zone: york}, "2026-01-05T21:00 2026-01-06, 2026-01-06T21:00 ="},
		"from completion":          {recurring{due: "2026-01-05", rule: "FREQ=DAILY;INTERVAL=3", from: FromCompletion}, "2026-01-09T10:00 2026-01-12"},
		"from completion, early":   {recurring{due: "2026-01-05", rule: "FREQ=DAILY;INTERVAL=3", from: FromCompletion}, "2026-01-04T10:00 2026-01-07"},
		"not to where it was":      {recurring{due: "2026-01-05", rule: "FREQ=DAILY;INTERVAL=3", from: FromCompletion}, "2026-01-02T10:00 2026-01-08"},
		"nor before":               {recurring{due: "2026-01-05", rule: "FREQ=DAILY;INTERVAL=3", from: FromCompletion}, "2026-01-01T10:00 2026-01-07"},
		"from completion, skipped": {recurring{due: "2026-01-05", rule: "FREQ=DAILY;INTERVAL=3", from: FromCompletion}, "s2026-01-09T10:00 2026-01-12, s2026-01-10T10:00 2026-01-13"},
		"from completion, BYDAY":   {recurring{due: "2026-01-05", rule: "FREQ=WEEKLY;BYDAY=MO,TH", from: FromCompletion}, "2026-01-07T10:00 2026-01-08, 2026-01-10T10:00 2026-01-12"},
		"from completion, wall": {recurring{due: "2026-01-05T09:00", rule: "FREQ=DAILY;INTERVAL=2", from: FromCompletion, own: york},
			"2026-01-09T23:30 2026-01-11T09:00"},

		"over a gap":           {recurring{due: "2026-03-28T02:30", rule: "FREQ=DAILY", own: berlin}, "2026-03-28T03:00 2026-03-29T03:30, 2026-03-29T04:00 2026-03-30T02:30"},
		"over a gap, no zone":  {recurring{due: "2026-03-28T02:30", rule: "FREQ=DAILY", zone: berlin}, "2026-03-28T03:00 2026-03-29T03:30, 2026-03-29T04:00 2026-03-30T02:30"},
		"an overlap's first":   {recurring{due: "2026-10-24T02:30", rule: "FREQ=DAILY", own: berlin}, "2026-10-24T03:00 2026-10-25T02:30, 2026-10-25T04:00 2026-10-26T02:30"},
		"moved over midnight":  {recurring{due: "2026-03-27T23:30", rule: "FREQ=DAILY", own: "America/Nuuk"}, "2026-03-27T23:40 2026-03-29T00:30, 2026-03-29T01:00 2026-03-29T23:30"},
		"that, without a zone": {recurring{due: "2026-03-27T23:30", rule: "FREQ=DAILY", zone: "America/Nuuk"}, "2026-03-27T23:40 2026-03-29T00:30, 2026-03-29T01:00 2026-03-29T23:30"},
		"wall time all year":   {recurring{due: "2026-01-05T09:00", rule: "FREQ=MONTHLY;INTERVAL=6", own: york}, "2026-01-05T10:00 2026-07-05T09:00, 2026-07-05T10:00 2027-01-05T09:00"},
	} {
		task, zone := c.task(t), mustZone(t, c.in())
		for i, line := range strings.Split(c.lines, ", ") {
			when, want, _ := strings.Cut(line, " ")
			at, skipped := strings.CutPrefix(when, "s")
			before := task
			task = done(t, task, c.zone, mustTime(t, at, c.in()), skipped)
			got := told(task.Due, zone)
			if task.Completed {
				got = "="
			}
			if got != want {
				t.Errorf("%s, %d: %s after %s, want %s", name, i, got, told(before.Due, zone), want)
			}
			if !task.Completed && (!task.Recurrence.Slot.At.Equal(task.Due.At) || !task.Recurrence.Slot.At.After(before.Recurrence.Slot.At)) {
				t.Errorf("%s, %d: the slot is %s after %s, due %s", name, i, task.Recurrence.Slot.At, before.Recurrence.Slot.At, task.Due.At)
			}
		}
	}
}

// TestAnOverlapComesOnce: a clock shows the time of day twice; the task comes at the first, and not again at the second.
func TestAnOverlapComesOnce(t *testing.T) {
	t.Parallel()
	r := recurring{due: "2026-10-24T02:30", rule: "FREQ=DAILY", own: "Europe/Berlin"}
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC) // 02:30 in summer time
	task := done(t, r.task(t), "", at.Add(-time.Hour), false)
	if !task.Due.At.Equal(at) {
		t.Fatalf("due %s", task.Due.At)
	}
	if task = done(t, task, "", at.Add(30*time.Minute), false); !task.Due.At.Equal(time.Date(2026, 10, 26, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("then due %s", task.Due.At)
	}
}

// TestStartDatesAreMoved: a start date stays as far before the due date as it was, in wall time, and in days where one of them is
// a day. Lines are as in TestOccurrences, with both dates.
func TestStartDatesAreMoved(t *testing.T) {
	t.Parallel()
	const berlin = "Europe/Berlin"
	for name, c := range map[string]struct {
		recurring
		lines string
	}{
		"days":              {recurring{due: "2026-01-05", start: "2026-01-03", rule: "FREQ=WEEKLY"}, "2026-01-05T10:00 2026-01-10/2026-01-12"},
		"month ends":        {recurring{due: "2026-01-31", start: "2026-01-30", rule: "FREQ=MONTHLY"}, "2026-01-31T10:00 2026-02-27/2026-02-28"},
		"instants":          {recurring{due: "2026-03-27T09:00", start: "2026-03-26T08:00", rule: "FREQ=WEEKLY", own: berlin}, "2026-03-27T10:00 2026-04-02T08:00/2026-04-03T09:00"},
		"an instant to day": {recurring{due: "2026-03-27", start: "2026-03-26T08:00", rule: "FREQ=WEEKLY", zone: berlin}, "2026-03-27T10:00 2026-04-02T08:00/2026-04-03"},
		"a day to instant":  {recurring{due: "2026-03-27T23:30", start: "2026-03-26", rule: "FREQ=WEEKLY", own: berlin}, "2026-03-28T00:00 2026-04-02/2026-04-03T23:30"},
		"behind it":         {recurring{due: "2026-01-05", start: "2026-01-07", rule: "FREQ=WEEKLY"}, "2026-01-05T10:00 2026-01-14/2026-01-12"},
		"over a gap": {recurring{due: "2026-03-28T02:30", start: "2026-03-27T02:30", rule: "FREQ=DAILY", own: berlin},
			"2026-03-28T03:00 2026-03-28T02:30/2026-03-29T03:30, 2026-03-29T04:00 2026-03-29T03:30/2026-03-30T02:30"},
		"before a gap": {recurring{due: "2026-03-28T02:30", start: "2026-03-28T01:00", rule: "FREQ=DAILY", own: berlin},
			"2026-03-28T03:00 2026-03-29T01:00/2026-03-29T03:30, 2026-03-29T04:00 2026-03-30T01:00/2026-03-30T02:30"},
		"before a gap, no zone": {recurring{due: "2026-03-28T02:30", start: "2026-03-28T01:00", rule: "FREQ=DAILY", zone: berlin},
			"2026-03-28T03:00 2026-03-29T01:00/2026-03-29T03:30, 2026-03-29T04:00 2026-03-30T01:00/2026-03-30T02:30"},
		"both in a gap": {recurring{due: "2026-03-28T02:30", start: "2026-03-28T02:00", rule: "FREQ=DAILY", own: berlin},
			"2026-03-28T03:00 2026-03-29T03:00/2026-03-29T03:30, 2026-03-29T04:00 2026-03-30T02:00/2026-03-30T02:30"},
		"too early to be written": {recurring{due: "0001-01-05", start: "0001-01-01", rule: "FREQ=DAILY", late: LateEach}, "2026-01-05T10:00 0001-01-02/0001-01-06"},
	} {
		task, zone := c.task(t), mustZone(t, c.in())
		for i, line := range strings.Split(c.lines, ", ") {
			at, want, _ := strings.Cut(line, " ")
			task = done(t, task, c.zone, mustTime(t, at, c.in()), false)
			if got := told(task.Start, zone) + "/" + told(task.Due, zone); got != want {
				t.Errorf("%s, %d: %s, want %s", name, i, got, want)
			}
		}
	}
}

// patched returns what a patch makes of a task of somebody's in a zone.
func patched(t *testing.T, task Task, zone string, p Patch) Task {
	t.Helper()
	p, err := p.Normalise()
	if err != nil {
		t.Fatal(err)
	}
	after, err := builderAt(task, zone, eight).patch(task, p)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

// TestAPostponedOccurrence: the due date alone is another, before or behind the next one's; the rule goes on from the slot.
func TestAPostponedOccurrence(t *testing.T) {
	t.Parallel()
	for due, want := range map[string]string{
		"2026-01-06": "2026-01-12", "2026-01-03": "2026-01-12", "2026-01-14": "2026-01-12", "2026-03-01": "2026-01-12",
		"2026-01-06T10:00": "2026-01-12",
	} {
		task := patched(t, recurring{due: "2026-01-05", start: "2026-01-04", rule: "FREQ=WEEKLY"}.task(t), "", Patch{Due: Some(mustDate(t, due, ""))})
		if got := told(&Date{At: task.Recurrence.Slot.At, AllDay: true}, time.UTC); got != "2026-01-05" {
			t.Errorf("due %s: the slot is %s", due, got)
		}
		b := builderAt(task, "", mustTime(t, "2026-01-06T11:00", ""))
		after, err := b.patch(task, Patch{Completed: Some(true)})
		if err != nil {
			t.Fatal(err)
		}
		o := b.changes[0].Occurrence
		if got := told(after.Due, time.UTC); got != want || told(&o.Due, time.UTC) != due || o.Slot != task.Recurrence.Slot.At {
			t.Errorf("due %s: then %s, want %s; the occurrence was %+v", due, got, want, o)
		}
	}
}

// TestSlots: one that has passed changes nothing, one that isn't reached is a Conflict, a day says nothing of instants.
func TestSlots(t *testing.T) {
	t.Parallel()
	day, instant := recurring{due: "2026-01-05", rule: "FREQ=DAILY"}.task(t), recurring{due: "2026-01-05T09:00", rule: "FREQ=DAILY"}.task(t)
	closed := day
	closed.complete(true, eight)
	for i, c := range []struct {
		task   Task
		slot   string
		passed bool
		code   Code
	}{
		{day, "", false, 0}, {day, "2026-01-05", false, 0}, {day, "2026-01-04", true, 0}, {day, "2026-01-06", false, Conflict},
		{day, "2026-01-05T00:00", false, 0}, {day, "2026-01-05T23:00", false, 0}, {day, "2026-01-04T23:00", true, 0},
		{instant, "2026-01-05T09:00", false, 0}, {instant, "2026-01-05T08:59", true, 0}, {instant, "2026-01-05T09:01", false, Conflict},
		{instant, "2026-01-05", false, Invalid}, {closed, "2026-01-05", true, 0}, {closed, "", false, 0}, {Task{}, "2026-01-05", false, 0},
	} {
		var slot *Date
		if c.slot != "" {
			slot = new(mustDate(t, c.slot, ""))
		}
		passed, err := c.task.passed(slot)
		if passed != c.passed || CodeOf(err) != c.code {
			t.Errorf("%d, %s: %v, %v", i, c.slot, passed, err)
		}
	}
}

// TestARuleIsChanged: another rule begins anew with the date that is due then; the same one, sent again, and what else is written
// of it, leave the series where it is.
func TestARuleIsChanged(t *testing.T) {
	t.Parallel()
	task := recurring{due: "2026-01-05", rule: "FREQ=DAILY;COUNT=5"}.task(t)
	task = done(t, task, "", mustTime(t, "2026-01-05T10:00", ""), false)
	for name, c := range map[string]struct {
		patch          RecurrencePatch
		anchor         string
		done, passed   int
		due            string
		nextAt, nextIs string
	}{
		"the same":       {RecurrencePatch{Rule: Some("FREQ=DAILY;COUNT=5")}, "2026-01-05", 1, 1, "", "2026-01-06T10:00", "2026-01-07"},
		"in other case":  {RecurrencePatch{Rule: Some("freq=daily;count=5")}, "2026-01-05", 1, 1, "", "2026-01-06T10:00", "2026-01-07"},
		"late":           {RecurrencePatch{Late: Some(LateEach)}, "2026-01-05", 1, 1, "", "2026-01-09T10:00", "2026-01-07"},
		"another":        {RecurrencePatch{Rule: Some("FREQ=DAILY;INTERVAL=2")}, "2026-01-06", 0, 0, "", "2026-01-06T10:00", "2026-01-08"},
		"and a date":     {RecurrencePatch{Rule: Some("FREQ=WEEKLY")}, "2026-01-20", 0, 0, "2026-01-20", "2026-01-20T10:00", "2026-01-27"},
		"the same, date": {RecurrencePatch{Rule: Some("FREQ=DAILY;COUNT=5")}, "2026-01-05", 1, 1, "2026-01-20", "2026-01-06T10:00", "2026-01-07"},
		"day to instant": {RecurrencePatch{Rule: Some("FREQ=WEEKLY")}, "2026-01-20", 0, 0, "2026-01-20T09:00", "2026-01-20T10:00", "2026-01-27T09:00"},
	} {
		p := Patch{Recurrence: Some(c.patch)}
		if c.due != "" {
			p.Due = Some(mustDate(t, c.due, ""))
		}
		after := patched(t, task, "", p)
		r := after.Recurrence
		if got := r.Anchor.At.Format(time.DateOnly); got != c.anchor || r.Done != c.done || r.Passed != c.passed {
			t.Errorf("%s: from %s, %d done, %d passed", name, got, r.Done, r.Passed)
		}
		if next := done(t, after, "", mustTime(t, c.nextAt, ""), false); told(next.Due, time.UTC) != c.nextIs {
			t.Errorf("%s: then %s", name, told(next.Due, time.UTC))
		}
	}
}

// TestTheZoneOfASeries: another zone keeps the dates that there are and gives those to come its wall times; without one, these
// are the person's. The same one, sent again, changes nothing.
func TestTheZoneOfASeries(t *testing.T) {
	t.Parallel()
	const berlin, york, nuuk = "Europe/Berlin", "America/New_York", "America/Nuuk"
	r := recurring{due: "2026-03-01T09:00", rule: "FREQ=WEEKLY", own: berlin}
	task := r.task(t)
	for name, c := range map[string]struct {
		patch Patch
		want  time.Time // a week later, when New York has summer time, and Berlin hasn't
	}{
		"the same":         {Patch{DueZone: Some(berlin)}, time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC)},
		"New York":         {Patch{DueZone: Some(york)}, time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)},
		"none":             {Patch{DueZone: Null[string]()}, time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)},
		"none, as a day":   {Patch{Due: Some(mustDate(t, "2026-03-01", ""))}, time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC)},
		"another due date": {Patch{Due: Some(mustDate(t, "2026-03-02T11:00", ""))}, time.Date(2026, 3, 8, 8, 0, 0, 0, time.UTC)},
	} {
		after := patched(t, task, york, c.patch)
		if !after.Recurrence.Slot.At.Equal(task.Recurrence.Slot.At) || !after.Recurrence.Anchor.At.Equal(task.Recurrence.Anchor.At) {
			t.Errorf("%s: the series is at %s, from %s", name, after.Recurrence.Slot.At, after.Recurrence.Anchor.At)
		}
		if name == "the same" && !after.Same(&task) {
			t.Errorf("%s: %+v", name, after)
		}
		if next := done(t, after, york, mustTime(t, "2026-03-01T22:00", ""), false); !next.Due.At.Equal(c.want) {
			t.Errorf("%s: then due %s, want %s", name, next.Due.At, c.want)
		}
	}

	// A wall time that is in a gap, here over midnight, stays what it is when all is sent again.
	gap := done(t, recurring{due: "2026-03-27T23:30", rule: "FREQ=DAILY", own: nuuk}.task(t), "", mustTime(t, "2026-03-27T23:40", nuuk), false)
	again := patched(t, gap, "", Patch{
		Due: Some(*gap.Due), DueZone: Some(nuuk), Recurrence: Some(RecurrencePatch{Rule: Some("FREQ=DAILY")}),
	})
	if !again.Same(&gap) || !again.DueLocal.Equal(*gap.DueLocal) {
		t.Errorf("%+v became %+v", gap, again)
	}
	next := done(t, again, "", mustTime(t, "2026-03-29T01:00", nuuk), false)
	if got := told(next.Due, mustZone(t, nuuk)); got != "2026-03-29T23:30" {
		t.Errorf("then due %s", got)
	}
}

// TestDatesThatDontGoTogether are told by the field that is at fault.
func TestDatesThatDontGoTogether(t *testing.T) {
	t.Parallel()
	daily := Some(RecurrencePatch{Rule: Some("FREQ=DAILY")})
	rule := func(text string, end MonthEnd) Opt[RecurrencePatch] {
		return Some(RecurrencePatch{Rule: Some(text), MonthEnd: Some(end)})
	}
	day, instant := Some(mustDate(t, "2026-01-05", "")), Some(mustDate(t, "2026-01-05T09:00", ""))
	plain := Patch{Title: Some("x")}.NewTask("ada", eight)
	recurs := recurring{due: "2026-01-05", rule: "FREQ=DAILY"}.task(t)
	zoned := recurring{due: "2026-01-05T09:00", rule: "FREQ=DAILY", own: "Europe/Berlin"}.task(t)
	for i, c := range []struct {
		task  Task
		patch Patch
		field string
	}{
		{plain, Patch{Recurrence: daily}, "recurrence"},
		{plain, Patch{Recurrence: Some(RecurrencePatch{Late: Some(LateEach)}), Due: day}, "recurrence.rule"},
		{plain, Patch{Recurrence: daily, Due: day}, ""},
		{plain, Patch{DueZone: Some("Europe/Berlin")}, "due_zone"},
		{plain, Patch{DueZone: Some("Europe/Berlin"), Due: day}, "due_zone"},
		{plain, Patch{DueZone: Some("Europe/Berlin"), Due: instant}, ""},
		{plain, Patch{Recurrence: rule("FREQ=DAILY;UNTIL=20260104", MonthEndLast), Due: day}, "recurrence.rule"},
		{plain, Patch{Recurrence: rule("FREQ=DAILY;UNTIL=20260105", MonthEndLast), Due: day}, ""},
		{plain, Patch{Recurrence: rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", MonthEndOmit), Due: day}, "recurrence.rule"},
		{plain, Patch{Recurrence: rule("FREQ=YEARLY;INTERVAL=41;BYMONTH=1;BYMONTHDAY=4", MonthEndOmit), Due: day}, "recurrence.rule"},
		{recurs, Patch{Due: Null[Date]()}, "due_date"},
		{recurs, Patch{Due: Null[Date](), Recurrence: Null[RecurrencePatch]()}, ""},
		{recurs, Patch{DueZone: Some("Europe/Berlin")}, "due_zone"},
		{recurs, Patch{Due: instant, DueZone: Some("Europe/Berlin")}, ""},
		{recurs, Patch{Recurrence: rule("FREQ=DAILY;UNTIL=20200101", MonthEndLast)}, "recurrence.rule"},
		{zoned, Patch{Due: day}, ""},
		{zoned, Patch{Due: day, DueZone: Some("Europe/Berlin")}, "due_zone"},
		{zoned, Patch{AllDay: Some(true)}, ""},
	} {
		p, err := c.patch.Normalise()
		if err != nil {
			t.Fatal(i, err)
		}
		after := p.Apply(c.task, eight)
		faults := builderAt(c.task, "", eight).scheduled(&c.task, &after)
		if named := fmt.Sprint(faults); (len(faults) > 0) != (c.field != "") ||
			c.field != "" && !slices.ContainsFunc(faults, func(f FieldError) bool { return f.Field == c.field }) {
			t.Errorf("%d: %s, want %q", i, named, c.field)
		}
	}
}
