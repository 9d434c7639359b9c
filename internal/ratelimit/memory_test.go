package ratelimit_test

import (
	"strconv"
	"testing"
	"time"

	"todod/internal/ratelimit"
	"todod/internal/ratelimit/ratelimittest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	ratelimittest.Run(t, func(_ *testing.T, now func() time.Time) ratelimit.Source {
		return ratelimit.NewMemory(now, 1000)
	})
}

func TestMemoryForgetsWhatWasNotUsedForTheLongestTime(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(func() time.Time { return start }, 2)
	rate := ratelimit.Rate{Quota: 2, Window: time.Minute}
	take := func(key string, n, wantRemaining int) {
		t.Helper()
		if d, err := m.Take(t.Context(), key, rate, n); err != nil || d.Remaining != wantRemaining {
			t.Errorf("%s, %d: %+v, %v, want %d remaining", key, n, d, err, wantRemaining)
		}
	}

	take("ada", 2, 0)
	take("bob", 1, 1)
	take("ada", 1, 0) // refused, and fresh again
	take("eve", 1, 1) // bob makes room

	take("ada", 0, 0)
	take("bob", 0, 2)
	for i := range 100 { // asking makes no entries
		take("nobody"+strconv.Itoa(i), 0, 2)
	}
	take("ada", 0, 0)
}

func BenchmarkMemory(b *testing.B) {
	m := ratelimit.NewMemory(time.Now, 100_000)
	rate := ratelimit.Rate{Quota: 600, Window: time.Minute}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			_, _ = m.Take(b.Context(), strconv.Itoa(i%50_000), rate, 1)
		}
	})
}
