// Package recur says on which dates something recurs: the recurrence rules of RFC 5545, section 3.3.10, over civil
// dates, and what instant a wall time is in a time zone. It knows no tasks, no clock and no database.
package recur

import "time"

// A Rule is a recurrence rule: the value of an RRULE, without the property's name. It takes the parts that say dates;
// times of day belong to whoever has them. It is never changed, so it can be used from several goroutines.
type Rule struct {
	text      string // upper-cased
	frequency frequency
	interval  int // periods from one that counts to the next: 1 to 999
	count     int // 0: none
	until     until
	weekStart time.Weekday

	months           uint16    // BYMONTH: bit 1 to bit 12
	dates            uint32    // BYMONTHDAY, from the beginning of the month: bit 1 to bit 31
	datesFromEnd     uint32    // BYMONTHDAY, negative: bit 1 is the last day
	weekdays         uint8     // BYDAY without numbers: bit 0 is Sunday, as in package time
	ordinals         []ordinal // BYDAY with numbers
	positions        bits      // BYSETPOS: bit 1 is the first day of a period's set
	positionsFromEnd bits      // BYSETPOS, negative: bit 1 is the last
}

// frequency is FREQ: what the periods of a rule are.
type frequency int

const (
	daily frequency = iota + 1
	weekly
	monthly
	yearly
)

// An ordinal is a weekday with a number in BYDAY: the first one in a month or year is number 1, the last one -1.
type ordinal struct {
	number  int // -53 to 53, never 0
	weekday time.Weekday
}

// String returns the rule upper-cased, otherwise as it was written.
func (r *Rule) String() string { return r.text }

// Count returns how many occurrences the rule has by COUNT: 1 to 9999, or 0 if it doesn't say.
func (r *Rule) Count() int { return r.count }

// hasDates reports whether there is a BYMONTHDAY.
func (r *Rule) hasDates() bool { return r.dates|r.datesFromEnd != 0 }

// hasWeekdays reports whether there is a BYDAY.
func (r *Rule) hasWeekdays() bool { return r.weekdays != 0 || len(r.ordinals) > 0 }

// hasPositions reports whether there is a BYSETPOS.
func (r *Rule) hasPositions() bool { return !r.positions.empty() || !r.positionsFromEnd.empty() }
