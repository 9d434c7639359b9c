package recur

import (
	"strings"
	"testing"
	"time"
)

// date reads a day as ISO 8601 writes it.
func date(t testing.TB, text string) Day {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return DayOf(at)
}

// mustParse reads a rule that is right.
func mustParse(t testing.TB, text string) *Rule {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// list writes dates as ISO 8601 does, with spaces between.
func list(days []Day) string {
	var texts []string
	for _, day := range days {
		texts = append(texts, day.Time().Format(time.DateOnly))
	}
	return strings.Join(texts, " ")
}

// first returns the first n dates of a series, and fewer if there are no more.
func first(r *Rule, anchor Day, n int, omit bool) (days []Day) {
	for after := anchor - 1; len(days) < n; {
		day, ok := r.Next(anchor, after, omit)
		if !ok {
			break
		}
		days = append(days, day)
		after = day
	}
	return days
}

func TestNextDates(t *testing.T) {
	t.Parallel()
	const last, omit = "last", "omit"
	for _, c := range []struct {
		rule, anchor, monthEnd, want string
	}{
		// plain
		{"FREQ=DAILY", "2026-02-27", last, "2026-02-27 2026-02-28 2026-03-01"},
		{"FREQ=DAILY;INTERVAL=10", "2026-12-25", last, "2026-12-25 2027-01-04 2027-01-14"},
		{"FREQ=WEEKLY", "2026-12-25", last, "2026-12-25 2027-01-01 2027-01-08"},
		{"FREQ=WEEKLY;BYDAY=MO,FR", "2026-12-24", last, "2026-12-25 2026-12-28 2027-01-01"},
		{"FREQ=MONTHLY", "2026-01-15", last, "2026-01-15 2026-02-15 2026-03-15"},
		{"FREQ=YEARLY", "2026-12-25", last, "2026-12-25 2027-12-25 2028-12-25"},
		// ends of months
		{"FREQ=MONTHLY", "2026-01-31", last, "2026-01-31 2026-02-28 2026-03-31 2026-04-30"},
		{"FREQ=MONTHLY", "2026-01-31", omit, "2026-01-31 2026-03-31 2026-05-31"},
		{"FREQ=MONTHLY;INTERVAL=13", "2027-01-30", last, "2027-01-30 2028-02-29 2029-03-30"},
		{"FREQ=MONTHLY;BYMONTHDAY=29,30,31", "2026-02-01", last, "2026-02-28 2026-03-29 2026-03-30 2026-03-31 2026-04-29 2026-04-30 2026-05-29"},
		{"FREQ=MONTHLY;BYMONTHDAY=29,30,31", "2026-02-01", omit, "2026-03-29 2026-03-30 2026-03-31 2026-04-29 2026-04-30 2026-05-29"},
		{"FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=SA", "2026-01-01", last, "2026-01-31 2026-02-28 2026-10-31 2027-07-31"},
		{"FREQ=MONTHLY;BYMONTHDAY=28,31;BYSETPOS=2", "2026-01-01", last, "2026-01-31 2026-03-31 2026-04-30"},
		{"FREQ=MONTHLY;BYMONTHDAY=-31", "2026-01-01", last, "2026-01-01 2026-03-01 2026-05-01 2026-07-01 2026-08-01"},
		{"FREQ=MONTHLY;BYMONTHDAY=-1", "2028-01-01", omit, "2028-01-31 2028-02-29 2028-03-31"},
		{"FREQ=DAILY;BYMONTHDAY=31", "2026-02-01", last, "2026-02-28 2026-03-31 2026-04-30"},
		{"FREQ=DAILY;BYMONTHDAY=31", "2026-02-01", omit, "2026-03-31 2026-05-31"},
		{"FREQ=DAILY;BYMONTHDAY=-31", "2026-02-01", last, "2026-03-01 2026-05-01"},
		{"FREQ=YEARLY", "2024-02-29", last, "2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29"},
		{"FREQ=YEARLY", "2096-02-29", omit, "2096-02-29 2104-02-29"},
		{"FREQ=YEARLY;INTERVAL=100", "2000-02-29", omit, "2000-02-29 2400-02-29 2800-02-29"},
		{"FREQ=YEARLY;BYMONTH=2,3,4", "2026-03-31", last, "2026-03-31 2026-04-30 2027-02-28 2027-03-31"},
		{"FREQ=YEARLY;BYMONTH=2,3,4", "2026-03-31", omit, "2026-03-31 2027-03-31"},
		{"FREQ=MONTHLY;BYMONTH=2", "2026-01-30", last, "2026-02-28 2027-02-28 2028-02-29"},
		{"FREQ=YEARLY;BYMONTHDAY=30", "2026-01-31", last, "2026-02-28 2026-03-30 2026-04-30"},
		// Friday 13th, and rarer
		{"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-01-01", last, "2026-02-13 2026-03-13 2026-11-13"},
		{"FREQ=YEARLY;BYDAY=FR;BYMONTHDAY=13", "2026-01-01", last, "2026-02-13 2026-03-13 2026-11-13"},
		{"FREQ=DAILY;BYDAY=FR;BYMONTHDAY=13", "2026-01-01", last, "2026-02-13 2026-03-13 2026-11-13"},
		{"FREQ=DAILY;BYDAY=MO;BYMONTH=2;BYMONTHDAY=29", "1872-01-01", omit, "1892-02-29 1904-02-29 1932-02-29"},
		{"FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8;INTERVAL=4", "1996-11-05", last, "1996-11-05 2000-11-07 2004-11-02"},
		// weekdays with numbers
		{"FREQ=MONTHLY;BYDAY=1MO,-1FR", "2026-01-01", last, "2026-01-05 2026-01-30 2026-02-02 2026-02-27"},
		{"FREQ=MONTHLY;BYDAY=5MO", "2026-01-01", last, "2026-03-30 2026-06-29 2026-08-31"},
		{"FREQ=MONTHLY;BYDAY=-5MO", "2026-01-01", last, "2026-03-02 2026-06-01 2026-08-03"},
		{"FREQ=MONTHLY;BYDAY=6MO", "2026-01-01", last, ""},
		{"FREQ=MONTHLY;BYDAY=MO,2TU", "2026-02-01", last, "2026-02-02 2026-02-09 2026-02-10 2026-02-16 2026-02-23"},
		{"FREQ=MONTHLY;BYDAY=2TU;BYMONTHDAY=8,9,10", "2026-01-01", last, "2026-02-10 2026-03-10 2026-06-09"},
		{"FREQ=YEARLY;BYDAY=20MO", "1997-05-19", last, "1997-05-19 1998-05-18 1999-05-17"},
		{"FREQ=YEARLY;BYDAY=53TH", "2020-01-01", last, "2020-12-31 2026-12-31 2032-12-30"},
		{"FREQ=YEARLY;BYDAY=-53TH", "2020-01-01", last, "2020-01-02 2026-01-01 2032-01-01"},
		{"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3,10", "2026-01-01", last, "2026-03-29 2026-10-25 2027-03-28"},
		{"FREQ=YEARLY;BYDAY=2TU;BYMONTHDAY=13", "2026-01-01", last, "2026-01-13 2032-01-13"},
		{"FREQ=YEARLY;BYDAY=SU", "2026-01-03", last, "2026-01-04 2026-01-11 2026-01-18"},
		{"FREQ=YEARLY;BYDAY=TH;BYMONTH=3", "1997-03-13", last, "1997-03-13 1997-03-20 1997-03-27 1998-03-05"},
		// weeks
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", last, "1997-08-05 1997-08-10 1997-08-19 1997-08-24"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", last, "1997-08-05 1997-08-17 1997-08-19 1997-08-31"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "1997-08-05", last, "1997-08-05 1997-08-10 1997-08-19 1997-08-24"},
		{"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-12-31", last, "2027-01-01 2027-01-08"},
		{"FREQ=WEEKLY;BYMONTH=1;BYDAY=TH,FR", "2026-12-01", last, "2027-01-01 2027-01-07"},
		{"FREQ=WEEKLY;BYMONTH=1;BYDAY=TH,FR;BYSETPOS=1", "2026-12-01", last, "2027-01-01 2027-01-07"},
		{"FREQ=WEEKLY;INTERVAL=53;BYMONTH=2", "2026-01-05", last, "2031-02-03 2032-02-09 2033-02-14 2034-02-20"},
		// positions
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-01", last, "2026-01-30 2026-02-27 2026-03-31"},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1,3", "2026-01-15", last, "2026-01-30 2026-02-02 2026-02-04 2026-02-27"},
		{"FREQ=YEARLY;BYDAY=MO;BYSETPOS=2", "2026-01-13", last, "2027-01-11 2028-01-10"},
		{"FREQ=DAILY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYSETPOS=-1", "2026-01-13", last, "2026-01-13 2026-01-14"},
		{"FREQ=DAILY;BYMONTH=1;BYSETPOS=2", "2026-01-13", last, ""},
		{"FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31;BYSETPOS=366", "2026-01-13", omit, "2028-12-31 2032-12-31"},
		// never
		{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", omit, ""},
		{"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", omit, ""},
		{"FREQ=MONTHLY;INTERVAL=12;BYMONTH=2", "2026-01-01", omit, ""},
		{"FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2026-01-05", omit, ""},
		// the ends of time
		{"FREQ=DAILY", "9999-12-30", last, "9999-12-30 9999-12-31"},
		{"FREQ=WEEKLY;BYDAY=SU,FR", "9999-12-30", last, "9999-12-31"},
		{"FREQ=YEARLY;INTERVAL=999", "0001-12-31", last, "0001-12-31 1000-12-31 1999-12-31 2998-12-31"},
		{"FREQ=WEEKLY;INTERVAL=999;WKST=SU", "0001-01-01", last, "0001-01-01 0020-02-24"},
		{"FREQ=DAILY;INTERVAL=999;BYMONTH=12;BYMONTHDAY=31", "9990-12-31", last, "9990-12-31"},
	} {
		got := first(mustParse(t, c.rule), date(t, c.anchor), max(len(strings.Fields(c.want)), 1), c.monthEnd == omit)
		if list(got) != c.want {
			t.Errorf("%s from %s, %s: %s\nwant %s", c.rule, c.anchor, c.monthEnd, list(got), c.want)
		}
		if n := newNaive(c.rule, date(t, c.anchor), c.monthEnd == omit); len(got) > 0 && list(n.until(got[len(got)-1])) != list(got) {
			t.Errorf("%s from %s, %s: %s\nthe naive oracle has %s", c.rule, c.anchor, c.monthEnd, list(got), list(n.until(got[len(got)-1])))
		}
	}
}
