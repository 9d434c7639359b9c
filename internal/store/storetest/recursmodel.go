package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"todod/internal/recur"
	"todod/internal/todo"
)

// A worldDate is when a task in a world is due, or begins: an instant or a day. The zero value is never.
type worldDate struct {
	at  time.Time // in UTC
	day bool
}

// worldDateOf returns a date as worlds have it.
func worldDateOf(d *todo.Date) worldDate {
	if d == nil {
		return worldDate{}
	}
	return worldDate{d.At.UTC(), d.AllDay}
}

// none reports whether there is no date.
func (d worldDate) none() bool { return d == worldDate{} }

// String tells d.
func (d worldDate) String() string {
	switch {
	case d.none():
		return "-"
	case d.day:
		return d.at.Format(time.DateOnly)
	}
	return d.at.Format(time.RFC3339Nano)
}

// A worldSeries is how a task in a world comes back; the zero value is not at all. Dates of a series are instants or days, and
// what the clock in the task's own zone showed when they were found, if it has one.
type worldSeries struct {
	is                bool // it does
	rule              string
	completion, each  bool // from completion, late each
	omit, days        bool
	anchor, slot      time.Time
	anchorAt, slotsAt time.Time // walls
	done, passed      int
	last              time.Time
}

// String tells s.
func (s worldSeries) String() string {
	if s.rule == "" {
		return "never"
	}
	return fmt.Sprintf("%s completion %v each %v omit %v days %v from %s (%s) at %s (%s), %d done, %d passed, last %s", s.rule, s.completion,
		s.each, s.omit, s.days, s.anchor.Format(time.RFC3339Nano), wallText(s.anchorAt), s.slot.Format(time.RFC3339Nano), wallText(s.slotsAt),
		s.done, s.passed, wallText(s.last))
}

// wallText tells a time, "-" for none.
func wallText(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Format(time.RFC3339Nano)
}

// worldSeriesOf returns how a task recurs as worlds have it.
func worldSeriesOf(r *todo.Recurrence) worldSeries {
	if r == nil {
		return worldSeries{}
	}
	return worldSeries{
		is: true, rule: r.Rule, completion: r.From == todo.FromCompletion, each: r.Late == todo.LateEach, omit: r.MonthEnd == todo.MonthEndOmit,
		days: r.AllDay, anchor: r.Anchor.At.UTC(), slot: r.Slot.At.UTC(), anchorAt: utcOrZero(r.Anchor.Local), slotsAt: utcOrZero(r.Slot.Local),
		done: r.Done, passed: r.Passed, last: utcOrZero(r.LastCompletedAt),
	}
}

// utcOrZero returns a time in UTC, the zero time for that.
func utcOrZero(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC()
}

// written returns what people write of s.
func (s worldSeries) written() worldSeries {
	return worldSeries{is: s.is, rule: s.rule, completion: s.completion, each: s.each, omit: s.omit}
}

// A worldPassed is an occurrence in a world that has passed.
type worldPassed struct {
	task    int64
	slot    time.Time
	due     worldDate
	at      time.Time
	skipped bool
}

// String tells p.
func (p worldPassed) String() string {
	return fmt.Sprintf("occurrence of %d at %s due %s passed %s skipped %v", p.task, p.slot.Format(time.RFC3339Nano), p.due,
		p.at.Format(time.RFC3339Nano), p.skipped)
}

// without returns list without those of others, each as often as it is there.
func without(list, others []worldPassed) []worldPassed {
	left := slices.Clone(list)
	for _, o := range others {
		if i := slices.Index(left, o); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return left
}

// A worldRule is a rule that tests use, with what its words mean for when it ends.
type worldRule struct {
	text  string
	count int
	over  func(day recur.Day, clock time.Duration, at time.Time, days bool) bool // nil: never
}

// worldRules are the rules that tests use.
var worldRules = []worldRule{
	{text: "FREQ=DAILY"},
	{text: "FREQ=DAILY;INTERVAL=3"},
	{text: "FREQ=WEEKLY;BYDAY=MO,TH"},
	{text: "FREQ=MONTHLY"},
	{text: "FREQ=MONTHLY;BYMONTHDAY=31"},
	{text: "FREQ=MONTHLY;BYDAY=-1FR"},
	{text: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"},
	{text: "FREQ=DAILY;COUNT=3", count: 3},
	{text: "FREQ=WEEKLY;COUNT=2", count: 2},
	{text: "FREQ=DAILY;COUNT=1", count: 1},
	{text: "FREQ=DAILY;UNTIL=20260118", over: func(day recur.Day, _ time.Duration, _ time.Time, _ bool) bool {
		return day > in2026(1, 18)
	}},
	{text: "FREQ=DAILY;INTERVAL=2;UNTIL=20260201T090000", over: func(day recur.Day, clock time.Duration, _ time.Time, days bool) bool {
		return day > in2026(2, 1) || !days && day == in2026(2, 1) && clock > 9*time.Hour
	}},
	{text: "FREQ=WEEKLY;UNTIL=20260331T090000Z", over: func(day recur.Day, _ time.Duration, at time.Time, days bool) bool {
		if days {
			return day > in2026(3, 31)
		}
		return at.After(time.Date(2026, 3, 31, 9, 0, 0, 0, time.UTC))
	}},
	{text: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;INTERVAL=2"}, // with omit there are none
}

// in2026 returns a date.
func in2026(month time.Month, day int) recur.Day {
	return recur.DayOf(time.Date(2026, month, day, 0, 0, 0, 0, time.UTC))
}

// ruleOf returns one of worldRules by its text, written in any case; false for another.
func ruleOf(text string) (worldRule, bool) {
	i := slices.IndexFunc(worldRules, func(r worldRule) bool { return strings.EqualFold(r.text, text) })
	if i < 0 {
		return worldRule{}, false
	}
	return worldRules[i], true
}

// isOver reports whether a series that has a wall time in a zone is over on a day.
func (r worldRule) isOver(day recur.Day, clock time.Duration, zone *time.Location, days bool) bool {
	return r.over != nil && r.over(day, clock, recur.At(day, clock, zone), days)
}

// next is recur.Rule.Next.
func (r worldRule) next(anchor, after recur.Day, omit bool) (recur.Day, bool) {
	rule, err := recur.Parse(r.text)
	if err != nil {
		return 0, false
	}
	return rule.Next(anchor, after, omit)
}

// showing returns what a clock in a zone shows at an instant, as if that were UTC.
func showing(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
}

// shown returns when a clock in a zone shows a wall time: in a gap later by that, in an overlap the first time.
func shown(wall time.Time, zone *time.Location) time.Time {
	day := recur.DayOf(wall)
	return recur.At(day, wall.Sub(day.Time()), zone).UTC()
}

// location returns the zone of a name.
func location(name string) *time.Location {
	zone, ok := recur.Zone(name)
	if !ok {
		return time.UTC
	}
	return zone
}

// zoneOf returns the zone in which a task recurs: its own, else the person's.
func (w *world) zoneOf(t worldTask) *time.Location {
	if t.zone != "" {
		return location(t.zone)
	}
	return location(w.zone)
}

// dated returns t with the dates, the zone and the recurrence that p writes, of t as it was before.
func (w *world) dated(t worldTask, p todo.Patch) worldTask {
	before := t
	t.due = patchedDate(t.due, p.Due, p.AllDay)
	t.start = patchedDate(t.start, p.Start, p.StartAllDay)
	switch {
	case p.DueZone.Set:
		t.zone = p.DueZone.V
	case t.due.none() || t.due.day:
		t.zone = ""
	}
	switch zoned := t.zone != "" && !t.due.none() && !t.due.day; {
	case !zoned:
		t.wall = time.Time{}
	case before.wall.IsZero() || t.zone != before.zone || t.due != before.due:
		t.wall = showing(t.due.at, location(t.zone))
	}
	if t.zone != before.zone && t.recurs.rule != "" && !t.recurs.days {
		t.recurs.anchorAt, t.recurs.slotsAt = t.wallOf(t.recurs.anchor), t.wallOf(t.recurs.slot)
	}
	switch r := p.Recurrence; {
	case r.Null:
		t.recurs = worldSeries{}
	case r.Set:
		t.recurs = w.recurring(t, r.V)
	}
	return t
}

// wallOf returns what a clock in t's own zone shows at an instant, zero without one.
func (t *worldTask) wallOf(at time.Time) time.Time {
	if t.zone == "" {
		return time.Time{}
	}
	return showing(at, location(t.zone))
}

// patchedDate returns a date as a patch writes it.
func patchedDate(was worldDate, date todo.Opt[todo.Date], day todo.Opt[bool]) worldDate {
	switch {
	case date.Null:
		return worldDate{}
	case date.Set && day.Set:
		return worldDateOf(new(date.V.On(day.V)))
	case date.Set:
		return worldDateOf(new(date.V.On(date.V.AllDay || was.day && date.V.At.Equal(was.at))))
	case day.Set && !was.none():
		old := todo.Date{At: was.at, AllDay: was.day}
		return worldDateOf(new(old.On(day.V)))
	}
	return was
}

// recurring returns how t recurs as p writes it. Another rule begins anew at the due date.
func (w *world) recurring(t worldTask, p todo.RecurrencePatch) worldSeries {
	s, anew := t.recurs, t.recurs.rule == ""
	s.is = true
	if p.Rule.Set {
		rule := strings.ToUpper(p.Rule.V)
		anew = anew || rule != s.rule
		s.rule = rule
	}
	if p.From.Set {
		s.completion = p.From.V == todo.FromCompletion
	}
	if p.Late.Set {
		s.each = p.Late.V == todo.LateEach
	}
	if p.MonthEnd.Set {
		s.omit = p.MonthEnd.V == todo.MonthEndOmit
	}
	if anew {
		s.days, s.done, s.passed = t.due.day, 0, 0
		s.anchor, s.slot, s.anchorAt, s.slotsAt = t.due.at, t.due.at, t.wall, t.wall
	}
	return s
}

// datesFit says whether the dates of after, which were those of before, go together.
func (w *world) datesFit(before, after worldTask) bool {
	s := after.recurs
	switch {
	case after.zone != "" && (after.due.none() || after.due.day):
		return false
	case !s.is:
		return true
	case s.rule == "" || after.due.none():
		return false
	case before.recurs.written() == s.written():
		return true
	}
	zone := w.zoneOf(after)
	rule, known := ruleOf(s.rule)
	anchor, clock := s.begin(zone)
	first, there := rule.next(anchor, anchor-1, s.omit)
	return known && there && first <= recur.DayOf(anchor.Time().AddDate(40, 0, 0)) && !rule.isOver(first, clock, zone, s.days)
}

// begin returns the day of the anchor, and the time of day that the series has.
func (s worldSeries) begin(zone *time.Location) (recur.Day, time.Duration) {
	if s.days {
		return recur.DayOf(s.anchor), 0
	}
	wall := s.anchorAt
	if wall.IsZero() {
		wall = showing(s.anchor, zone)
	}
	day := recur.DayOf(wall)
	return day, wall.Sub(day.Time())
}

// slotDay returns the day of the slot.
func (s worldSeries) slotDay(zone *time.Location) recur.Day {
	switch {
	case s.days:
		return recur.DayOf(s.slot)
	case s.slotsAt.IsZero():
		return recur.DayOf(showing(s.slot, zone))
	}
	return recur.DayOf(s.slotsAt)
}

// now returns when the change that is being made happens.
func (w *world) now() time.Time { return w.at }

// pass has the occurrence that t is now pass, notes it, and returns what t is then; false if there is no other.
func (w *world) pass(t worldTask, skipped bool) (after worldTask, goesOn bool) {
	s := t.recurs
	passed := worldPassed{t.id, s.slot, t.due, w.now(), skipped}
	if !skipped {
		s.done++
		s.last = w.now()
	}
	after = t
	zone := w.zoneOf(t)
	anchor, clock := s.begin(zone)
	day, ok := w.following(&s, zone, anchor, clock)
	if !ok {
		after.recurs, after.done = s, w.change
		return after, false
	}
	w.passed = append(w.passed, passed)
	was := t.due
	if s.days {
		s.slot = day.Time()
	} else {
		s.slot, s.slotsAt = recur.At(day, clock, zone).UTC(), time.Time{}
	}
	after.recurs, after.done, after.due, after.wall = s, 0, worldDate{s.slot, s.days}, time.Time{}
	wall := day.Time().Add(clock)
	if !s.days && t.zone != "" {
		after.wall, after.recurs.slotsAt = wall, wall
	}
	if t.start.none() {
		return after, true
	}
	clockOf := func(d worldDate) time.Time {
		if d.day {
			return d.at
		}
		return showing(d.at, zone)
	}
	from, start := clockOf(was), clockOf(t.start)
	meant := t.recurs.slotDay(zone).Time().Add(clock)
	if at := (worldDate{shown(meant, zone), false}); !s.days && was == at { // it isn't postponed, but may have been moved by a gap
		if gap := from.Sub(meant); gap > 0 && (t.start.day || !shown(start.Add(-gap), zone).Equal(t.start.at)) {
			from = meant
		}
	}
	by := wall.Sub(from)
	if t.start.day || was.day != s.days {
		by = recur.DayOf(wall).Time().Sub(recur.DayOf(from).Time())
	}
	after.start = worldDate{start.Add(by), t.start.day}
	if !t.start.day {
		after.start.at = shown(after.start.at, zone)
	}
	return after, true
}

// following returns the day of the occurrence after the one that s is at, and counts it; false if there is none.
func (w *world) following(s *worldSeries, zone *time.Location, anchor recur.Day, clock time.Duration) (day recur.Day, ok bool) {
	rule, _ := ruleOf(s.rule)
	today := recur.DayOf(showing(w.now(), zone))
	day = s.slotDay(zone)
	if s.completion {
		anchor, day = today, max(today, day)
	}
	for passed := s.passed + 1; rule.count == 0 || passed < rule.count; passed++ {
		if day, ok = rule.next(anchor, day, s.omit); !ok || rule.isOver(day, clock, zone, s.days) {
			return 0, false
		}
		ahead := s.days && day > today || !s.days && recur.At(day, clock, zone).After(w.now())
		if s.completion || s.each || ahead {
			s.passed = passed
			return day, true
		}
	}
	return 0, false
}

// finish does what comes of t having been completed by itself, if it recurs: it is the next occurrence, with all its parts. It
// says whether it is.
func (w *world) finish(id int64) (goesOn bool) {
	t := w.tasks[id]
	t.done = 0
	w.tasks[id], goesOn = w.pass(t, false)
	return goesOn
}

// close completes a task along with another, or opens it. The occurrence that it is counts as done then, or no longer.
func (w *world) close(id int64, done bool) {
	t := w.tasks[id]
	switch {
	case done && t.done == 0:
		t.done = w.change
		if t.recurs.rule != "" {
			t.recurs.done++
			t.recurs.last = w.now()
		}
	case !done && t.done != 0:
		t.done = 0
		t.recurs.done = max(0, t.recurs.done-1)
	}
	w.tasks[id] = t
}

// hasPassed says whether an occurrence of t has passed, the present one if slot is nil, or why it can't yet.
func (t *worldTask) hasPassed(slot *todo.Date) (bool, todo.Code) {
	if slot == nil || t.recurs.rule == "" {
		return false, 0
	}
	at := slot.At
	if t.recurs.days && !slot.AllDay {
		at = slot.At.UTC().Truncate(24 * time.Hour)
	}
	switch {
	case at.After(t.recurs.slot):
		return false, todo.Conflict
	case at.Before(t.recurs.slot):
		return true, 0
	}
	return t.done != 0, 0
}

// complete completes an occurrence of a task, or a task that doesn't recur.
func (w *world) complete(id int64, slot *todo.Date) todo.Code {
	t, there := w.live(id)
	if !there {
		return todo.NotFound
	}
	if passed, code := t.hasPassed(slot); passed || code != 0 {
		return code
	}
	return w.update(id, todo.Patch{Completed: todo.Some(true)})
}

// skip has an occurrence of a task pass without being done.
func (w *world) skip(id int64, slot *todo.Date) todo.Code {
	t, there := w.live(id)
	switch {
	case !there:
		return todo.NotFound
	case t.recurs.rule == "":
		return todo.Conflict
	}
	if passed, code := t.hasPassed(slot); passed || code != 0 {
		return code
	}
	if t.done != 0 {
		return todo.Conflict
	}
	after, goesOn := w.pass(t, true)
	if !goesOn {
		return todo.Conflict
	}
	w.tasks[id] = after
	for _, below := range w.under(id, isUp) {
		w.close(below, false)
	}
	return 0
}

// forget takes away the occurrences of tasks that are gone.
func (w *world) forget() {
	w.passed = slices.DeleteFunc(slices.Clone(w.passed), func(p worldPassed) bool { return w.tasks[p.task].id == 0 })
}

// brokenDates returns what is wrong with the dates of t that must never be, "" for nothing.
func (t *worldTask) brokenDates() string {
	switch {
	case t.recurs.rule != "" && t.due.none():
		return fmt.Sprintf("task %d recurs without being due", t.id)
	case t.zone == "" && !t.wall.IsZero():
		return fmt.Sprintf("task %d has the wall time %s of no zone", t.id, t.wall)
	case t.zone == "":
		return ""
	case t.due.none() || t.due.day:
		return fmt.Sprintf("task %d is in the zone %s and due %s", t.id, t.zone, t.due)
	case !showing(t.due.at, location(t.zone)).Equal(t.wall) && !shown(t.wall, location(t.zone)).Equal(t.due.at):
		return fmt.Sprintf("task %d is due %s, which isn't %s in %s", t.id, t.due, t.wall, t.zone)
	}
	return ""
}
