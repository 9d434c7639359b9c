package recur

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseTakes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"FREQ=DAILY",
		"freq=weekly;byday=mo,Tu;wkst=su",
		"INTERVAL=2;FREQ=WEEKLY",
		"FREQ=DAILY;INTERVAL=001",
		"FREQ=DAILY;INTERVAL=999;COUNT=9999",
		"FREQ=MONTHLY;BYDAY=+1MO,-53SU,53FR,TU",
		"FREQ=YEARLY;BYDAY=01MO",
		"FREQ=MONTHLY;BYMONTHDAY=-31,+31,01",
		"FREQ=YEARLY;BYMONTH=01,12;BYSETPOS=-366,+366,001",
		"FREQ=DAILY;UNTIL=20261231",
		"FREQ=DAILY;UNTIL=20240229T235959",
		"FREQ=DAILY;UNTIL=99991231t235959z",
		"FREQ=MONTHLY;BYDAY=" + strings.Repeat("1MO,", 119) + "MO", // 497 bytes
	} {
		r, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if r.String() != strings.ToUpper(text) {
			t.Errorf("%s reads %s", text, r)
		}
		if again := mustParse(t, r.String()); !reflect.DeepEqual(again, r) {
			t.Errorf("%s reads %+v, then %+v", text, r, again)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const (
		frequency = "must have a FREQ of DAILY, WEEKLY, MONTHLY or YEARLY"
		interval  = "must have an INTERVAL of 1 to 999"
		count     = "must have a COUNT of 1 to 9999"
		months    = "must have a BYMONTH of 1 to 12, or several with commas"
		dates     = "must have a BYMONTHDAY of 1 to 31 or -1 to -31, or several with commas"
		weekdays  = "must have a BYDAY of MO, TU, WE, TH, FR, SA or SU, with a number up to 53 before it or not, or several with commas"
		positions = "must have a BYSETPOS of 1 to 366 or -1 to -366, or several with commas"
		weekStart = "must have a WKST of MO, TU, WE, TH, FR, SA or SU"
		until     = "must have an UNTIL that is a date such as 20261231, or a time such as 20261231T180000 or 20261231T180000Z"
		sides     = "must have a part on both sides of each ;"
		signs     = "must consist of letters, digits and the signs = ; , + -, without RRULE: and spaces"
		only      = "must have no parts but FREQ, INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, WKST, COUNT and UNTIL, got "
	)
	for text, want := range map[string]string{
		"":                                       frequency,
		"FREQ":                                   frequency,
		"FREQ=":                                  frequency,
		"FREQ=HOURLY":                            frequency,
		"FREQ=DAILY=DAILY":                       frequency,
		"INTERVAL=2":                             frequency,
		"FREQ=DAILY;INTERVAL=0":                  interval,
		"FREQ=DAILY;INTERVAL=1000":               interval,
		"FREQ=DAILY;INTERVAL=-1":                 interval,
		"FREQ=DAILY;INTERVAL=+1":                 interval,
		"FREQ=DAILY;INTERVAL=99999999999999":     interval,
		"FREQ=DAILY;INTERVAL=1,2":                interval,
		"FREQ=DAILY;COUNT=0":                     count,
		"FREQ=DAILY;COUNT=10000":                 count,
		"FREQ=DAILY;COUNT=+1":                    count,
		"FREQ=DAILY;COUNT=2;UNTIL=20261231":      "must have COUNT or UNTIL, not both",
		"FREQ=YEARLY;BYMONTH=0":                  months,
		"FREQ=YEARLY;BYMONTH=13":                 months,
		"FREQ=YEARLY;BYMONTH=-1":                 months,
		"FREQ=YEARLY;BYMONTH=+1":                 months,
		"FREQ=YEARLY;BYMONTH=001":                months,
		"FREQ=YEARLY;BYMONTH=1,":                 months,
		"FREQ=YEARLY;BYMONTH=5L":                 months,
		"FREQ=MONTHLY;BYMONTHDAY=32":             dates,
		"FREQ=MONTHLY;BYMONTHDAY=0":              dates,
		"FREQ=MONTHLY;BYMONTHDAY=-0":             dates,
		"FREQ=MONTHLY;BYMONTHDAY=-32":            dates,
		"FREQ=MONTHLY;BYMONTHDAY=+-1":            dates,
		"FREQ=MONTHLY;BYMONTHDAY=--1":            dates,
		"FREQ=MONTHLY;BYMONTHDAY=-+1":            dates,
		"FREQ=MONTHLY;BYMONTHDAY=001":            dates,
		"FREQ=MONTHLY;BYMONTHDAY=,1":             dates,
		"FREQ=WEEKLY;BYMONTHDAY=1":               "must have BYMONTHDAY only with a FREQ of DAILY, MONTHLY or YEARLY",
		"FREQ=MONTHLY;BYDAY=":                    weekdays,
		"FREQ=MONTHLY;BYDAY=M":                   weekdays,
		"FREQ=MONTHLY;BYDAY=1":                   weekdays,
		"FREQ=MONTHLY;BYDAY=0MO":                 weekdays,
		"FREQ=MONTHLY;BYDAY=54MO":                weekdays,
		"FREQ=MONTHLY;BYDAY=-54MO":               weekdays,
		"FREQ=MONTHLY;BYDAY=-MO":                 weekdays,
		"FREQ=MONTHLY;BYDAY=001MO":               weekdays,
		"FREQ=MONTHLY;BYDAY=MO;BYDAY=TU":         "must have BYDAY once",
		"FREQ=WEEKLY;BYDAY=1MO":                  "must have numbers in BYDAY only with a FREQ of MONTHLY or YEARLY",
		"BYDAY=-1MO;FREQ=DAILY":                  "must have numbers in BYDAY only with a FREQ of MONTHLY or YEARLY",
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0":       positions,
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367":     positions,
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-":       positions,
		"FREQ=MONTHLY;BYSETPOS=1":                "must have BYSETPOS only beside BYMONTH, BYMONTHDAY or BYDAY",
		"FREQ=WEEKLY;WKST=1MO":                   weekStart,
		"FREQ=WEEKLY;WKST=":                      weekStart,
		"FREQ=DAILY;UNTIL=20260229":              until,
		"FREQ=DAILY;UNTIL=00001231":              until,
		"FREQ=DAILY;UNTIL=2026-12-31":            until,
		"FREQ=DAILY;UNTIL=20261231T240000":       until,
		"FREQ=DAILY;UNTIL=20261231T1800":         until,
		"FREQ=DAILY;UNTIL=20261231T18000":        until,
		"FREQ=DAILY;UNTIL=20261231T180000,5":     until,
		"FREQ=DAILY;UNTIL=20261231Z":             until,
		"FREQ=DAILY;":                            sides,
		";FREQ=DAILY":                            sides,
		"FREQ=DAILY;;COUNT=1":                    sides,
		";":                                      sides,
		"RRULE:FREQ=DAILY":                       signs,
		"FREQ=DAILY; COUNT=1":                    signs,
		"FREQ=DAILY\n":                           signs,
		"FREQ=DAıLY":                             signs,
		"FREQ=DAILY\xff":                         signs,
		"FREQ=YEARLY;BYWEEKNO=1":                 only + "BYWEEKNO",
		"FREQ=YEARLY;BYYEARDAY=1":                only + "BYYEARDAY",
		"FREQ=DAILY;BYHOUR=1":                    only + "BYHOUR",
		"RSCALE=GREGORIAN;FREQ=MONTHLY":          only + "RSCALE",
		"FREQ=DAILY;X-MINE=1":                    only + "X-MINE",
		"FREQ=DAILY;=1":                          only,
		"FREQ=DAILY;" + strings.Repeat("X", 400): only + strings.Repeat("X", 20),
		"FREQ=MONTHLY;BYDAY=" + strings.Repeat("1MO,", 120) + "MO": "must be at most 500 bytes, got 501",
	} {
		r, err := Parse(text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if err != nil && r != nil {
			t.Errorf("%q: a rule, though %v", text, err)
		}
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"FREQ=DAILY": 0, "FREQ=DAILY;COUNT=12": 12} {
		if got := mustParse(t, text).Count(); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
