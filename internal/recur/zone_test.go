package recur

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// zoneNames returns the names of all zones that Go has, and of those that are the same under several names the first.
func zoneNames(t *testing.T) (all, different []string) {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	seen := map[uint32]bool{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		all = append(all, file.Name)
		if !seen[file.CRC32] {
			seen[file.CRC32] = true
			different = append(different, file.Name)
		}
	}
	if len(all) < 500 || len(different) < 300 {
		t.Fatalf("there are only %d zones, %d different ones", len(all), len(different))
	}
	return all, different
}

// changes returns the instants of 2020 to 2037 at which clocks in zone are changed.
func changes(zone *time.Location) (instants []time.Time) {
	at, last := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
	for {
		end := Steady(at, zone)
		if end.IsZero() || !end.Before(last) {
			return instants
		}
		if offset(end) != offset(end.Add(-time.Second)) {
			instants = append(instants, end)
		}
		at = end
	}
}

// offset returns how far zone is from UTC at an instant.
func offset(at time.Time) time.Duration {
	_, seconds := at.Zone()
	return time.Duration(seconds) * time.Second
}

// TestEveryDayHasOneInstant: around each change of each zone, something that recurs daily at any hour has one instant
// for each day, later than that of the day before, and at its time of day unless clocks leave that out.
func TestEveryDayHasOneInstant(t *testing.T) {
	t.Parallel()
	clocks := []time.Duration{30 * time.Minute, 2*time.Hour + 30*time.Minute, 24*time.Hour - time.Second}
	for hour := range 24 {
		clocks = append(clocks, time.Duration(hour)*time.Hour)
	}
	rule, seen := mustParse(t, "FREQ=DAILY"), 0
	_, names := zoneNames(t)
	for _, name := range names {
		zone, ok := Zone(name)
		if !ok {
			t.Errorf("there is no %s", name)
			continue
		}
		for _, change := range changes(zone) {
			seen++
			anchor := DayOf(change) - 1
			for _, clock := range clocks {
				before := At(anchor-1, clock, zone)
				for _, day := range first(rule, anchor, 3, false) {
					at := At(day, clock, zone)
					if !at.After(before) {
						t.Errorf("%s, %v: %v is not after %v", name, clock, at, before)
					}
					wantWall(t, at, day, clock, change)
					before = at
				}
			}
		}
	}
	if seen < 3_000 {
		t.Errorf("there are only %d changes", seen)
	}
}

// wantWall wants at to be the first instant at which clocks show clock on day, or as much later as they go forward over
// it at the instant change. It looks for it otherwise than At: at both offsets that there are around the change.
func wantWall(t *testing.T, at time.Time, day Day, clock time.Duration, change time.Time) {
	t.Helper()
	wall := day.Time().Add(clock)
	shows := func(at time.Time) bool { return at.Add(offset(at)).Equal(wall) }
	before, after := offset(change.Add(-time.Second)), offset(change)
	early, late := wall.Add(-max(before, after)).In(at.Location()), wall.Add(-min(before, after)).In(at.Location())
	want := early
	if !shows(early) {
		want = late // which clocks show or, in a gap, is counted with the smaller offset, that from before
	}
	if !shows(early) && !shows(late) {
		if gap := after - before; gap <= 0 || !at.Add(offset(at)).Equal(wall.Add(gap)) {
			t.Errorf("%v, where clocks go forward by %v over %v", at, gap, wall)
		}
	}
	if !at.Equal(want) {
		t.Errorf("%v, want %v for %v", at, want, wall)
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day, clock, zone, want string
	}{
		{"2026-03-29", "1h59m59s", "Europe/Berlin", "2026-03-29T01:59:59+01:00"},
		{"2026-03-29", "2h", "Europe/Berlin", "2026-03-29T03:00:00+02:00"},
		{"2026-03-29", "2h30m", "Europe/Berlin", "2026-03-29T03:30:00+02:00"},
		{"2026-03-29", "3h", "Europe/Berlin", "2026-03-29T03:00:00+02:00"},
		{"2026-10-25", "1h59m59s", "Europe/Berlin", "2026-10-25T01:59:59+02:00"},
		{"2026-10-25", "2h", "Europe/Berlin", "2026-10-25T02:00:00+02:00"},
		{"2026-10-25", "2h59m59s", "Europe/Berlin", "2026-10-25T02:59:59+02:00"},
		{"2026-10-25", "3h", "Europe/Berlin", "2026-10-25T03:00:00+01:00"},
		{"1997-10-26", "1h30m", "America/New_York", "1997-10-26T01:30:00-04:00"}, // RFC 5545, 3.3.5
		{"1997-04-06", "2h30m", "America/New_York", "1997-04-06T03:30:00-04:00"},
		{"2026-04-05", "1h45m", "Australia/Lord_Howe", "2026-04-05T01:45:00+11:00"}, // half an hour back
		{"2026-10-04", "2h15m", "Australia/Lord_Howe", "2026-10-04T02:45:00+11:00"}, // half an hour forward
		{"2026-03-28", "23h30m", "America/Nuuk", "2026-03-29T00:30:00-01:00"},       // into the next day
		{"2018-11-04", "0h", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00"},      // a day that began at one
		{"2011-12-30", "10h", "Pacific/Apia", "2011-12-31T10:00:00+14:00"},          // a day that wasn't
		{"2011-12-31", "10h", "Pacific/Apia", "2011-12-31T10:00:00+14:00"},
		{"1993-08-21", "10h", "Pacific/Kwajalein", "1993-08-22T10:00:00+12:00"},
		{"1892-07-04", "12h", "Pacific/Apia", "1892-07-04T12:00:00+12:33"}, // a day that was twice
		{"2026-01-01", "12h", "UTC", "2026-01-01T12:00:00Z"},
		{"2096-12-31", "3h", "Europe/Berlin", "2096-12-31T03:00:00+01:00"}, // the 366th day of a year that no file names
		{"2096-12-31", "23h59m59s", "America/New_York", "2096-12-31T23:59:59-05:00"},
		{"2096-12-31", "12h", "Australia/Sydney", "2096-12-31T12:00:00+11:00"},
		{"2097-01-01", "0h", "Europe/Berlin", "2097-01-01T00:00:00+01:00"},
		{"0001-01-01", "0h", "Asia/Kolkata", "0001-01-01T00:00:00+05:53"},
		{"9999-07-01", "12h0m0.5s", "Europe/Berlin", "9999-07-01T12:00:00.5+02:00"},
	} {
		zone, ok := Zone(c.zone)
		if !ok {
			t.Fatalf("there is no %s", c.zone)
		}
		clock, err := time.ParseDuration(c.clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := At(date(t, c.day), clock, zone).Format("2006-01-02T15:04:05.999Z07:00"); got != c.want {
			t.Errorf("%s %s in %s: %s, want %s", c.day, c.clock, c.zone, got, c.want)
		}
	}
	east := time.FixedZone("", 3600)
	if got := At(0, time.Hour, east); !got.Equal(time.Unix(0, 0)) || got.Location() != east {
		t.Errorf("%v", got)
	}
}

// TestSteady: from one instant that Steady returns to the next, time goes on and clocks keep their offset, to the end of a
// century.
func TestSteady(t *testing.T) {
	t.Parallel()
	_, names := zoneNames(t)
	for _, name := range names {
		zone, _ := Zone(name)
		last := time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(last); {
			end := Steady(at, zone)
			if end.IsZero() {
				break
			}
			if !end.After(at) {
				t.Fatalf("%s: %v after %v", name, end, at)
			}
			if before := end.Add(-time.Second).In(zone); offset(before) != offset(at.In(zone)) {
				t.Errorf("%s: clocks change between %v and %v", name, at, before)
			}
			at = end
		}
	}
}

func TestZone(t *testing.T) {
	t.Parallel()
	names, _ := zoneNames(t)
	for _, name := range names {
		zone, ok := Zone(name)
		again, _ := Zone(name)
		if !ok || zone.String() != name || again != zone {
			t.Errorf("%s: %v, %v, then %v", name, zone, ok, again)
		}
	}
	for _, name := range []string{
		"", "Local", "localtime", "Nowhere/Nothing", "Europe", "europe/berlin", "Europe/berlin", "posix/Europe/Berlin", "right/UTC",
		"posixrules", "../etc/passwd", "/etc/localtime", "/usr/share/zoneinfo/UTC", "Europe//Berlin", "Europe/./Berlin", "Europe/Berlin/",
		`Europe\Berlin`, "Europe/Berlin\n", "Europe/Berlin ", "+01:00", "zone.tab", "tzdata.zi",
	} {
		if zone, ok := Zone(name); ok || zone != nil {
			t.Errorf("%q: %v", name, zone)
		}
	}
}

func TestUnknownZonesAreNotKept(t *testing.T) {
	t.Parallel()
	Zone("Europe/Atlantis")
	if _, kept := zones.Load("Europe/Atlantis"); kept {
		t.Error("it is kept")
	}
}

// TestAZoneIsOne: whoever asks for the same name at the same time gets the same location. It
// runs alone, as it forgets locations.
func TestAZoneIsOne(t *testing.T) {
	_, names := zoneNames(t)
	for _, name := range names {
		zones.Delete(name)
		var asked sync.WaitGroup
		found := make([]*time.Location, 4)
		for i := range found {
			asked.Go(func() { found[i], _ = Zone(name) })
		}
		asked.Wait()
		for _, zone := range found {
			if zone != found[0] {
				t.Fatalf("%s is two locations", name)
			}
		}
	}
}
