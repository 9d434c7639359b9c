package main

import (
	"testing"
	"time"
)

func TestParseTransaction(t *testing.T) {
	t.Parallel()
	took, end := parseTransaction("3 17 1499 0 1700000000 250000\n")
	if took != 1499*time.Microsecond || !end.Equal(time.Unix(1700000000, 250e6)) {
		t.Errorf("it took %v and ended at %v", took, end)
	}
	for _, line := range []string{"", "3 17 failed 0 1700000000 250000\n", "3 17 1499\n", "3 17 1499 0 1700000000 25"} {
		if _, end := parseTransaction(line); !end.IsZero() {
			t.Errorf("%q ended at %v", line, end)
		}
	}
}

// TestParseUsage: a process may be called anything.
func TestParseUsage(t *testing.T) {
	t.Parallel()
	got, err := parseUsage("42 (a) b (c) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 5 6 7\n")
	if want := (usage{id: 42, parent: 7, own: 33 * tick, children: 77 * tick}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if _, err := parseUsage("42 (gone)"); err == nil {
		t.Error("half a line is a usage")
	}
}

func TestMetric(t *testing.T) {
	t.Parallel()
	text := []byte("# TYPE allocs counter\nallocs_total_of_others 1\nallocs_total 1.5e+06\n")
	if got, err := metric(text, "allocs_total"); err != nil || got != 1.5e6 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := metric(text, "none"); err == nil {
		t.Error("there is a metric that is not there")
	}
}
