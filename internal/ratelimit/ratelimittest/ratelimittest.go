// Package ratelimittest holds the behaviour that every ratelimit.Source shares, as one suite of tests.
package ratelimittest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/ratelimit"
)

// rate has an interval of whole milliseconds, so that sources which count more coarsely than in nanoseconds agree.
var rate = ratelimit.Rate{Quota: 5, Window: time.Second}

// Run tests the sources that newSource returns. Each test gets a fresh one, empty, which must take the time from now.
func Run(t *testing.T, newSource func(t *testing.T, now func() time.Time) ratelimit.Source) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, ratelimit.Source, *clock){
		"the quota passes at once, then one an interval": testQuota,
		"asking takes nothing":                           testAsking,
		"several pass together or not at all":            testTogether,
		"what is charged may be owed":                    testDebt,
		"keys are independent":                           testKeys,
		"concurrent requests share one quota":            testConcurrent,
		"decisions are those of Rate":                    testArithmetic,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			test(t, newSource(t, c.now), c)
		})
	}
}

// clock stands still until it is told to advance. It is safe for concurrent use.
type clock struct{ passed atomic.Int64 }

// now returns the time.
func (c *clock) now() time.Time {
	return time.Date(2026, 11, 22, 18, 47, 3, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}

// advance lets d pass.
func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// mustTake takes n under key and ends the test when the source can't decide.
func mustTake(t testing.TB, s ratelimit.Source, key string, n int) ratelimit.Decision {
	t.Helper()
	d, err := s.Take(t.Context(), key, rate, n)
	if err != nil {
		t.Fatalf("take %d of %q: %v", n, key, err)
	}
	return d
}

// mustCharge charges n under key and ends the test when the source can't.
func mustCharge(t testing.TB, s ratelimit.Source, key string, n int) ratelimit.Decision {
	t.Helper()
	d, err := s.Charge(t.Context(), key, rate, n)
	if err != nil {
		t.Fatalf("charge %d to %q: %v", n, key, err)
	}
	return d
}

// testQuota spends a quota, waits and spends again.
func testQuota(t *testing.T, s ratelimit.Source, c *clock) {
	for left := rate.Quota - 1; left >= 0; left-- {
		if d := mustTake(t, s, "ada", 1); !d.Allowed || d.Remaining != left || d.Limit != rate.Quota || d.RetryAfter != 0 {
			t.Errorf("with %d left: %+v", left, d)
		}
	}
	if d := mustTake(t, s, "ada", 1); d.Allowed || d.RetryAfter != 200*time.Millisecond || d.Reset != time.Second {
		t.Errorf("with nothing left: %+v", d)
	}
	c.advance(199 * time.Millisecond)
	if d := mustTake(t, s, "ada", 1); d.Allowed {
		t.Errorf("before an interval has passed: %+v", d)
	}
	c.advance(time.Millisecond)
	if d := mustTake(t, s, "ada", 1); !d.Allowed || d.Remaining != 0 {
		t.Errorf("when an interval has passed: %+v", d)
	}
	c.advance(time.Hour)
	if d := mustTake(t, s, "ada", 1); !d.Allowed || d.Remaining != rate.Quota-1 {
		t.Errorf("after a long rest: %+v", d)
	}
}

// testAsking asks more often than there is quota.
func testAsking(t *testing.T, s ratelimit.Source, _ *clock) {
	for range 2 * rate.Quota {
		if d := mustTake(t, s, "ada", 0); !d.Allowed || d.Remaining != rate.Quota || d.Reset != 0 {
			t.Fatalf("asked: %+v", d)
		}
	}
	mustTake(t, s, "ada", rate.Quota)
	if d := mustTake(t, s, "ada", 0); d.Allowed || d.RetryAfter != 200*time.Millisecond {
		t.Errorf("asked with nothing left: %+v", d)
	}
}

// testTogether takes more than one at a time.
func testTogether(t *testing.T, s ratelimit.Source, _ *clock) {
	if d := mustTake(t, s, "ada", rate.Quota+1); d.Allowed || d.Remaining != rate.Quota || d.RetryAfter <= 0 {
		t.Errorf("more than the quota: %+v", d)
	}
	if d := mustTake(t, s, "ada", 3); !d.Allowed || d.Remaining != 2 {
		t.Errorf("three of five: %+v", d)
	}
	if d := mustTake(t, s, "ada", 3); d.Allowed || d.Remaining != 2 {
		t.Errorf("three of two: %+v", d)
	}
	if d := mustTake(t, s, "ada", 2); !d.Allowed || d.Remaining != 0 {
		t.Errorf("two of two: %+v", d)
	}
}

// testDebt charges more than is left, twice: the second time more than is ever waited for.
func testDebt(t *testing.T, s ratelimit.Source, c *clock) {
	mustTake(t, s, "ada", rate.Quota-1)
	if d := mustCharge(t, s, "ada", 3); !d.Allowed || d.Remaining != 0 || d.Reset != 1400*time.Millisecond {
		t.Errorf("three of one: %+v", d)
	}
	if d := mustTake(t, s, "ada", 1); d.Allowed || d.RetryAfter != 600*time.Millisecond {
		t.Errorf("owing two: %+v", d)
	}
	if d := mustCharge(t, s, "ada", 1000); d.Reset != 1800*time.Millisecond {
		t.Errorf("a thousand: %+v", d)
	}
	c.advance(999 * time.Millisecond)
	if d := mustTake(t, s, "ada", 1); d.Allowed || d.RetryAfter != time.Millisecond {
		t.Errorf("within a window: %+v", d)
	}
	c.advance(time.Millisecond)
	if d := mustTake(t, s, "ada", 1); !d.Allowed {
		t.Errorf("after a window: %+v", d)
	}
}

// testKeys spends one caller's quota and looks at others'.
func testKeys(t *testing.T, s ratelimit.Source, _ *clock) {
	mustTake(t, s, "user:ada", rate.Quota)
	for _, key := range []string{"user:ad", "user:Ada", "user:ada ", "user:ada\x00", "", "ключ", "2001:db8::/64"} {
		if d := mustTake(t, s, key, 1); !d.Allowed || d.Remaining != rate.Quota-1 {
			t.Errorf("%q: %+v", key, d)
		}
	}
}

// testConcurrent lets many take from one quota at the same moment.
func testConcurrent(t *testing.T, s ratelimit.Source, _ *clock) {
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				d, err := s.Take(t.Context(), "ada", rate, 1)
				if err != nil {
					t.Error(err)
				}
				if d.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := allowed.Load(); got != int64(rate.Quota) {
		t.Errorf("%d passed, want %d", got, rate.Quota)
	}
}

// testArithmetic compares a long random history of a few keys with what the arithmetic says.
func testArithmetic(t *testing.T, s ratelimit.Source, c *clock) {
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		tats := map[string]time.Time{}
		for range rapid.IntRange(1, 40).Draw(r, "requests") {
			c.advance(time.Duration(rapid.IntRange(0, 300).Draw(r, "wait")) * time.Millisecond)
			key := fmt.Sprintf("%d:%s", run, rapid.SampledFrom([]string{"ada", "bob"}).Draw(r, "key"))
			n := rapid.IntRange(0, rate.Quota+1).Draw(r, "n")
			step, must := rate.Take, mustTake
			if n > 0 && rapid.IntRange(0, 4).Draw(r, "charge") == 0 {
				step, must = rate.Charge, mustCharge
			}
			var want ratelimit.Decision
			tats[key], want = step(tats[key], c.now(), n)
			if got := must(t, s, key, n); got != want {
				r.Fatalf("%d of %q: got %+v, want %+v", n, key, got, want)
			}
		}
	})
}
