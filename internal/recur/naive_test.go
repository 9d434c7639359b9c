package recur

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// naive says day by day what a rule is, from its text and RFC 5545, with package time and without anything of this
// package but Day. It takes valid rules only.
type naive struct {
	parts  map[string][]string
	anchor time.Time
	omit   bool
}

// newNaive reads a rule.
func newNaive(text string, anchor Day, omit bool) naive {
	n := naive{parts: map[string][]string{}, anchor: anchor.Time(), omit: omit}
	for _, part := range strings.Split(strings.ToUpper(text), ";") {
		name, value, _ := strings.Cut(part, "=")
		n.parts[name] = strings.Split(value, ",")
	}
	return n
}

// has tells whether the rule has a part.
func (n naive) has(part string) bool { return n.parts[part] != nil }

// numbers returns the numbers of a part.
func (n naive) numbers(part string) (numbers []int) {
	for _, item := range n.parts[part] {
		number, err := strconv.Atoi(item)
		if err != nil {
			panic(err)
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// letters are the weekdays as rules have them.
var letters = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// week returns the first day of the week that day is in.
func (n naive) week(day time.Time) time.Time {
	start := 1
	if n.has("WKST") {
		start = slices.Index(letters, n.parts["WKST"][0])
	}
	for int(day.Weekday()) != start {
		day = day.AddDate(0, 0, -1)
	}
	return day
}

// period returns the first day of the period that day is in.
func (n naive) period(day time.Time) time.Time {
	switch n.parts["FREQ"][0] {
	case "DAILY":
		return day
	case "WEEKLY":
		return n.week(day)
	case "MONTHLY":
		return day.AddDate(0, 0, 1-day.Day())
	}
	return day.AddDate(0, 0, 1-day.YearDay())
}

// next returns the first day of the next period.
func (n naive) next(begin time.Time) time.Time {
	switch n.parts["FREQ"][0] {
	case "DAILY":
		return begin.AddDate(0, 0, 1)
	case "WEEKLY":
		return begin.AddDate(0, 0, 7)
	case "MONTHLY":
		return begin.AddDate(0, 1, 0)
	}
	return begin.AddDate(1, 0, 0)
}

// counts tells whether INTERVAL lets a period count.
func (n naive) counts(begin time.Time) bool {
	if !n.has("INTERVAL") {
		return true
	}
	first, distance := n.period(n.anchor), 0
	switch days := int(begin.Sub(first) / (24 * time.Hour)); n.parts["FREQ"][0] {
	case "DAILY":
		distance = days
	case "WEEKLY":
		distance = days / 7
	case "MONTHLY":
		distance = 12*(begin.Year()-first.Year()) + int(begin.Month()) - int(first.Month())
	case "YEARLY":
		distance = begin.Year() - first.Year()
	}
	return distance%n.numbers("INTERVAL")[0] == 0
}

// isDate tells whether a day is BYMONTHDAY=date, or takes its place.
func (n naive) isDate(day time.Time, date int) bool {
	last := day.AddDate(0, 1, -day.Day()).Day()
	if date < 0 {
		return day.Day() == last+1+date
	}
	return day.Day() == date || !n.omit && date > last && day.Day() == last
}

// isWeekday tells whether a day is an item of BYDAY.
func (n naive) isWeekday(day time.Time, item string) bool {
	name := item[len(item)-2:]
	if letters[day.Weekday()] != name {
		return false
	}
	if item == name {
		return true
	}
	number, _ := strconv.Atoi(item[:len(item)-2])
	same := func(other time.Time) bool {
		return other.Year() == day.Year() && (other.Month() == day.Month() ||
			n.parts["FREQ"][0] == "YEARLY" && !n.has("BYMONTH"))
	}
	step := 7
	if number > 0 {
		step = -7
	}
	count := 0
	for d := day; same(d); d = d.AddDate(0, 0, step) {
		count++
	}
	return count == max(number, -number)
}

// fits tells whether the rule has a day, but for INTERVAL and BYSETPOS.
func (n naive) fits(day time.Time) bool {
	frequency := n.parts["FREQ"][0]
	if n.has("BYMONTH") && !slices.Contains(n.numbers("BYMONTH"), int(day.Month())) {
		return false
	}
	if n.has("BYMONTHDAY") && !slices.ContainsFunc(n.numbers("BYMONTHDAY"), func(date int) bool { return n.isDate(day, date) }) {
		return false
	}
	if n.has("BYDAY") {
		return slices.ContainsFunc(n.parts["BYDAY"], func(item string) bool { return n.isWeekday(day, item) })
	}
	switch {
	case frequency == "WEEKLY":
		return day.Weekday() == n.anchor.Weekday()
	case frequency == "DAILY" || n.has("BYMONTHDAY"):
		return true
	case frequency == "YEARLY" && !n.has("BYMONTH") && day.Month() != n.anchor.Month():
		return false
	}
	return n.isDate(day, n.anchor.Day())
}

// days returns the days of the period that begins on begin, with BYSETPOS.
func (n naive) days(begin time.Time) (days []time.Time) {
	for day := begin; day.Before(n.next(begin)); day = day.AddDate(0, 0, 1) {
		if n.fits(day) {
			days = append(days, day)
		}
	}
	if !n.has("BYSETPOS") {
		return days
	}
	var picked []time.Time
	for i, day := range days {
		if positions := n.numbers("BYSETPOS"); slices.Contains(positions, i+1) || slices.Contains(positions, i-len(days)) {
			picked = append(picked, day)
		}
	}
	return picked
}

// until returns the dates of the rule from anchor to last, in order.
func (n naive) until(last Day) (dates []Day) {
	for begin := n.period(n.anchor); !begin.After(last.Time()); begin = n.next(begin) {
		if !n.counts(begin) {
			continue
		}
		for _, day := range n.days(begin) {
			if !day.Before(n.anchor) && !day.After(last.Time()) {
				dates = append(dates, DayOf(day))
			}
		}
	}
	return dates
}
