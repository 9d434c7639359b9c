package recur

import "time"

// Day is a civil date: days after 1970-01-01, negative before it, in the proleptic Gregorian calendar.
type Day int

// The dates that can be written with four digits for the year.
const (
	firstDay Day = -719_162  // 0001-01-01
	lastDay  Day = 2_932_896 // 9999-12-31
)

// secondsPerDay is how many seconds a day in UTC has.
const secondsPerDay = 24 * 60 * 60

// DayOf returns the date that t has in its own location.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	return dayOf(year, month, day)
}

// dayOf returns the date of a year, month and day, which are normalised as time.Date does: month 13 is January.
func dayOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// Time returns the midnight with which d begins in UTC.
func (d Day) Time() time.Time {
	return time.Unix(int64(d)*secondsPerDay, 0).UTC()
}

// Weekday returns the weekday of d.
func (d Day) Weekday() time.Weekday {
	return time.Weekday(floorMod(int(d)+int(time.Thursday), 7)) // 1970-01-01 was a Thursday
}

// week returns the number of the week that d is in, where weeks begin on start. The numbers are consecutive.
func (d Day) week(start time.Weekday) int {
	return floorDiv(int(d)-int(weekBegin(0, start)), 7)
}

// weekBegin returns the first day of a week by its number, where weeks begin on start. Week 0 begins in the seven days
// from 1970-01-01.
func weekBegin(number int, start time.Weekday) Day {
	return Day(7*number + floorMod(int(start-time.Thursday), 7))
}

// monthLength returns how many days a month has: 28 to 31. The month is normalised as time.Date does.
func monthLength(year int, month time.Month) int {
	return int(dayOf(year, month+1, 1) - dayOf(year, month, 1))
}

// floorDiv returns a divided by b, rounded down, for a positive b. Go's / rounds towards zero.
func floorDiv(a, b int) int {
	return (a - floorMod(a, b)) / b
}

// floorMod returns what floorDiv leaves: 0 to b-1.
func floorMod(a, b int) int {
	return (a%b + b) % b
}
