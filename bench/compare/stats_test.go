package main

import (
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	itself := func(f float64) float64 { return f }
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(c.of, itself); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.of, got, c.want)
		}
	}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	rate := func(rates ...float64) (all []sample) {
		for _, r := range rates {
			all = append(all, sample{rate: r})
		}
		return all
	}
	if got := ratios(rate(50, 10, 30), rate(100, 40, 0)); !slices.Equal(got, []float64{0.5, 0.25}) {
		t.Errorf("the ratios are %v", got)
	}
}

// TestHeldUp: with a request every 10 ms, a pause of 35 ms holds up two more, as wrk counts them.
func TestHeldUp(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	got := heldUp([]time.Duration{5 * ms, 35 * ms}, 10*ms)
	if want := []time.Duration{5 * ms, 35 * ms, 25 * ms, 15 * ms}; !slices.Equal(got, want) {
		t.Errorf("the times are %v, want %v", got, want)
	}
}
