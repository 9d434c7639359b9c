//go:build heavy

package recur

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"todod/internal/recur"
)

// The years whose changes of clocks are looked at.
const firstYear, lastYearOfZones = 2020, 2037

// TestInstantsAreThoseOfZoneinfo: around each change of clocks in each zone, and at the turn of each year, each time of the
// day, by step, is the instant that Python's zoneinfo makes of it. Both have the same files of zones, those that are built into todod.
func TestInstantsAreThoseOfZoneinfo(t *testing.T) {
	t.Parallel()
	folder, zones, different := zonesOfGo(t)
	j := start(t, []string{"PYTHONTZPATH=" + folder}, python, "testdata/askzoneinfo.py")
	ask := func(format string, args ...any) []string {
		if _, err := fmt.Fprintf(j.in, format+"\n", args...); err != nil {
			t.Fatalf("%v: %s", err, j.err)
		}
		return strings.Fields(j.line(t))
	}
	changes, instants := 0, 0
	for _, name := range different {
		zone := zones[name]
		days := daysOfChanges(zone)
		if want := ask("changes %s %d %d", name, firstYear, lastYearOfZones); !slices.Equal(texts(days), want) {
			t.Errorf("%s: clocks change on %v, want %v", name, days, want)
		}
		changes += len(days)
		var around []int
		for year := firstYear; year <= lastYearOfZones; year++ {
			end := int(recur.DayOf(time.Date(year, time.December, 31, 0, 0, 0, 0, time.UTC)))
			around = append(around, end-1, end, end+1)
		}
		for _, day := range days {
			around = append(around, day-1, day, day+1)
		}
		for clock := time.Duration(0); clock < 24*time.Hour; clock += step {
			want := ask("at %s %d %s", name, clock/time.Second, strings.Join(texts(around), " "))
			for i, day := range around {
				instants++
				if at := recur.At(recur.Day(day), clock, zone); strconv.FormatInt(at.Unix(), 10) != want[i] {
					t.Errorf("%s, %v %v: %v, want %s", name, recur.Day(day).Time().Format(time.DateOnly), clock, at, want[i])
				}
			}
		}
	}
	t.Logf("%d names, %d zones, %d changes of clocks, %d instants", len(zones), len(different), changes, instants)
	if len(zones) < 500 || len(different) < 300 || changes < 3_000 {
		t.Error("there are more zones and changes than that")
	}
}

// texts returns numbers as they are written.
func texts(numbers []int) []string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return texts
}

// daysOfChanges returns the days in UTC during which the offset of a zone changes, by their number after 1970-01-01. One
// that changes and is what it was at the end of the day isn't among them.
func daysOfChanges(zone *time.Location) (days []int) {
	const day = 24 * time.Hour
	last := time.Date(lastYearOfZones+1, 1, 1, 0, 0, 0, 0, time.UTC)
	offset := func(at time.Time) int {
		_, offset := at.In(zone).Zone()
		return offset
	}
	for at := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(last); at = at.Add(day) {
		if offset(at) != offset(at.Add(day)) {
			days = append(days, int(recur.DayOf(at)))
		}
	}
	return days
}

// zonesOfGo returns the zones that come with Go, by name, and a folder with their files. Of those that are the same under
// several names, different has the first.
func zonesOfGo(t *testing.T) (folder string, zones map[string]*time.Location, different []string) {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	folder, zones = t.TempDir(), map[string]*time.Location{}
	seen := map[uint32]bool{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		zones[file.Name] = unpack(t, file, filepath.Join(folder, filepath.FromSlash(file.Name)))
		if !seen[file.CRC32] {
			different = append(different, file.Name)
		}
		seen[file.CRC32] = true
	}
	return folder, zones, different
}

// unpack writes the file of a zone to path, and reads the zone.
func unpack(t *testing.T, file *zip.File, path string) *time.Location {
	t.Helper()
	packed, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	data, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocationFromTZData(file.Name, data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return zone
}
