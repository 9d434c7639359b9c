package ratelimit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/ratelimit"
)

var start = time.Date(2026, 11, 22, 18, 47, 3, 120_000_000, time.UTC)

func TestTakeOneByOne(t *testing.T) {
	t.Parallel()
	rate := ratelimit.Rate{Quota: 3, Window: 30 * time.Second}
	var tat time.Time
	for _, step := range []struct {
		at   time.Duration
		n    int
		want ratelimit.Decision
	}{
		{0, 0, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 3}},
		{0, 1, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 2, Reset: 10 * time.Second}},
		{0, 2, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 0, Reset: 30 * time.Second}},
		{0, 1, ratelimit.Decision{Limit: 3, Remaining: 0, Reset: 30 * time.Second, RetryAfter: 10 * time.Second}},
		{4 * time.Second, 0, ratelimit.Decision{Limit: 3, Remaining: 0, Reset: 26 * time.Second, RetryAfter: 6 * time.Second}},
		{10 * time.Second, 2, ratelimit.Decision{Limit: 3, Remaining: 1, Reset: 20 * time.Second, RetryAfter: 10 * time.Second}},
		{10 * time.Second, 1, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 0, Reset: 30 * time.Second}},
		{time.Hour, 3, ratelimit.Decision{Allowed: true, Limit: 3, Remaining: 0, Reset: 30 * time.Second}},
		{2 * time.Hour, 4, ratelimit.Decision{Limit: 3, Remaining: 3, RetryAfter: 30 * time.Second}},
	} {
		var got ratelimit.Decision
		tat, got = rate.Take(tat, start.Add(step.at), step.n)
		if got != step.want {
			t.Errorf("after %v, %d: got %+v, want %+v", step.at, step.n, got, step.want)
		}
	}
}

func TestClockSetBackShutsNobodyOutForLongerThanTheWindow(t *testing.T) {
	t.Parallel()
	rate := ratelimit.Rate{Quota: 3, Window: 30 * time.Second}
	tat, _ := rate.Take(time.Time{}, start, 1)

	_, d := rate.Take(tat, start.Add(-24*time.Hour), 1)

	if d.Allowed || d.Reset >= 2*rate.Window || d.RetryAfter > rate.Window {
		t.Errorf("a day earlier: %+v", d)
	}
}

// TestDebtIsWaitedFor: what was charged beyond the quota is earned before the next request, but for no longer than a window.
func TestDebtIsWaitedFor(t *testing.T) {
	t.Parallel()
	rate := ratelimit.Rate{Quota: 3, Window: 30 * time.Second}
	for charged, wait := range map[int]time.Duration{
		2: 0, 3: 10 * time.Second, 4: 20 * time.Second, 5: 30 * time.Second, 6: 30 * time.Second, 1_000_000: 30 * time.Second,
	} {
		tat, d := rate.Charge(time.Time{}, start, charged)
		if !d.Allowed || d.RetryAfter != 0 || d.Remaining != max(3-charged, 0) || d.Reset != min(time.Duration(charged)*10*time.Second, 50*time.Second) {
			t.Errorf("%d charged: %+v", charged, d)
		}
		if _, d = rate.Take(tat, start, 1); d.RetryAfter != wait {
			t.Errorf("after %d were charged: %+v", charged, d)
		}
	}
}

// anyRate draws a rate, mostly of those whose quota does not divide the window.
func anyRate(t *rapid.T) ratelimit.Rate {
	return ratelimit.Rate{
		Quota:  rapid.IntRange(1, 50).Draw(t, "quota"),
		Window: rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "window"),
	}
}

// anyWait draws a pause of up to two intervals, often none.
func anyWait(t *rapid.T, rate ratelimit.Rate) time.Duration {
	return time.Duration(rapid.Int64Range(0, 2*int64(rate.Window)/int64(rate.Quota)).Draw(t, "wait"))
}

// anyHistory draws a rate and what some requests under it left behind.
func anyHistory(t *rapid.T) (rate ratelimit.Rate, tat, now time.Time) {
	rate, now = anyRate(t), start
	for range rapid.IntRange(0, 60).Draw(t, "requests") {
		now = now.Add(anyWait(t, rate))
		step := rate.Take
		if rapid.IntRange(0, 9).Draw(t, "charge") == 0 {
			step = rate.Charge
		}
		tat, _ = step(tat, now, rapid.IntRange(0, 5).Draw(t, "n"))
	}
	return rate, tat, now
}

func TestNoStretchOfTimeLetsMoreThroughThanQuotaAndRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := anyRate(t)
		interval := rate.Window / time.Duration(rate.Quota)
		var tat time.Time
		var granted []time.Time // the moment of each request let through
		now := start
		for range rapid.IntRange(1, 80).Draw(t, "requests") {
			now = now.Add(anyWait(t, rate))
			n := rapid.IntRange(1, 4).Draw(t, "n")
			var d ratelimit.Decision
			if tat, d = rate.Take(tat, now, n); d.Allowed {
				for range n {
					granted = append(granted, now)
				}
			}
		}
		for i, from := range granted {
			for j, to := range granted[i:] {
				if allowed := rate.Quota + int(to.Sub(from)/interval); j+1 > allowed {
					t.Fatalf("%d requests in %v, at most %d may pass", j+1, to.Sub(from), allowed)
				}
			}
		}
	})
}

func TestRemainingIsExactlyWhatPassesAtOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate, tat, now := anyHistory(t)
		_, before := rate.Take(tat, now, 0)
		passed := 0
		for allowed := true; allowed; passed++ {
			var d ratelimit.Decision
			tat, d = rate.Take(tat, now, 1)
			allowed = d.Allowed
		}
		passed-- // the last one was refused
		if passed != before.Remaining || before.Allowed != (before.Remaining > 0) {
			t.Fatalf("%+v was followed by %d requests that passed", before, passed)
		}
	})
}

func TestWaitingRetryAfterIsEnoughAndNecessary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate, tat, now := anyHistory(t)
		n := rapid.IntRange(1, rate.Quota).Draw(t, "n")
		after, d := rate.Take(tat, now, n)
		if d.Allowed != (d.RetryAfter == 0) {
			t.Fatalf("%+v", d)
		}
		if d.Allowed {
			return
		}
		if _, early := rate.Take(after, now.Add(d.RetryAfter-1), n); early.Allowed {
			t.Fatalf("allowed a nanosecond before RetryAfter %v", d.RetryAfter)
		}
		if _, due := rate.Take(after, now.Add(d.RetryAfter), n); !due.Allowed {
			t.Fatalf("refused after RetryAfter %v", d.RetryAfter)
		}
	})
}

func TestWaitingNeverMakesItWorse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate, tat, now := anyHistory(t)
		_, before := rate.Take(tat, now, 0)
		_, later := rate.Take(tat, now.Add(anyWait(t, rate)), 0)
		if later.Remaining < before.Remaining || later.Reset > before.Reset {
			t.Fatalf("%+v became %+v", before, later)
		}
		if _, full := rate.Take(tat, now.Add(before.Reset), 0); full.Remaining != rate.Quota || full.Reset != 0 {
			t.Fatalf("after Reset %v: %+v", before.Reset, full)
		}
	})
}
