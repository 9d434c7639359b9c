package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// sharedBound is how long a request waits for the shared source.
	sharedBound = 50 * time.Millisecond

	// lostAfter is how many answers in a row must fail to come for the shared source to count as lost. One may come late
	// because anything between was busy for a moment.
	lostAfter = 3

	// askAgainAfter is how long a lost source is left alone before one request asks it again.
	askAgainAfter = time.Second
)

// Fallback is a Source that asks a shared one and decides by a local one what that doesn't answer in time. When the shared
// one is lost, all is decided locally, without waiting, but for one request a second, which looks whether it is back. The
// two don't know of each other's callers: at each turn everybody has their quota again.
type Fallback struct {
	shared, local Source
	log           *slog.Logger
	now           func() time.Time
	bound         time.Duration

	mu     sync.Mutex
	failed int       // answers in a row that did not come
	again  time.Time // when lost: nobody asks before
}

// NewFallback returns a Fallback that tells log when the shared source is lost and when it is back. A local that fails
// makes it fail.
func NewFallback(shared, local Source, log *slog.Logger) *Fallback {
	return &Fallback{shared: shared, local: local, log: log, now: time.Now, bound: sharedBound}
}

// Take implements Source. It waits for the shared source for no longer than 50 ms.
func (f *Fallback) Take(ctx context.Context, key string, rate Rate, n int) (Decision, error) {
	return f.decide(ctx, func(ctx context.Context, s Source) (Decision, error) { return s.Take(ctx, key, rate, n) })
}

// Charge implements Source. It waits for no longer than Take does.
func (f *Fallback) Charge(ctx context.Context, key string, rate Rate, n int) (Decision, error) {
	return f.decide(ctx, func(ctx context.Context, s Source) (Decision, error) { return s.Charge(ctx, key, rate, n) })
}

// decide has one of the sources do what is asked for.
func (f *Fallback) decide(ctx context.Context, do func(context.Context, Source) (Decision, error)) (Decision, error) {
	if !f.ask() {
		return do(ctx, f.local)
	}
	// A client who goes away says nothing about the source.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.bound)
	defer cancel()
	d, err := do(bounded, f.shared)
	f.heard(err)
	if err != nil {
		return do(ctx, f.local)
	}
	return d, nil
}

// Shared reports whether the shared source decides just now, as far as is known.
func (f *Fallback) Shared() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed < lostAfter
}

// ask reports whether the shared source is to be asked. While it is lost, that is one request a second.
func (f *Fallback) ask() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed < lostAfter {
		return true
	}
	now := f.now()
	if now.Before(f.again) {
		return false
	}
	f.again = now.Add(askAgainAfter)
	return true
}

// heard notes what came of asking the shared source, and logs it if that is a turn.
func (f *Fallback) heard(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		if f.failed >= lostAfter {
			f.log.Info("the shared rate limiter is back: replicas count together again")
		}
		f.failed = 0
		return
	}
	f.failed++
	f.again = f.now().Add(askAgainAfter)
	if f.failed == lostAfter {
		f.log.Warn("the shared rate limiter is lost: each replica limits by itself until it is back", "error", err.Error())
	} else {
		f.log.Debug("the shared rate limiter did not answer; one request was decided locally", "error", err.Error())
	}
}
