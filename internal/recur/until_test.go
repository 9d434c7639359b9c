package recur

import (
	"testing"
	"time"
)

func TestOver(t *testing.T) {
	t.Parallel()
	newYork, ok := Zone("America/New_York")
	if !ok {
		t.Fatal("there is no New York")
	}
	for _, c := range []struct {
		until, day, clock string
		allDay, want      bool
	}{
		{"", "9999-12-31", "23h", false, false},
		// a date is that day in any zone, to its end
		{";UNTIL=20261231", "2026-12-31", "0h", false, false},
		{";UNTIL=20261231", "2026-12-31", "23h59m59s", false, false},
		{";UNTIL=20261231", "2027-01-01", "0h", false, true},
		{";UNTIL=20261231", "2026-12-31", "0h", true, false},
		{";UNTIL=20261231", "2027-01-01", "0h", true, true},
		// a time is one on the wall
		{";UNTIL=20261231T180000", "2026-12-31", "18h", false, false},
		{";UNTIL=20261231T180000", "2026-12-31", "18h0m1s", false, true},
		{";UNTIL=20261231T180000", "2026-12-30", "23h", false, false},
		{";UNTIL=20261231T180000", "2027-01-01", "1h", false, true},
		// an instant is one: five hours later in New York
		{";UNTIL=20261231T180000Z", "2026-12-31", "13h", false, false},
		{";UNTIL=20261231T180000Z", "2026-12-31", "13h0m1s", false, true},
		{";UNTIL=20270101T040000Z", "2026-12-31", "23h", false, false},
		{";UNTIL=20270101T040000Z", "2027-01-01", "0h", false, true},
		// whoever has no time of day goes by the date that is written
		{";UNTIL=20261231T000000", "2026-12-31", "18h", true, false},
		{";UNTIL=20261231T235959", "2027-01-01", "0h", true, true},
		{";UNTIL=20261231T000000Z", "2026-12-31", "18h", true, false},
		{";UNTIL=20270101T040000Z", "2027-01-01", "0h", true, false},
		{";UNTIL=20270101T040000Z", "2027-01-02", "0h", true, true},
	} {
		clock, err := time.ParseDuration(c.clock)
		if err != nil {
			t.Fatal(err)
		}
		day := date(t, c.day)
		if got := mustParse(t, "FREQ=DAILY"+c.until).Over(day, clock, At(day, clock, newYork), c.allDay); got != c.want {
			t.Errorf("%s: %s %s, all day %v: %v, want %v", c.until, c.day, c.clock, c.allDay, got, c.want)
		}
	}
}
