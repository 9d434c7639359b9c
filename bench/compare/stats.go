package main

import (
	"slices"
	"time"
)

// A sample is what came of one operation being asked for, for some seconds.
type sample struct {
	requests int
	rate     float64 // requests a second
	p50, p99 time.Duration
	failed   int

	clientCPU, serverCPU, databaseCPU time.Duration // in all

	peak           uint64  // the most memory the server held, in bytes
	allocations    float64 // of todod's heap
	allocated      float64 // bytes of todod's heap
	bytesPerAnswer float64 // with the headers
}

// microsPerRequest returns how many microseconds of a time fall to each request of s.
func (s sample) microsPerRequest(all time.Duration) float64 {
	return float64(all.Microseconds()) / float64(max(1, s.requests))
}

// median returns the median of a number that get takes from each element, 0 of none.
func median[S any, N ~float64 | ~int64](all []S, get func(S) N) N {
	numbers := make([]N, len(all))
	for i, s := range all {
		numbers[i] = get(s)
	}
	slices.Sort(numbers)
	if len(numbers) == 0 {
		return 0
	}
	return (numbers[(len(numbers)-1)/2] + numbers[len(numbers)/2]) / 2
}

// percentile returns a percentile of sorted times, 0 of none.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

// spread returns the least and the greatest rate.
func spread(samples []sample) (least, most float64) {
	for i, s := range samples {
		if i == 0 || s.rate < least {
			least = s.rate
		}
		most = max(most, s.rate)
	}
	return least, most
}

// ratios returns, round by round, the rates of one contestant as parts of another's. A round that has only one of them
// is left out.
func ratios(of, to []sample) []float64 {
	var parts []float64
	for i := range min(len(of), len(to)) {
		if to[i].rate > 0 {
			parts = append(parts, of[i].rate/to[i].rate)
		}
	}
	return parts
}
