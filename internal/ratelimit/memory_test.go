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

// TestAFloodOfCallersForgetsNoneThatIsHeldBack: whoever tries passwords can't have their tries forgotten by sending many
// requests from many addresses in between, which cost much less each.
func TestAFloodOfCallersForgetsNoneThatIsHeldBack(t *testing.T) {
	t.Parallel()
	const capacity = 100
	clock := &fakeClock{}
	m := ratelimit.NewMemory(clock.now, capacity)
	signIns, requests := ratelimit.Rate{Quota: 10, Window: time.Minute}, ratelimit.Rate{Quota: 120, Window: time.Minute}
	for range 10 {
		if d := mustTake(t, m, "signin", signIns, 1); !d.Allowed {
			t.Fatalf("%+v", d)
		}
	}
	for i := range 100 * capacity {
		clock.advance(time.Microsecond)
		mustTake(t, m, "address:"+strconv.Itoa(i), requests, 1)
	}
	if d := mustTake(t, m, "signin", signIns, 1); d.Allowed {
		t.Errorf("the flood has had the sign-ins forgotten: %+v", d)
	}
	if n := m.Len(); n != capacity {
		t.Errorf("it knows %d callers, want %d", n, capacity)
	}
}

// TestMemoryForgetsWhoseQuotaIsBackTheSoonest: who has the least to gain from it.
func TestMemoryForgetsWhoseQuotaIsBackTheSoonest(t *testing.T) {
	t.Parallel()
	m := ratelimit.NewMemory(func() time.Time { return start }, 3)
	rate := ratelimit.Rate{Quota: 3, Window: time.Minute}
	wantRemaining := func(key string, n, want int) {
		t.Helper()
		if d := mustTake(t, m, key, rate, n); d.Remaining != want {
			t.Errorf("%s, %d: %+v, want %d remaining", key, n, d, want)
		}
	}

	wantRemaining("ada", 3, 0)
	wantRemaining("bob", 1, 2)
	wantRemaining("cyd", 2, 1)
	wantRemaining("bob", 1, 1)
	wantRemaining("bob", 1, 0)
	wantRemaining("eve", 3, 0) // cyd makes room

	wantRemaining("ada", 0, 0)
	wantRemaining("bob", 0, 0)
	wantRemaining("eve", 0, 0)
	wantRemaining("cyd", 0, 3)
	for i := range 100 { // asking makes no entries
		wantRemaining("nobody"+strconv.Itoa(i), 0, 3)
	}
	wantRemaining("ada", 1, 0)
}

// TestMemoryIsGivenBack: nobody is known any longer than it makes a difference.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{}
	m := ratelimit.NewMemory(clock.now, 1000)
	rate := ratelimit.Rate{Quota: 60, Window: time.Minute}
	for i := range 1000 {
		mustTake(t, m, strconv.Itoa(i), rate, 1)
	}
	if n := m.Len(); n != 1000 {
		t.Errorf("it knows %d callers, want 1000", n)
	}
	clock.advance(time.Second)
	for range 1000 {
		mustTake(t, m, "ada", rate, 0)
	}
	if n := m.Len(); n != 0 {
		t.Errorf("it knows %d callers whose quota is back", n)
	}
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
