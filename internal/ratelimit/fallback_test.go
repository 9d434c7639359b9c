package ratelimit_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/logtest"
	"todod/internal/ratelimit"
	"todod/internal/ratelimit/ratelimittest"
	"todod/internal/redistest"
)

// lines is a log that is looked at while it is written.
type lines struct{ logtest.Output }

// count returns how many lines have text in them.
func (l *lines) count(text string) int { return strings.Count(l.String(), text) }

// logger returns a logger of INFO and above that writes to l.
func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

const lost, back = "limiter is lost", "limiter is back"

// shaky is a source that can be told to fail, and counts how often it is asked. Redis can't be told to fail on the dot.
type shaky struct {
	ratelimit.Source
	failing atomic.Bool
	asked   atomic.Int64
}

// Take implements ratelimit.Source.
func (s *shaky) Take(ctx context.Context, key string, rate ratelimit.Rate, n int) (ratelimit.Decision, error) {
	s.asked.Add(1)
	if s.failing.Load() {
		return ratelimit.Decision{}, errors.New("away")
	}
	return s.Source.Take(ctx, key, rate, n)
}

func TestFallback(t *testing.T) {
	t.Parallel()
	ratelimittest.Run(t, func(t *testing.T, now func() time.Time) ratelimit.Source {
		var log lines
		f := ratelimit.NewFallback(newRedis(t, redistest.Start(t).URL, now), ratelimit.NewMemory(now, 1000), log.logger())
		f.SetBound(time.Minute) // it is to be Redis that decides, however busy the machine
		t.Cleanup(func() {
			if n := log.count("limiter"); n > 0 {
				t.Errorf("%d lines about a Redis that is there", n)
			}
		})
		return f
	})
}

// TestFallbackWithoutRedis: what the suite wants of a source holds without Redis, too.
func TestFallbackWithoutRedis(t *testing.T) {
	t.Parallel()
	ratelimittest.Run(t, func(t *testing.T, now func() time.Time) ratelimit.Source {
		server := redistest.Start(t)
		server.Kill(t)
		return ratelimit.NewFallback(newRedis(t, server.URL, now), ratelimit.NewMemory(now, 1000), slog.New(slog.DiscardHandler))
	})
}

// newFallback returns a Fallback whose shared source can be made to fail, by a clock.
func newFallback(log *slog.Logger) (*ratelimit.Fallback, *shaky, *fakeClock) {
	clock := &fakeClock{}
	shared := &shaky{Source: ratelimit.NewMemory(clock.now, 100)}
	f := ratelimit.NewFallback(shared, ratelimit.NewMemory(clock.now, 100), log)
	f.SetNow(clock.now)
	return f, shared, clock
}

// fakeClock stands still until it is told to advance.
type fakeClock struct{ passed atomic.Int64 }

// now returns the time.
func (c *fakeClock) now() time.Time { return start.Add(time.Duration(c.passed.Load())) }

// advance lets d pass.
func (c *fakeClock) advance(d time.Duration) { c.passed.Add(int64(d)) }

func TestALostSourceIsAskedOnceASecond(t *testing.T) {
	t.Parallel()
	var log lines
	f, shared, clock := newFallback(log.logger())
	rate := ratelimit.Rate{Quota: 1000, Window: time.Hour}
	take := func(n int) {
		t.Helper()
		for range n {
			if d := mustTake(t, f, "ada", rate, 1); !d.Allowed {
				t.Fatalf("refused: %+v", d)
			}
		}
	}
	wantAsked := func(want int64, when string) {
		t.Helper()
		if got := shared.asked.Swap(0); got != want {
			t.Errorf("%s it was asked %d times, want %d", when, got, want)
		}
	}

	take(5)
	wantAsked(5, "when it is there")
	shared.failing.Store(true)
	take(2)
	shared.failing.Store(false)
	take(1) // two late answers are no loss
	wantAsked(3, "when two answers are late")
	if n := log.count("limiter"); n != 0 {
		t.Errorf("%d lines so far", n)
	}
	shared.failing.Store(true)
	take(100)
	wantAsked(3, "when it is lost")
	for range 5 {
		clock.advance(time.Second)
		take(20)
		wantAsked(1, "in a second of being lost")
	}
	clock.advance(time.Second)
	shared.failing.Store(false)
	take(20)
	wantAsked(20, "when it is back")
	if log.count(lost) != 1 || log.count(back) != 1 || log.count("limiter") != 2 {
		t.Errorf("the log: %s", log.String())
	}
}

// TestOneOfManyLooksWhetherItIsBack: the others don't wait for what it finds.
func TestOneOfManyLooksWhetherItIsBack(t *testing.T) {
	t.Parallel()
	f, shared, clock := newFallback(slog.New(slog.DiscardHandler))
	rate := ratelimit.Rate{Quota: 1000, Window: time.Hour}
	shared.failing.Store(true)
	for range 3 {
		mustTake(t, f, "ada", rate, 1)
	}
	clock.advance(time.Second)
	shared.asked.Store(0)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { decides(t, f, rate) })
	}
	all.Wait()
	if n := shared.asked.Load(); n != 1 {
		t.Errorf("%d asked", n)
	}
}

// decides has f decide a request, which it always can.
func decides(t *testing.T, f *ratelimit.Fallback, rate ratelimit.Rate) {
	t.Helper()
	if _, err := f.Take(t.Context(), "ada", rate, 1); err != nil {
		t.Error(err)
	}
}

func TestLocalLimitsHoldWhileTheSourceIsLost(t *testing.T) {
	t.Parallel()
	f, shared, clock := newFallback(slog.New(slog.DiscardHandler))
	rate := ratelimit.Rate{Quota: 5, Window: time.Hour}
	allowed := func() (n int) {
		for range 20 {
			if mustTake(t, f, "ada", rate, 1).Allowed {
				n++
			}
		}
		return n
	}
	if n := allowed(); n != 5 {
		t.Errorf("%d passed, want 5", n)
	}
	shared.failing.Store(true)
	if n := allowed(); n != 5 {
		t.Errorf("%d passed while it is lost, want 5", n)
	}
	if d := mustTake(t, f, "ada", rate, 0); d.Allowed {
		t.Error("asking passes")
	}
	shared.failing.Store(false)
	clock.advance(time.Second)
	if n := allowed(); n != 0 { // it has not forgotten
		t.Errorf("%d passed when it is back, want 0", n)
	}
}

// TestAClientWhoGoesAwayIsNoLoss: its request is decided, and says nothing about Redis.
func TestAClientWhoGoesAwayIsNoLoss(t *testing.T) {
	t.Parallel()
	var log lines
	f := ratelimit.NewFallback(newRedis(t, redistest.Start(t).URL, nil), ratelimit.NewMemory(time.Now, 100), log.logger())
	f.SetBound(time.Minute)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	rate := ratelimit.Rate{Quota: 100, Window: time.Hour}
	for range 10 {
		if _, err := f.Take(gone, "ada", rate, 1); err != nil {
			t.Fatal(err)
		}
	}
	if d := mustTake(t, f, "ada", rate, 0); d.Remaining != 90 || log.count("limiter") != 0 {
		t.Errorf("%+v, %d lines", d, log.count("limiter"))
	}
}

// TestARedisThatIsFrozenKilledAndBack: requests of many callers all along, and two lines each time.
func TestARedisThatIsFrozenKilledAndBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var log lines
	f := ratelimit.NewFallback(newRedis(t, server.URL, nil), ratelimit.NewMemory(time.Now, 100), log.logger())
	rate := ratelimit.Rate{Quota: 1_000_000, Window: time.Hour}
	until := func(text string, n int) {
		t.Helper()
		for log.count(text) < n { // until go test's time-out
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { decides(t, f, rate) })
			}
			all.Wait()
			time.Sleep(time.Millisecond)
		}
	}
	turns := 0
	for _, turn := range []struct{ away, back func(testing.TB) }{{server.Freeze, server.Thaw}, {server.Kill, server.Restart}} {
		turn.away(t)
		until(lost, turns+1)
		turn.back(t)
		until(back, turns+1)
		turns = log.count(back) // more than were made, if the machine is too busy
	}
}
