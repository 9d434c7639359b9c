package recur

import "time"

// until is UNTIL, the last moment of a rule: RFC 5545 lets it be a date, a time of the clock on the wall, or an
// instant.
type until struct {
	form  untilForm
	day   Day           // in UTC for an instant
	clock time.Duration // after midnight; 0 for a date
}

// untilForm is how an UNTIL was written.
type untilForm int

const (
	forever      untilForm = iota // there is none
	untilDate                     // 20261231
	untilWall                     // 20261231T180000
	untilInstant                  // 20261231T180000Z
)

// untilLayouts are the forms as package time writes them. It reads more than it writes, so lengths are compared, too.
var untilLayouts = map[untilForm]string{
	untilDate: "20060102", untilWall: "20060102T150405", untilInstant: "20060102T150405Z",
}

// readUntil reads UNTIL: a real date from year 1 on, with a time to 23:59:59 or without.
func (r *Rule) readUntil(value string) bool {
	for form, layout := range untilLayouts {
		if at, err := time.Parse(layout, value); err == nil && len(value) == len(layout) && at.Year() > 0 {
			day := DayOf(at)
			r.until = until{form, day, at.Sub(day.Time())}
			return true
		}
	}
	return false
}

// Over reports whether an occurrence lies after UNTIL: that on day, with clock after midnight on the wall, at the
// instant at. A date includes all of that day. When allDay, the date of UNTIL alone counts, however it was written.
func (r *Rule) Over(day Day, clock time.Duration, at time.Time, allDay bool) bool {
	u := r.until
	switch {
	case u.form == forever:
		return false
	case u.form == untilDate || allDay:
		return day > u.day
	case u.form == untilInstant:
		return at.After(u.day.Time().Add(u.clock))
	}
	return day > u.day || day == u.day && clock > u.clock
}
