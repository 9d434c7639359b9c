package todo

import (
	"encoding/json"
	"time"

	"todod/internal/recur"
)

// Occurrence is one time of a recurring task that has passed: it was done, or skipped.
type Occurrence struct {
	Rev     Rev       // of the change by which it passed, which names it among the owner's
	Slot    time.Time // its date in the series: the instant, or the day's midnight in UTC
	Due     Date      // when it was due: it may have been postponed
	At      time.Time // when it passed
	Skipped bool
	Back    bool // the change takes it back: the task is that occurrence again
}

// takenBack returns what the inverse of a change says of an occurrence, nil for nothing.
func (o *Occurrence) takenBack() *Occurrence {
	if o == nil {
		return nil
	}
	back := *o
	back.Back = !o.Back
	return &back
}

// opOf returns what a change did whose occurrence is o, OpOf if there is none.
func (o *Occurrence) opOf(before, after Task) Op {
	switch {
	case o == nil:
		return OpOf(before, after)
	case o.Skipped:
		return Updated
	case o.Back:
		return Reopened
	}
	return Completed
}

// scheduled returns the rules that the dates of after break, which before didn't.
func (b *builder) scheduled(before, after *Task) (faults []FieldError) {
	if after.DueZone != nil && (after.Due == nil || after.Due.AllDay) {
		faults = append(faults, FieldError{"due_zone", "must be null unless due_date is an instant"})
	}
	r := after.Recurrence
	switch {
	case r == nil:
	case r.Rule == "":
		faults = append(faults, FieldError{"recurrence.rule", "is required"})
	case after.Due == nil && before.Recurrence != nil && before.Due != nil:
		faults = append(faults, FieldError{"due_date", "must not be null while the task recurs"})
	case after.Due == nil:
		faults = append(faults, FieldError{"recurrence", "must be null without a due_date"})
	case (before.Recurrence == nil || before.Recurrence.written() != r.written()) && !r.begins(b.zoneOf(after)):
		faults = append(faults, FieldError{"recurrence.rule", noDates})
	}
	return faults
}

// noDates says of a rule that nothing comes of it.
const noDates = "must have a date within 40 years of due_date"

// begins reports whether the rule has a date within recurrenceYears of the one that it counts from.
func (r *Recurrence) begins(zone *time.Location) bool {
	s, ok := r.series(zone)
	if !ok {
		return false
	}
	first, ok := s.rule.Next(s.anchor, s.anchor-1, s.omit)
	return ok && first <= recur.DayOf(s.anchor.Time().AddDate(recurrenceYears, 0, 0)) && !s.over(first)
}

// A series is the dates of a Recurrence, in a zone.
type series struct {
	*Recurrence
	rule   *recur.Rule
	anchor recur.Day
	slot   recur.Day
	clock  time.Duration // the wall time on each of its days; 0 for whole days
	zone   *time.Location
	omit   bool
}

// series returns the dates of r in a zone.
func (r *Recurrence) series(zone *time.Location) (*series, bool) {
	rule, err := recur.Parse(r.Rule)
	if err != nil { // a rule that a newer program has stored
		return nil, false
	}
	s := &series{Recurrence: r, rule: rule, zone: zone, omit: r.MonthEnd == MonthEndOmit}
	if r.AllDay {
		s.anchor, s.slot = recur.DayOf(r.Anchor.At), recur.DayOf(r.Slot.At)
		return s, true
	}
	anchor, slot := r.Anchor.Local, r.Slot.Local
	if anchor.IsZero() {
		anchor = wallTime(r.Anchor.At, zone)
	}
	s.anchor = recur.DayOf(anchor)
	s.clock = anchor.Sub(s.anchor.Time())
	if slot.IsZero() {
		s.slot = s.dayAt(r.Slot.At)
	} else {
		s.slot = recur.DayOf(slot)
	}
	return s, true
}

// dayAt returns the day of the series whose instant is at: the one that the zone has then, or that before it where its wall time
// was moved over midnight.
func (s *series) dayAt(at time.Time) recur.Day {
	day := recur.DayOf(at.In(s.zone))
	if !s.at(day).Equal(at) && s.at(day-1).Equal(at) {
		return day - 1
	}
	return day
}

// at returns when the series is on a day: an instant, or the day's midnight in UTC.
func (s *series) at(day recur.Day) time.Time {
	if s.AllDay {
		return day.Time()
	}
	return recur.At(day, s.clock, s.zone).UTC()
}

// over reports whether a day lies behind the end that the rule names, or where no date can be written.
func (s *series) over(day recur.Day) bool {
	at := s.at(day)
	return !inRange(at) || s.rule.Over(day, s.clock, at, s.AllDay)
}

// ahead reports whether the series is on a day that lies ahead at the time now.
func (s *series) ahead(day recur.Day, now time.Time) bool {
	if s.AllDay {
		return day > s.today(now)
	}
	return s.at(day).After(now)
}

// today returns the day it is in the zone.
func (s *series) today(now time.Time) recur.Day { return recur.DayOf(now.In(s.zone)) }

// next returns the day of the occurrence after the one that passes at the time now, and how many that is further; false if that
// is the last.
func (s *series) next(now time.Time) (day recur.Day, n int, ok bool) {
	anchor, after := s.anchor, s.slot
	switch {
	case s.From == FromCompletion: // counted from today, and after the one that passes: else another device might complete that again
		anchor = s.today(now)
		after = max(after, anchor)
	case s.Late == LateSkip && s.rule.Count() == 0: // those in between need not be counted
		after = max(after, s.today(now)-1)
	}
	for n = 1; s.rule.Count() == 0 || s.Passed+n < s.rule.Count(); n++ {
		if day, ok = s.rule.Next(anchor, after, s.omit); !ok || s.over(day) {
			return 0, 0, false
		}
		if s.From == FromCompletion || s.Late == LateEach || s.ahead(day, now) {
			return day, n, true
		}
		after = day
	}
	return 0, 0, false
}

// pass makes of after, a recurring task that an occurrence of passes, the next one, and returns the one that passed; goesOn says
// whether there is a next one. Without one, after is left as it is but for what is counted.
func (b *builder) pass(after *Task, skipped bool) (passed *Occurrence, goesOn bool) {
	now := b.write.At
	passed = &Occurrence{Slot: after.Recurrence.Slot.At, Due: *after.Due, At: now, Skipped: skipped}
	if !skipped {
		after.count(true, now)
	}
	r := *after.Recurrence
	after.Recurrence = &r
	s, ok := r.series(b.zoneOf(after))
	if !ok {
		return passed, false
	}
	day, n, ok := s.next(now)
	if !ok {
		return passed, false
	}
	after.complete(false, now)
	r.Passed += n
	r.Slot = Slot{At: s.at(day)}
	if !r.AllDay {
		r.Slot = r.Slot.in(nil)
		if after.DueZone != nil {
			r.Slot.Local = day.Time().Add(s.clock)
		}
	}
	after.moveTo(s, day)
	return passed, true
}

// moveTo gives t the due date that a series has on a day, and moves its start date by as much, in wall time.
func (t *Task) moveTo(s *series, day recur.Day) {
	was, from, to := t.Due, s.wall(t.Due), day.Time().Add(s.clock)
	gap := time.Duration(0) // by how much later than its wall time it was due
	if was.AllDay == s.AllDay && was.At.Equal(s.at(s.slot)) {
		gap = from.Sub(s.slot.Time().Add(s.clock))
	}
	t.Due = &Date{At: s.at(day), AllDay: s.AllDay}
	if t.DueLocal = nil; !s.AllDay && t.DueZone != nil {
		t.DueLocal = &to
	}
	if t.Start == nil {
		return
	}
	start := Date{At: s.wall(t.Start), AllDay: t.Start.AllDay}
	if gap > 0 && (start.AllDay || !instantOf(start.At.Add(-gap), s.zone).Equal(t.Start.At)) { // which isn't in the same gap
		from = from.Add(-gap)
	}
	by := to.Sub(from)
	if t.Start.AllDay || was.AllDay != s.AllDay {
		by = recur.DayOf(to).Time().Sub(recur.DayOf(from).Time())
	}
	if start.At = start.At.Add(by); !start.AllDay {
		start.At = instantOf(start.At, s.zone)
	}
	if inRange(start.At) {
		t.Start = &start
	}
}

// wall returns a date as the clock in the zone of the series shows it, as if that were UTC.
func (s *series) wall(d *Date) time.Time {
	if d.AllDay {
		return d.At
	}
	return wallTime(d.At, s.zone)
}

// recurs makes of after, which a change has made of before, the next occurrence if it completes a recurring task, and returns
// the one that passed; nil for none.
func (b *builder) recurs(before, after *Task) (passed *Occurrence, goesOn bool) {
	if after.Recurrence == nil || before.Completed == after.Completed {
		return nil, false
	}
	if after.Completed {
		return b.pass(after, false)
	}
	after.count(false, b.write.At) // the last one comes back
	return nil, false
}

// count notes that the occurrence which t is, if it recurs, has been done at the time now, or is to be done again.
func (t *Task) count(done bool, now time.Time) {
	if t.Recurrence == nil {
		return
	}
	r := *t.Recurrence
	if done {
		r.Done, r.LastCompletedAt = r.Done+1, now
	} else {
		r.Done = max(0, r.Done-1)
	}
	t.Recurrence = &r
}

// close completes t, or reopens it, along with a task that it is a part of, or that is a part of it: then it doesn't come back.
func (b *builder) close(t Task, done bool) {
	after := Patch{Completed: Some(done)}.Apply(t, b.write.At)
	if t.Completed != done {
		after.count(done, b.write.At)
	}
	if !done {
		after.followZone(b.write.At)
	}
	b.edit(t, after)
}

// skip has the occurrence that a task is now pass without being done.
func (b *builder) skip(before Task) (Task, error) {
	after := before
	passed, goesOn := b.pass(&after, true)
	if !goesOn {
		return Task{}, &Error{Code: Conflict, Message: "There is no occurrence after this one"}
	}
	if b.related(&before) {
		if err := b.knowFamilies(); err != nil {
			return Task{}, err
		}
	}
	after.touch(b.write.At)
	after = b.addPassing(Updated, &before, &after, passed)
	b.completeBelow(after.ID, false)
	return after, nil
}

// storedOccurrence is an Occurrence in JSON, times in microseconds since 1970.
type storedOccurrence struct {
	Rev     Rev   `json:"rev"`
	Slot    int64 `json:"slot"`
	Due     int64 `json:"due"`
	AllDay  bool  `json:"all_day,omitempty"`
	At      int64 `json:"at"`
	Skipped bool  `json:"skipped,omitempty"`
	Back    bool  `json:"back,omitempty"`
}

// MarshalJSON implements json.Marshaler, for stores.
func (o Occurrence) MarshalJSON() ([]byte, error) {
	return json.Marshal(storedOccurrence{
		o.Rev, o.Slot.UnixMicro(), o.Due.At.UnixMicro(), o.Due.AllDay, o.At.UnixMicro(), o.Skipped, o.Back,
	})
}

// UnmarshalJSON implements json.Unmarshaler, for stores.
func (o *Occurrence) UnmarshalJSON(data []byte) error {
	var s storedOccurrence
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*o = Occurrence{
		s.Rev, time.UnixMicro(s.Slot).UTC(), Date{time.UnixMicro(s.Due).UTC(), s.AllDay}, time.UnixMicro(s.At).UTC(), s.Skipped, s.Back,
	}
	return nil
}
