package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

// rates returns a sample for each rate.
func rates(all ...float64) (samples []sample) {
	for _, rate := range all {
		samples = append(samples, sample{requests: 10, rate: rate, p50: time.Millisecond, p99: 2 * time.Millisecond})
	}
	return samples
}

// reportOf returns a report with a section of one operation, whose rows are these.
func reportOf(kind string, rows ...row) *report {
	op := operations[1]
	for i := range rows {
		rows[i].operation, rows[i].clients = op, 64
	}
	return &report{
		options: options{
			kind: kind, operations: []operation{op}, clients: []int{64}, grow: 10, connections: 7, data: dataset{10, 1000},
		},
		sections: []section{{title: "SQLite", rows: rows}},
	}
}

// short returns what r learnt, in one table.
func short(r *report) string {
	var w strings.Builder
	r.writeShort(&w)
	return w.String()
}

func TestPeersAreComparedRoundByRound(t *testing.T) {
	t.Parallel()
	got := short(reportOf(ofPeers,
		row{contestant: tododName, samples: rates(100, 20, 90)}, row{contestant: peerPocketBase, samples: rates(10, 10, 10)}))
	if want := "9.00 (2.00–10.00)"; !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
}

// TestGrowthIsWhatARequestCostsMore: half the rate is twice the cost, and the page far behind is compared with the first
// of the same todod.
func TestGrowthIsWhatARequestCostsMore(t *testing.T) {
	t.Parallel()
	got := short(reportOf(ofGrowth,
		row{contestant: tododName, samples: rates(100)},
		row{contestant: grownName(10), samples: rates(50)},
		row{contestant: deepName(10, 100), samples: rates(40)},
	))
	for _, want := range []string{"| list50 ", "| 2.00 ", "| 100 ", "page 100 to page 1 of the larger", "| 1.25 "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestMemoryIsTheMedianOverIdle(t *testing.T) {
	t.Parallel()
	r := reportOf(ofMemory)
	for _, n := range []uint64{1, 30, 2} {
		r.memory = append(r.memory, memory{idle: n << 20, streams: 5 * n << 20, listing: 9 * n << 20, after: 3 * n << 20})
	}
	got := short(r)
	for _, want := range []string{"| idle ", "| 2.0 ", "| +8.0 ", "| 18.0 ", "7 connections"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestStartsAreTheMedianAndTheLeast(t *testing.T) {
	t.Parallel()
	r := reportOf(ofStart)
	r.startups = []startups{{name: "no database yet"}}
	for _, took := range []time.Duration{40 * time.Millisecond, 30 * time.Millisecond, 90 * time.Millisecond} {
		r.startups[0].all = append(r.startups[0].all, startup{took: took, cpu: took / 10})
	}
	got := short(r)
	for _, want := range []string{"| no database yet ", "| 3 ", "| 40.00 ", "| 30.00–90.00 ", "| 4.00 ", "| 3.00 "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestSlope: what rises by 2 MiB in every minute rises by 120 in an hour, whatever it was at the start.
func TestSlope(t *testing.T) {
	t.Parallel()
	var all []standing
	for i := range 10 {
		all = append(all, standing{at: time.Duration(i) * time.Minute, memory: uint64(100+2*i) << 20, goroutines: 7})
	}
	size := func(s standing) float64 { return float64(s.memory) / (1 << 20) }
	if got := slope(all, size); math.Abs(got-120) > 1e-6 {
		t.Errorf("the slope is %v", got)
	}
	if got := slope(all, func(s standing) float64 { return s.goroutines }); math.Abs(got) > 1e-6 {
		t.Errorf("what stays rises by %v", got)
	}
	if got := slope(all[:1], size); got != 0 {
		t.Errorf("the slope of a point is %v", got)
	}
	if got := len((soaking{standings: all}).counted()); got != 8 {
		t.Errorf("%d of 10 count", got)
	}
}

func TestDeepPageIsThere(t *testing.T) {
	t.Parallel()
	for tasks, want := range map[int]int{10_000: 100, 5000: 100, 1000: 20, 99: 1} {
		if got := (dataset{10, tasks}).deep(); got != want {
			t.Errorf("of %d tasks, page %d is asked for, want %d", tasks, got, want)
		}
	}
}

// TestMeasuresHaveDefaults: each can be chosen without anything else.
func TestMeasuresHaveDefaults(t *testing.T) {
	t.Parallel()
	for _, name := range measures() {
		o, err := parseOptions([]string{"-measure", name})
		if err != nil || len(o.engines) == 0 || len(o.operations) == 0 || !strings.Contains(o.path, name) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	for _, bad := range [][]string{
		{"-measure", "luck"}, {"-measure", "memory", "-engines", "postgres"}, {"-measure", "memory", "-users", "2"},
		{"-measure", "start", "-engines", "postgres"}, {"-measure", "start", "-starts", "0"},
		{"-measure", "soak", "-for", "5s"}, {"-measure", "growth", "-grow", "1"},
	} {
		if _, err := parseOptions(bad); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
