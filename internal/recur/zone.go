package recur

import (
	"regexp"
	"sync"
	"time"
	_ "time/tzdata" // for machines and images that have no time zones
)

// At returns the instant at which clocks in zone show clock after midnight on day. Where they go forward over that
// time, it is as much later as they go forward; where they show it twice, it is the first time (RFC 5545, 3.3.5). In
// either case it is counted with the offset from before the change: time.Date doesn't promise which one it takes.
func At(day Day, clock time.Duration, zone *time.Location) time.Time {
	wall := day.Time().Add(clock) // as if the zone were UTC
	for near := wall.Add(-farthest); ; {
		_, offset := near.In(zone).Zone()
		end := Steady(near, zone)
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if end.IsZero() || at.Before(end) || !showsFrom(end, wall) {
			return at
		}
		near = end
	}
}

// Steady returns an instant after at until which clocks in zone aren't changed; zero if they never are again. Mostly that is
// when they are changed next, else the end of the year in UTC or of its 365th day. Time.ZoneBounds doesn't do: where a zone
// goes on by a rule, it gives a year 365 days, and says of the 366th that it ends when it begins.
func Steady(at time.Time, zone *time.Location) time.Time {
	_, end := at.In(zone).ZoneBounds()
	if end.IsZero() || end.After(at) {
		return end
	}
	return time.Date(at.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).In(zone)
}

// farthest is more than any zone was ever away from UTC.
const farthest = 36 * time.Hour

// showsFrom reports whether clocks show wall, or something earlier, when they have been changed at the instant changed.
func showsFrom(changed, wall time.Time) bool {
	_, offset := changed.Zone()
	return !changed.Add(time.Duration(offset) * time.Second).After(wall)
}

// zones are the locations that were asked for, by name. There are no more than about 600.
var zones sync.Map // of *time.Location

// zoneName is what the IANA's names look like. time.LoadLocation takes others: "", Local, and all that lies beside the
// zones in the system's folder, such as posix/Europe/Berlin or Europe//Berlin.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$`)

// Zone returns the location of an IANA name such as Europe/Berlin or UTC, written as the IANA does; false if there is
// none. Locations are kept, as time.LoadLocation reads a file each time.
func Zone(name string) (*time.Location, bool) {
	if kept, ok := zones.Load(name); ok {
		return kept.(*time.Location), true
	}
	if name == "Local" || !zoneName.MatchString(name) {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	// Who asks for it at the same time gets the same one.
	kept, _ := zones.LoadOrStore(name, zone)
	return kept.(*time.Location), true
}
