package todo

import (
	"regexp"
	"strings"
	"time"
)

// Date is when a task should be done, or begun: an instant, or a day that stays that day in every time zone.
type Date struct {
	// At is the instant, or the day's midnight in UTC. Until a Patch has been normalised it keeps the offset it was
	// written with, because that offset says which day the writer meant.
	At     time.Time
	AllDay bool
}

// ParseDue reads an RFC 3339 date-time with any offset, or a bare date such as 2026-01-15, which is a day. Years are
// 0001 to 9999 in UTC; the day that a date-time was written as may lie one day outside (On). Fractions finer than a
// microsecond are dropped.
func ParseDue(s string) (Date, bool) {
	day, err := time.Parse(time.DateOnly, s)
	if err == nil {
		return Date{At: day, AllDay: true}, inRange(day)
	}
	if !dateTime.MatchString(s) {
		return Date{}, false
	}
	at, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	return Date{At: at.Truncate(time.Microsecond)}, err == nil && inRange(at)
}

// dateTime is the form of RFC 3339, section 5.6. time.Parse takes others too: a comma, or an hour of one digit.
var dateTime = regexp.MustCompile(
	`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// inRange reports whether t can be written with four digits for the year, in UTC.
func inRange(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}

// parts returns the instant and whether it is a day; nil and false for no due date.
func (d *Date) parts() (at *time.Time, allDay bool) {
	if d == nil {
		return nil, false
	}
	return &d.At, d.AllDay
}

// On returns d as a day when allDay, else as an instant. An instant becomes the day it was written as; a day becomes its
// midnight in UTC.
func (d Date) On(allDay bool) Date {
	if allDay {
		return Date{At: DayOf(d.At), AllDay: true}
	}
	return Date{At: d.At.UTC()}
}

// DayOf returns the day that t is on in its location, as days are kept: its midnight in UTC.
func DayOf(t time.Time) time.Time {
	y, m, day := t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
}

// Begin returns the instant at which a day begins in zone, in a location where its DayOf is that day. Where clocks go over
// midnight or leave the day out, that is the moment at which they do; where they come to midnight twice, the first.
func Begin(day time.Time, zone *time.Location) time.Time {
	begin := time.Time{}
	for _, near := range []time.Time{day.Add(-36 * time.Hour), day.Add(36 * time.Hour)} { // as they are before and after a change
		_, offset := near.In(zone).Zone()
		at := day.Add(-time.Duration(offset) * time.Second).In(zone)
		midnight := at.Hour()+at.Minute()+at.Second() == 0 && DayOf(at).Equal(day)
		if midnight && (begin.IsZero() || at.Before(begin)) {
			begin = at
		}
	}
	if begin.IsZero() {
		_, offset := day.Add(-36 * time.Hour).In(zone).Zone()
		begin, _ = day.Add(-time.Duration(offset) * time.Second).In(zone).ZoneBounds()
	}
	return begin.In(time.FixedZone("", int(day.Sub(begin)/time.Second)))
}
