//go:build heavy

package recur

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// python is where Debian's Python is, which has Debian's modules. The first on the PATH may be another.
const python = "/usr/bin/python3"

// TestDatesAreThoseOfDateutil: random rules have the dates that python3-dateutil gives them, with month_end omit. It knows
// no SKIP. Those with a zone begin there, and an UNTIL is an instant.
func TestDatesAreThoseOfDateutil(t *testing.T) {
	checks(t, rules)
	folder, all, _ := zonesOfGo(t)
	zones := []*time.Location{time.UTC}
	for _, name := range []string{
		"Europe/Berlin", "America/New_York", "America/Nuuk", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
	} {
		zones = append(zones, all[name])
	}
	j, compared := start(t, []string{"PYTHONTZPATH=" + folder}, python, "testdata/askdateutil.py"), 0
	rapid.Check(t, func(t *rapid.T) {
		q := source{T: t, around: 1990, first: 2, last: 9900, zones: zones}.question()
		last := lastYear(q, 9998)
		want := counted(q, askDateutil(t, j, q, last))
		if got := dates(t, q, true, last); !slices.Equal(got, want) {
			t.Fatalf("%s: %v\nwant %v", q, got, want)
		}
		compared += len(want)
	})
	t.Logf("%d dates", compared)
}

// askDateutil asks for q in words that dateutil takes as RFC 5545 means them. Each of its peculiarities is a class of rules,
// which is said exactly; everything that it answers is compared.
func askDateutil(t fataler, j *judge, q question, last int) []string {
	t.Helper()
	asked := q
	switch frequency := q.rule.get("FREQ"); {
	case frequency == "MONTHLY" || frequency == "YEARLY":
		asked.rule = spellOut(q.rule)
	case frequency == "WEEKLY" && q.rule.get("BYSETPOS") != "":
		return askWholeWeeks(t, j, q, last)
	}
	return j.ask(t, asked, last, most)
}

// askWholeWeeks asks for q, which has BYSETPOS, from the first day of the week that it begins in, and leaves out what is
// before q. dateutil would take the first week to have only the days from DTSTART on, and pick positions among them. To
// RFC 5545 (3.3.10) the set of BYSETPOS is one interval of FREQ, a week that begins on WKST; dateutil does the same with
// months and years, which it takes whole though DTSTART lies in their middle.
func askWholeWeeks(t fataler, j *judge, q question, last int) []string {
	t.Helper()
	asked := q
	asked.anchor = weekBegin(q.rule, q.anchor)
	asked.rule = q.rule.without("COUNT")
	if q.rule.get("BYDAY") == "" {
		asked.rule = asked.rule.with("BYDAY", weekdays[q.anchor.Weekday()]) // as DTSTART would say
	}
	judged := slices.DeleteFunc(j.ask(t, asked, last, most+7), func(date string) bool { return date < written(q.anchor) })
	return judged[:min(len(judged), q.rule.number("COUNT", most), most)]
}

// spellOut returns the rule, by months or years, with other items of BYDAY that mean the same.
//
// Where some have numbers and some don't, dateutil takes the days that are named in both ways; RFC 5545 (3.3.10) has one
// list, each of whose items adds days. Those without a number are spelled out: MO is 1MO,2MO,3MO,4MO,5MO.
//
// Where a number is larger than any month has weeks, dateutil may end with an IndexError; RFC 5545 takes ±1 to ±53 and
// leaves out dates that aren't there (3.3.10). Such a number is given from the end, where dateutil bears it: 6MO, which
// no month has, is -6MO, which none has either.
func spellOut(r rule) rule {
	items := r.items("BYDAY")
	if len(items) == 0 {
		return r
	}
	inYear := r.get("FREQ") == "YEARLY" && r.get("BYMONTH") == ""
	plain := func(item string) bool { return len(item) == 2 }
	mixed := slices.ContainsFunc(items, plain) && slices.ContainsFunc(items, func(item string) bool { return !plain(item) })
	var others []string
	for _, item := range items {
		split := len(item) - 2
		switch number, _ := strconv.Atoi(item[:split]); {
		case plain(item) && mixed:
			weeks := 5
			if inYear {
				weeks = 53
			}
			for n := range weeks {
				others = append(others, fmt.Sprint(n+1, item))
			}
		case number > 5 && !inYear:
			others = append(others, fmt.Sprint(-number, item[split:]))
		default:
			others = append(others, item)
		}
	}
	return r.with("BYDAY", strings.Join(others, ","))
}
