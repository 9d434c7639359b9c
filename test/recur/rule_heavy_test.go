//go:build heavy

package recur

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"todod/internal/recur"
)

// A rule is the text of one in parts, so that a judge can be asked for the same in other words.
type rule []part

// A part is a name, such as FREQ, and its value.
type part struct{ name, value string }

// String returns the rule as it is written.
func (r rule) String() string {
	texts := make([]string, len(r))
	for i, p := range r {
		texts[i] = p.name + "=" + p.value
	}
	return strings.Join(texts, ";")
}

// get returns the value of a part, "" if there is none.
func (r rule) get(name string) string {
	for _, p := range r {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// items returns the items of a part.
func (r rule) items(name string) []string {
	return strings.FieldsFunc(r.get(name), func(letter rune) bool { return letter == ',' })
}

// without returns a copy of the rule without a part.
func (r rule) without(name string) rule {
	return slices.DeleteFunc(slices.Clone(r), func(p part) bool { return p.name == name })
}

// with returns a copy of the rule that has this part, and last if there was none of the name.
func (r rule) with(name, value string) rule {
	r = slices.Clone(r)
	for i := range r {
		if r[i].name == name {
			r[i].value = value
			return r
		}
	}
	return append(r, part{name, value})
}

// number returns the value of a part that is a number, and other if there is none.
func (r rule) number(name string, other int) int {
	if n, err := strconv.Atoi(r.get(name)); err == nil {
		return n
	}
	return other
}

// A question is a rule and where it begins.
type question struct {
	rule   rule
	anchor recur.Day
	allDay bool
	clock  time.Duration  // after midnight
	zone   *time.Location // nil for a clock on any wall
}

// String returns all of the question.
func (q question) String() string {
	return fmt.Sprintf("%s from %s %s", q.rule, q.start(), q.zoneName())
}

// start returns DTSTART as iCalendar has it, without its TZID.
func (q question) start() string {
	if q.allDay {
		return q.anchor.Time().Format("20060102")
	}
	start := q.anchor.Time().Add(q.clock).Format("20060102T150405")
	if q.zone == time.UTC {
		start += "Z"
	}
	return start
}

// zoneName returns the name of q's zone, "" if it has none.
func (q question) zoneName() string {
	if q.zone == nil {
		return ""
	}
	return q.zone.String()
}

// where returns q's zone, and UTC if it has none: which one makes no difference then.
func (q question) where() *time.Location {
	if q.zone == nil {
		return time.UTC
	}
	return q.zone
}

// A source draws questions.
type source struct {
	*rapid.T
	around      int // most rules begin in the 71 years from this one on
	first, last int // all in these
	zones       []*time.Location
}

// choose returns a number from 0 to n-1.
func (s source) choose(n int) int {
	return rapid.IntRange(0, n-1).Draw(s.T, "choice of "+strconv.Itoa(n))
}

// oneIn is true once in n times.
func (s source) oneIn(n int) bool { return s.choose(n) == n-1 } // rapid tries 0 first, so that rules are short

// number writes one from 1 to most in one of the ways that a rule may have it: with a minus as often as not, with a
// plus, with a zero before it.
func (s source) number(most int) string {
	digits := strconv.Itoa(s.choose(most) + 1)
	if len(digits) < len(strconv.Itoa(most)) && s.oneIn(10) {
		digits = "0" + digits
	}
	switch s.choose(8) {
	case 0, 1, 2, 3:
		return digits
	case 4:
		return "+" + digits
	}
	return "-" + digits
}

// list returns 1 to most items with commas, some of them twice.
func (s source) list(most int, item func() string) string {
	items := []string{item()}
	for len(items) < most && s.oneIn(2) {
		items = append(items, item())
	}
	return strings.Join(items, ",")
}

// weekdays are the names that rules have for them.
var weekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// question draws one from all that recur.Parse takes.
func (s source) question() question {
	q := question{anchor: s.anchor()}
	frequency := s.choose(4)
	q.rule = rule{{"FREQ", []string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}[frequency]}}
	add := func(name, value string) { q.rule = append(q.rule, part{name, value}) }
	if s.oneIn(2) {
		add("INTERVAL", strconv.Itoa(1+s.choose([]int{4, 4, 4, 12, 100, 999}[s.choose(6)])))
	}
	if s.oneIn(4) {
		add("BYMONTH", s.list(4, func() string { return strings.Trim(s.number(12), "+-") }))
	}
	if s.oneIn(3) && frequency != 1 {
		add("BYMONTHDAY", s.list(4, s.date))
	}
	if s.oneIn(2) {
		add("BYDAY", s.list(5, func() string { return s.weekday(frequency) }))
	}
	if strings.HasPrefix(q.rule[len(q.rule)-1].name, "BY") && s.oneIn(3) {
		most := []int{2, 3, 3, 5, 5, 5, 31, 366}[s.choose(8)] // what picks too far has no dates
		add("BYSETPOS", s.list(4, func() string { return s.number(most) }))
	}
	if s.oneIn(3) {
		add("WKST", weekdays[s.choose(7)])
	}
	s.end(&q)
	i, j := s.choose(len(q.rule)), s.choose(len(q.rule))
	q.rule[i], q.rule[j] = q.rule[j], q.rule[i]
	return q
}

// end draws COUNT or UNTIL or neither, and whether q has a time of day. An UNTIL is of the same kind as DTSTART, as RFC
// 5545 wants (3.3.10): a date, a time on the wall, or an instant where there is a zone.
func (s source) end(q *question) {
	q.allDay = !s.oneIn(3)
	if !q.allDay {
		q.clock = time.Duration(s.choose(24))*time.Hour + time.Duration(s.choose(60))*time.Minute
		if s.oneIn(2) {
			q.zone = s.zones[s.choose(len(s.zones))]
		}
	}
	switch s.choose(3) {
	case 1:
		q.rule = append(q.rule, part{"COUNT", strconv.Itoa(1 + s.choose([]int{3, 35, 9999}[s.choose(3)]))})
	case 2:
		period := map[string]int{"DAILY": 1, "WEEKLY": 7, "MONTHLY": 30, "YEARLY": 365}[q.rule[0].value]
		last := q.anchor.Time().AddDate(0, 0, s.choose(40*period*min(q.rule.number("INTERVAL", 1), 10))-2)
		last = recur.At(recur.DayOf(last), q.clock, q.where()).Add(time.Duration(s.choose(5)-2) * []time.Duration{time.Second, time.Hour}[s.choose(2)])
		layout := "20060102T150405"
		switch {
		case q.allDay:
			layout = "20060102"
		case q.zone != nil:
			last, layout = last.UTC(), "20060102T150405Z"
		}
		q.rule = append(q.rule, part{"UNTIL", last.Format(layout)})
	}
}

// date returns an item of BYMONTHDAY, often one that not every month has.
func (s source) date() string {
	if s.oneIn(2) {
		return strconv.Itoa(28 + s.choose(4))
	}
	return s.number(31)
}

// weekday returns an item of BYDAY.
func (s source) weekday(frequency int) string {
	day := weekdays[s.choose(7)]
	if frequency < 2 || s.oneIn(2) {
		return day
	}
	most := 5
	if s.oneIn(16) || frequency == 3 && s.oneIn(2) {
		most = 53
	}
	return s.number(most) + day
}

// anchor returns a day, often the 29th of February, a last of a month or at the turn of a year.
func (s source) anchor() recur.Day {
	year := s.around + s.choose(71)
	if s.oneIn(8) {
		year = s.first + s.choose(s.last-s.first+1)
	}
	at := func(year int, month time.Month, day int) recur.Day {
		return recur.DayOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
	}
	switch s.choose(6) {
	case 3:
		return at(max(year-year%4, 4), time.February, 29)
	case 4:
		return at(year, time.Month(s.choose(12)+1), 31)
	case 5:
		return at(year, time.December, 25+s.choose(14))
	}
	return at(year, time.January, 1+s.choose(365))
}
