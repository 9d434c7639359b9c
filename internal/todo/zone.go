package todo

import (
	"time"

	"todod/internal/recur"
)

// dueZoneField describes the zone that a due date was meant in. What is kept is the wall time there, for when the rules of the
// zone change; a date that is no instant any more has none.
func dueZoneField() *Field {
	f := writableNull(nullable[Patch]("due_zone", func(t *Task) **string { return &t.DueZone }),
		func(p *Patch) *Opt[string] { return &p.DueZone }, func(o *Opt[string], fault fault) { checkZone("due_zone", o.V, fault) })
	f.apply = func(p *Patch, t *Task, _ time.Time) {
		before := t.DueZone
		switch {
		case p.DueZone.Null:
			t.DueZone = nil
		case p.DueZone.Set:
			t.DueZone = &p.DueZone.V
		case t.Due == nil || t.Due.AllDay:
			t.DueZone = nil
		}
		moved := (before == nil) != (t.DueZone == nil) || before != nil && *before != *t.DueZone
		// Nobody who changes something else has seen the date that the rules of the zone have moved, and is still to be moved.
		if moved || p.Due.Set || p.AllDay.Set || t.DueLocal == nil {
			t.keepWallTime(moved)
		}
		if moved && t.Recurrence != nil && !t.Recurrence.AllDay {
			r := *t.Recurrence
			r.Anchor, r.Slot = r.Anchor.in(t.ownZone()), r.Slot.in(t.ownZone())
			t.Recurrence = &r
		}
	}
	return f
}

// checkZone reports a name that isn't one of the IANA's.
func checkZone(field, name string, fault fault) {
	if _, ok := recur.Zone(name); !ok {
		fault(field, "must be a time zone of the IANA's, such as Europe/Berlin")
	}
}

// keepWallTime has DueLocal say what the due date is in the task's zone, if that is another one than before, or it doesn't. In a
// gap it may be what no clock shows.
func (t *Task) keepWallTime(moved bool) {
	switch zone := t.ownZone(); {
	case zone == nil || t.Due == nil || t.Due.AllDay:
		t.DueLocal = nil
	case moved || t.DueLocal == nil || !instantOf(*t.DueLocal, zone).Equal(t.Due.At):
		local := wallTime(t.Due.At, zone)
		t.DueLocal = &local
	}
}

// ownZone returns the location of the task's zone, nil for none.
func (t *Task) ownZone() *time.Location {
	if t.DueZone == nil {
		return nil
	}
	zone, ok := recur.Zone(*t.DueZone)
	if !ok { // a name that the zone data of this machine don't have any more
		return nil
	}
	return zone
}

// wallTime returns what a clock in a zone shows at an instant, as if that were UTC.
func wallTime(at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	return at.Add(time.Duration(offsetOf(local)) * time.Second).UTC()
}

// offsetOf returns by how many seconds t's location is ahead of UTC then.
func offsetOf(t time.Time) int {
	_, offset := t.Zone()
	return offset
}

// instantOf returns when a clock in a zone shows a wall time, as recur.At has it.
func instantOf(local time.Time, zone *time.Location) time.Time {
	day := recur.DayOf(local)
	return recur.At(day, local.Sub(day.Time()), zone).UTC()
}

// zone returns the location that the owner is in: UTC for one who hasn't said.
func (b *builder) zone() *time.Location {
	if zone, ok := recur.Zone(b.known.Zone); ok {
		return zone
	}
	return time.UTC
}

// zoneOf returns the location in which the dates of a task are meant.
func (b *builder) zoneOf(t *Task) *time.Location {
	if own := t.ownZone(); own != nil {
		return own
	}
	return b.zone()
}

// Location returns the time zone that has this name among those of the IANA, written as it does; false if there is none.
func Location(name string) (*time.Location, bool) { return recur.Zone(name) }
