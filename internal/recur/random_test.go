package recur

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// A chooser returns a number from 0 to n-1. What makes random rules takes one, so that rapid can choose, or a seed.
type chooser func(n int) int

// drawn has rapid choose.
func drawn(t *rapid.T) chooser {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice of "+strconv.Itoa(n)) }
}

// oneIn is true once in n times.
func (choose chooser) oneIn(n int) bool { return choose(n) == n-1 } // rapid tries 0 first, so that rules are short

// number returns one from 1 to most or, if negative, one from -most to -1 as often.
func (choose chooser) number(most int, negative bool) int {
	n := choose(most) + 1
	if negative && choose.oneIn(2) {
		return -n
	}
	return n
}

// list returns 1 to most items with commas.
func (choose chooser) list(most int, item func() string) string {
	items := []string{item()}
	for len(items) < most && choose.oneIn(2) {
		items = append(items, item())
	}
	return strings.Join(items, ",")
}

// rule returns the text of a valid rule from all that rules can have, but for COUNT and UNTIL.
func (choose chooser) rule() string {
	frequency := choose(4)
	parts := []string{"FREQ=" + []string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}[frequency]}
	add := func(name, value string) { parts = append(parts, name+"="+value) }
	if choose.oneIn(2) {
		add("INTERVAL", strconv.Itoa(choose.number([]int{4, 4, 12, 100, 999}[choose(5)], false)))
	}
	if choose.oneIn(4) {
		add("BYMONTH", choose.list(4, func() string { return strconv.Itoa(choose.number(12, false)) }))
	}
	if choose.oneIn(3) && frequency != 1 {
		add("BYMONTHDAY", choose.list(4, choose.date))
	}
	if choose.oneIn(2) {
		add("BYDAY", choose.list(5, func() string { return choose.weekday(frequency) }))
	}
	if last := parts[len(parts)-1]; strings.HasPrefix(last, "BY") && choose.oneIn(3) {
		most := []int{5, 31, 366}[choose(3)]
		add("BYSETPOS", choose.list(4, func() string { return strconv.Itoa(choose.number(most, true)) }))
	}
	if choose.oneIn(3) {
		add("WKST", letters[choose(7)])
	}
	i, j := choose(len(parts)), choose(len(parts))
	parts[i], parts[j] = parts[j], parts[i]
	return strings.Join(parts, ";")
}

// date returns an item of BYMONTHDAY, often one that not every month has.
func (choose chooser) date() string {
	n := choose.number(31, true)
	if choose.oneIn(2) {
		n = 28 + choose(4)
	}
	return strconv.Itoa(n)
}

// weekday returns an item of BYDAY.
func (choose chooser) weekday(frequency int) string {
	day := letters[choose(7)]
	if frequency < 2 || choose.oneIn(2) {
		return day
	}
	most := 5
	if frequency == 3 && choose.oneIn(2) {
		most = 53
	}
	return fmt.Sprintf("%d%s", choose.number(most, true), day)
}

// anchor returns a day of the years 1990 to 2060, often the 29th of February or a last of a month.
func (choose chooser) anchor() Day {
	year := 1990 + choose(71)
	switch choose(4) {
	case 3:
		return dayOf(year-year%4, time.February, 29)
	case 2:
		return dayOf(year, time.Month(choose(12)+2), 0)
	}
	return dayOf(year, time.January, 1+choose(365))
}
