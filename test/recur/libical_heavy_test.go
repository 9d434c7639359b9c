//go:build heavy

package recur

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/recur"
)

// all is more dates than any series has here.
const all = 200_000

// startLibical compiles and starts what asks libical.
func startLibical(t *testing.T) *judge {
	t.Helper()
	program := filepath.Join(t.TempDir(), "asklibical")
	cmd := exec.CommandContext(t.Context(), "cc", "-O1", "-o", program, "testdata/asklibical.c", "-lical")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v (make test installs a C compiler and libical-dev):\n%s", err, output)
	}
	j := start(t, nil, program)
	if skips := j.line(t); skips != "SKIP" {
		t.Fatalf("this libical was built without ICU, and so can't say what RFC 7529's SKIP is: it says %q", skips)
	}
	return j
}

// TestDatesAreThoseOfLibical: random rules have the dates that libical gives them, with month_end omit as they are and
// with month_end last as SKIP=BACKWARD of RFC 7529.
func TestDatesAreThoseOfLibical(t *testing.T) {
	checks(t, libicalRules)
	j, compared, skipped := startLibical(t), 0, 0
	rapid.Check(t, func(t *rapid.T) {
		// The calendar of 1990 comes again after 400 years. That far there is less to look through until 2582, where libical
		// ends, except that for a date of a month that never comes it goes on to the year 20000, for a second.
		q := source{T: t, around: 2390, first: 1900, last: 2500, zones: []*time.Location{time.UTC}}.question()
		last := lastYear(q, 2580)
		want := counted(q, askLibical(t, j, q, true, last))
		if got := dates(t, q, true, last); !slices.Equal(got, want) {
			t.Fatalf("%s, omit: %v\nwant %v", q, got, want)
		}
		compared += len(want)
		if reachesMonthEnd(q) { // else it makes no difference
			want = counted(q, askLibical(t, j, q, false, last))
			skipped += len(want)
		}
		if got := dates(t, q, false, last); !slices.Equal(got, want) {
			t.Fatalf("%s, last: %v\nwant %v", q, got, want)
		}
	})
	t.Logf("%d dates with month_end omit, %d with last of rules to which it makes a difference", compared, skipped)
}

// reachesMonthEnd reports whether q says, or has from its anchor, a day that not every month has.
func reachesMonthEnd(q question) bool {
	byMonth := q.rule.get("FREQ") == "MONTHLY" || q.rule.get("FREQ") == "YEARLY"
	if byMonth && q.rule.get("BYMONTHDAY") == "" && q.rule.get("BYDAY") == "" {
		return q.anchor.Time().Day() > 28
	}
	return slices.ContainsFunc(numbers(q.rule, "BYMONTHDAY"), func(n int) bool { return n > 28 || n < -28 })
}

// numbers returns the numbers of a part.
func numbers(r rule, name string) (numbers []int) {
	for _, item := range r.items(name) {
		n, _ := strconv.Atoi(item) // which recur.Parse has taken
		numbers = append(numbers, n)
	}
	return numbers
}

// askLibical asks for q in words that libical takes as RFC 5545 and todod's documentation mean them. Each difference is a
// class of rules, which is said exactly in otherwise; everything that libical answers is compared. Items that are there
// twice are asked once: libical has the dates of BYDAY=MO,MO twice, and says in its header that no value may be named
// again; the sets of RFC 5545 (3.3.10) have each date once.
func askLibical(t fataler, j *judge, q question, omit bool, last int) []string {
	t.Helper()
	for _, p := range q.rule {
		if items := q.rule.items(p.name); len(items) > 1 {
			q.rule = q.rule.with(p.name, strings.Join(once(items), ","))
		}
	}
	l := libical{fataler: t, judge: j, omit: omit, last: last}
	ask := l.otherwise(q)
	if ask == nil {
		return l.ask(q, most)
	}
	whole := q
	whole.rule = q.rule.without("COUNT").without("UNTIL")
	l.last++ // a week that BYSETPOS picks from may end in the next year
	judged := slices.DeleteFunc(ask(whole), func(date string) bool {
		moment := date + q.start()[len(date):]
		return date < written(q.anchor) || date[:4] > strconv.Itoa(last) || q.rule.get("UNTIL") != "" && moment > q.rule.get("UNTIL")
	})
	return judged[:min(len(judged), q.rule.number("COUNT", most), most)]
}

// once returns the items without those that are there before, by their numbers: +1MO is 01MO.
func once(items []string) (different []string) {
	seen := map[string]bool{}
	for _, item := range items {
		plain := strings.TrimLeft(item, "+0")
		if negative, ok := strings.CutPrefix(item, "-"); ok {
			plain = "-" + strings.TrimLeft(negative, "0")
		}
		if !seen[plain] {
			different = append(different, plain)
		}
		seen[plain] = true
	}
	return different
}

// libical asks for all dates of a rule until the end of a year.
type libical struct {
	fataler
	judge *judge
	omit  bool
	last  int
}

// ask asks for q as it is.
func (l libical) ask(q question, number int) []string {
	if !l.omit {
		q.rule = append(slices.Clone(q.rule), part{"RSCALE", "GREGORIAN"}, part{"SKIP", "BACKWARD"})
	}
	return l.judge.ask(l, q, l.last, number)
}

// dates asks for all dates of q, which has neither COUNT nor UNTIL, otherwise if need be.
func (l libical) dates(q question) []string {
	if ask := l.otherwise(q); ask != nil {
		return ask(q)
	}
	return l.ask(q, all)
}

// otherwise returns how q's dates are asked for if not as it is: what is returned takes q without COUNT and UNTIL, and may
// have dates before the anchor. It returns nil if q is in none of these classes.
func (l libical) otherwise(q question) func(q question) []string {
	frequency, has := q.rule.get("FREQ"), func(name string) bool { return q.rule.get(name) != "" }
	numbered := strings.ContainsAny(q.rule.get("BYDAY"), "123456789")
	weekday := weekdays[q.anchor.Weekday()]
	days := numbers(q.rule, "BYMONTHDAY")
	early := slices.ContainsFunc(days, func(n int) bool { return n < -28 })
	late := slices.ContainsFunc(days, func(n int) bool { return n > 28 })
	negative := slices.ContainsFunc(days, func(n int) bool { return n < 0 })
	yearly := frequency == "YEARLY" && has("BYMONTHDAY") && !has("BYMONTH")
	switch {
	// libical passes over BYSETPOS where a rule goes by days or weeks. RFC 5545 (3.3.10) has it for every FREQ.
	case has("BYSETPOS") && (frequency == "DAILY" || frequency == "WEEKLY"):
		return l.pick
	// Where two items are one day, as are BYMONTHDAY=-2,30 in a month with 31 and, by SKIP=BACKWARD, 30,31 in April, libical
	// counts two from the end, and has nothing there with BYSETPOS=-1. A set (RFC 5545, 3.3.10) has a day once.
	case has("BYSETPOS") && len(days) > 1 && (negative || late && !l.omit):
		return l.pick
	// What is asked for in two questions has to be put together before BYSETPOS can pick from it.
	case has("BYSETPOS") && (early && !l.omit || yearly && numbered):
		return l.pick
	// To libical a rule by days has no day with BYMONTHDAY=-1; in RFC 5545 (3.3.10) any number limits days. And of a rule by
	// days RFC 7529 (4.1) has nothing to skip: BYMONTHDAY only limits days, which are all valid. Todod lets the last day of a
	// month take the place of those that it doesn't have here as well (docs/recurrence.md).
	case frequency == "DAILY" && (negative || late && !l.omit):
		return l.byMonths
	// Where a rule leaves weeks out, libical goes by the week of DTSTART only if that is the first day of BYDAY there: from
	// Monday 4 August 1997 with INTERVAL=2;BYDAY=SU;WKST=MO, it has the 17th first. The week of DTSTART counts, and weeks
	// begin on WKST (RFC 5545, 3.3.10): it is the 10th.
	case frequency == "WEEKLY" && q.rule.number("INTERVAL", 1) > 1 && has("BYDAY") &&
		!(weekBegin(q.rule, q.anchor) == q.anchor && slices.Contains(q.rule.items("BYDAY"), weekday)):
		return l.fromWeekBegin
	// SKIP=BACKWARD also lets libical have a day for BYMONTHDAY=-31 in a month with 30: the last of the month before. RFC 7529
	// (4.1) doesn't say it of numbers from the end, and todod leaves these out.
	case early && !l.omit:
		return l.inTwo
	// Of BYMONTHDAY in a rule by years libical takes the month of DTSTART. RFC 5545 (3.3.10) lets it expand the year, as
	// dateutil does: all months. Numbers of weekdays are those in the year then, so that BYMONTH can't be added.
	case yearly && numbered:
		return l.inBoth
	case yearly:
		return func(q question) []string {
			q.rule = q.rule.with("BYMONTH", "1,2,3,4,5,6,7,8,9,10,11,12")
			return l.dates(q)
		}
	}
	return nil
}

// pick picks the dates that BYSETPOS names in each period.
func (l libical) pick(q question) (picked []string) {
	whole := fromPeriodBegin(q)
	whole.rule = whole.rule.without("BYSETPOS")
	positions, found := numbers(q.rule, "BYSETPOS"), l.dates(whole)
	for len(found) > 0 {
		size := slices.IndexFunc(found, func(date string) bool { return period(q, day(date)) != period(q, day(found[0])) })
		if size < 0 {
			size = len(found)
		}
		for i, date := range found[:size] {
			if slices.Contains(positions, i+1) || slices.Contains(positions, i-size) {
				picked = append(picked, date)
			}
		}
		found = found[size:]
	}
	return picked
}

// day reads a date that libical has written.
func day(date string) recur.Day {
	at, _ := time.Parse("20060102", date) // which it has
	return recur.DayOf(at)
}

// period returns the first day of q's period that a day is in.
func period(q question, day recur.Day) recur.Day {
	switch q.rule.get("FREQ") {
	case "DAILY":
		return day
	case "WEEKLY":
		return weekBegin(q.rule, day)
	case "MONTHLY":
		return day - recur.Day(day.Time().Day()-1)
	}
	return day - recur.Day(day.Time().YearDay()-1)
}

// weekBegin returns the first day of the week that a day is in.
func weekBegin(r rule, day recur.Day) recur.Day {
	start := 1
	if r.get("WKST") != "" {
		start = slices.Index(weekdays, r.get("WKST"))
	}
	for int(day.Weekday()) != start {
		day--
	}
	return day
}

// fromPeriodBegin returns q with the first day of its first period as DTSTART, and with what it has from its anchor said.
func fromPeriodBegin(q question) question {
	frequency, at := q.rule.get("FREQ"), q.anchor.Time()
	switch {
	case q.rule.get("BYDAY") != "" || q.rule.get("BYMONTHDAY") != "" || frequency == "DAILY":
	case frequency == "WEEKLY":
		q.rule = q.rule.with("BYDAY", weekdays[at.Weekday()])
	default:
		if frequency == "YEARLY" && q.rule.get("BYMONTH") == "" {
			q.rule = q.rule.with("BYMONTH", strconv.Itoa(int(at.Month())))
		}
		q.rule = q.rule.with("BYMONTHDAY", strconv.Itoa(at.Day()))
	}
	q.anchor = period(q, q.anchor)
	return q
}

// byMonths has q as a rule by months, and keeps the days that INTERVAL lets count.
func (l libical) byMonths(q question) []string {
	monthly, interval := q, q.rule.number("INTERVAL", 1)
	monthly.rule = q.rule.without("INTERVAL").with("FREQ", "MONTHLY")
	return slices.DeleteFunc(l.dates(monthly), func(date string) bool { return int(day(date)-q.anchor)%interval != 0 })
}

// fromWeekBegin has q from the first day of its first week, which is asked for as well and left out.
func (l libical) fromWeekBegin(q question) []string {
	whole := fromPeriodBegin(q)
	first := weekdays[whole.anchor.Weekday()]
	if slices.Contains(q.rule.items("BYDAY"), first) {
		return l.dates(whole)
	}
	whole.rule = q.rule.with("BYDAY", first+","+q.rule.get("BYDAY"))
	return slices.DeleteFunc(l.dates(whole), func(date string) bool { return day(date).Weekday() == whole.anchor.Weekday() })
}

// inTwo has q's days from the end of the month without SKIP, and the others with it.
func (l libical) inTwo(q question) []string {
	fromEnd, others := q, q
	var negative, positive []string
	for _, item := range q.rule.items("BYMONTHDAY") {
		if item[0] == '-' {
			negative = append(negative, item)
		} else {
			positive = append(positive, item)
		}
	}
	fromEnd.rule = q.rule.with("BYMONTHDAY", strings.Join(negative, ","))
	exact := l
	exact.omit = true
	found := exact.dates(fromEnd)
	if len(positive) > 0 {
		others.rule = q.rule.with("BYMONTHDAY", strings.Join(positive, ","))
		found = append(found, l.dates(others)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// inBoth has what a rule by years has both with its BYMONTHDAY and with its BYDAY.
func (l libical) inBoth(q question) []string {
	byDate, byWeekday := fromPeriodBegin(q), fromPeriodBegin(q)
	byDate.rule = q.rule.without("BYDAY")
	byWeekday.rule = q.rule.without("BYMONTHDAY")
	dates := l.dates(byDate)
	return slices.DeleteFunc(l.dates(byWeekday), func(date string) bool { return !slices.Contains(dates, date) })
}
