package todo

import (
	"testing"
	"time"
)

// TestRulesOf: looking through the rules of a zone comes to an end, also where clocks are changed for ever, and tells zones apart
// if and only if clocks show something else there.
func TestRulesOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, other string
		same        bool
	}{
		{"Europe/Berlin", "Europe/Paris", true},
		{"Europe/Berlin", "Europe/Lisbon", false},
		{"Europe/Berlin", "Africa/Tunis", false}, // the same in winter
		{"America/New_York", "America/Toronto", true},
		{"America/New_York", "America/Havana", false},
		{"Pacific/Auckland", "Antarctica/McMurdo", true},
		{"Pacific/Auckland", "Australia/Sydney", false},
		{"UTC", "Africa/Abidjan", true},
		{"UTC", "Europe/London", false},
		{"Africa/Casablanca", "Africa/El_Aaiun", true},
	} {
		zone, ok := Location(c.zone)
		other, there := Location(c.other)
		if !ok || !there {
			t.Fatalf("%s, %s: not there", c.zone, c.other)
		}
		if same := rulesOf(zone) == rulesOf(other); same != c.same {
			t.Errorf("%s and %s: the same %v", c.zone, c.other, same)
		}
	}
	fixed := rulesOf(time.FixedZone("", 3600))
	if tunis, _ := Location("Africa/Tunis"); rulesOf(tunis) != fixed {
		t.Error("a zone whose clocks are never changed differs from one of its offset")
	}
}
