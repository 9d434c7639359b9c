package todo

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDue(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"2026-01-15":                        "day 2026-01-15T00:00:00Z",
		"2024-02-29":                        "day 2024-02-29T00:00:00Z",
		"2026-01-15T10:00:00Z":              "2026-01-15T10:00:00Z",
		"2026-01-15t10:00:00z":              "2026-01-15T10:00:00Z",
		"2026-01-15T10:00:00+05:30":         "2026-01-15T04:30:00Z",
		"2026-01-15T10:00:00-00:00":         "2026-01-15T10:00:00Z",
		"2026-01-15T10:00:00.1234567Z":      "2026-01-15T10:00:00.123456Z",
		"2026-01-15T10:00:00.999999999999Z": "2026-01-15T10:00:00.999999Z",
		"0001-01-01":                        "day 0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z":       "9999-12-31T23:59:59.999999Z",
		"9999-12-31T23:59:59-01:00":         "",
		"0001-01-01T00:30:00+01:00":         "",
		"0000-01-01":                        "",
		"2026-02-29":                        "",
		"2026-13-01":                        "",
		"2026-1-1":                          "",
		"20260115":                          "",
		"2026-W03-4":                        "",
		"2026-01-15T10:00:00":               "",
		"2026-01-15T10:00Z":                 "",
		"2026-01-15 10:00:00Z":              "",
		"2026-01-15T1:00:00Z":               "",
		"2026-01-15T10:00:00,5Z":            "",
		"2026-01-15T10:00:00.Z":             "",
		"2026-01-15T24:00:00Z":              "",
		"2026-01-15T23:59:60Z":              "",
		"2026-01-15T10:00:00+24:00":         "",
		"2026-01-15T10:00:00+01:60":         "",
		"2026-01-15T10:00:00+0100":          "",
		"2026-01-15T10:00:00 +01:00":        "",
		" 2026-01-15":                       "",
		"2026-01-15\n":                      "",
		"+2026-01-15T10:00:00Z":             "",
		"":                                  "",
		"tomorrow":                          "",
	} {
		due, ok := ParseDue(s)
		got := ""
		if ok {
			got = due.At.UTC().Format(time.RFC3339Nano)
			if due.AllDay {
				got = "day " + got
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestParseDueReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offset := time.FixedZone("", 60*rapid.IntRange(-23*60, 23*60).Draw(t, "minutes of offset"))
		at := time.UnixMicro(rapid.Int64Range(-62_000_000_000_000_000, 253_000_000_000_000_000).Draw(t, "us")).In(offset)

		due, ok := ParseDue(at.Format("2006-01-02T15:04:05.000000Z07:00"))
		if !ok || due.AllDay || !due.At.Equal(at) {
			t.Fatalf("%v: got %v, %v", at, due, ok)
		}
		if day := due.On(true); day.At.Format(time.DateOnly) != at.Format(time.DateOnly) || !day.On(true).At.Equal(day.At) {
			t.Fatalf("%v is the day %v", at, day)
		}
	})
}

// TestADayIsOfTheYearsThatCanBeWritten, whatever it is in UTC: what is stored can be sent back.
func TestADayIsOfTheYearsThatCanBeWritten(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"0000-12-31T23:30:00-01:00": "", "0001-01-01T00:00:00Z": "0001-01-01", "0001-01-01T23:30:00-01:00": "0001-01-01",
		"9999-12-31T23:30:00+01:00": "9999-12-31", "9999-12-31T00:30:00+14:00": "9999-12-31", "9999-12-31T23:59:59Z": "9999-12-31",
	} {
		due, ok := ParseDue(s)
		if !ok {
			t.Fatalf("%s is not read", s)
		}
		p, err := Patch{Due: Some(due), AllDay: Some(true)}.Normalise()
		switch {
		case want == "" && !slices.Equal(faults(err), []string{"due_date must lie in the years 1 to 9999"}):
			t.Errorf("%s: %v, %v", s, p.Due.V.At, err)
		case want != "" && (err != nil || p.Due.V.At.Format(time.DateOnly) != want):
			t.Errorf("%s: %v, %v; want %s", s, p.Due.V.At, err, want)
		}
		if _, err := (Patch{Due: Some(due)}).Normalise(); err != nil {
			t.Errorf("%s is no instant: %v", s, err)
		}
	}
}

func FuzzParseDue(f *testing.F) {
	for _, s := range []string{"2026-01-15", "2026-01-15T10:00:00.5+05:30", "9999-12-31t23:59:59z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		due, ok := ParseDue(s)
		if !ok {
			return
		}
		if !due.At.Truncate(time.Microsecond).Equal(due.At) || !inRange(due.At) || due.AllDay && !due.On(true).At.Equal(due.At) {
			t.Errorf("%q: %+v", s, due)
		}
		again, ok := ParseDue(due.At.UTC().Format("2006-01-02T15:04:05.000000Z"))
		if !ok || !again.At.Equal(due.At) {
			t.Errorf("%q: written and read again it is %+v, %v", s, again, ok)
		}
	})
}

// TestADayBeginsWithItsFirstMoment: of random days and zones, as looking at each minute around it finds it.
func TestADayBeginsWithItsFirstMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{
			"Pacific/Pago_Pago", "Pacific/Kiritimati", "Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe", "Asia/Tehran", "Asia/Gaza",
			"Africa/Casablanca", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "America/Toronto", "Atlantic/Azores", "UTC",
		}).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		day := time.Date(rapid.IntRange(1972, 2040).Draw(t, "year"), time.January, rapid.IntRange(1, 366).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
		want := day.Add(-26 * time.Hour)
		for DayOf(want.In(zone)).Before(day) {
			want = want.Add(time.Minute)
		}
		if got := Begin(day, zone); !got.Equal(want) || !DayOf(got).Equal(day) {
			t.Fatalf("%s begins in %s at %s, want %s", day.Format(time.DateOnly), name, got.UTC(), want)
		}
	})
}

// TestADayBeginsOnceInEveryZone: also where clocks go over midnight, come to it twice, or leave the day out.
func TestADayBeginsOnceInEveryZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, want string }{
		{"UTC", "2026-12-25", "2026-12-25T00:00:00Z"},
		{"Pacific/Pago_Pago", "2026-12-25", "2026-12-25T11:00:00Z"},
		{"Pacific/Kiritimati", "2026-12-25", "2026-12-24T10:00:00Z"},
		{"Asia/Kathmandu", "2026-12-25", "2026-12-24T18:15:00Z"},
		{"America/Los_Angeles", "2026-03-08", "2026-03-08T08:00:00Z"}, // changes later that day
		{"America/Los_Angeles", "2026-03-09", "2026-03-09T07:00:00Z"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // has no midnight: begins at 1
		{"Asia/Beirut", "2025-03-30", "2025-03-29T22:00:00Z"},       // likewise
		{"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"},    // has two
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},      // was left out
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		due, _ := ParseDue(c.day)
		begin := Begin(due.At, zone)
		if got := begin.UTC().Format(time.RFC3339); got != c.want || !DayOf(begin).Equal(due.At) {
			t.Errorf("%s begins in %s at %s, want %s; its day is %s", c.day, c.zone, got, c.want, DayOf(begin))
		}
	}
}
