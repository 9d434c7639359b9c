package recur

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDaysAreThoseOfPackageTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := Day(rapid.IntRange(int(firstDay), int(lastDay)).Draw(t, "day"))
		at := time.Date(1970, time.January, 1+int(day), 0, 0, 0, 0, time.UTC)
		if !day.Time().Equal(at) || day.Time().Location() != time.UTC || day.Weekday() != at.Weekday() || DayOf(at) != day {
			t.Errorf("%d: %v on a %v, want %v on a %v", day, day.Time(), day.Weekday(), at, at.Weekday())
		}
		start := time.Weekday(rapid.IntRange(0, 6).Draw(t, "start"))
		begin := weekBegin(day.week(start), start)
		if begin > day || begin+6 < day || begin.Weekday() != start {
			t.Errorf("%d is in week %d, which begins on %d, a %v", day, day.week(start), begin, begin.Weekday())
		}
	})
}

func TestDayOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Day{
		"0001-01-01T00:00:00Z":      firstDay,
		"1969-12-31T23:59:59Z":      -1,
		"1970-01-01T00:00:00+14:00": 0,
		"1970-01-01T23:59:59-12:00": 0,
		"9999-12-31T23:59:59Z":      lastDay,
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayOf(at); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
