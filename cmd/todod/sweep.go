package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"todod/internal/config"
	"todod/internal/observe"
	"todod/internal/todo"
)

// sweepTimeout bounds one sweep; what it has left over the next one finds.
const sweepTimeout = 10 * time.Minute

// sweepEvery returns the time between two sweeps: an hour, or less if something is kept for less than a day.
func sweepEvery(r config.Retention) time.Duration {
	return max(time.Second, min(time.Hour, min(r.Trash, r.Changes, r.Keys)/24))
}

// tidyEvery is how often those are looked at of whom more is kept than may be.
const tidyEvery = 30 * time.Second

// A sweeper removes in the background what is no longer kept, and what is left of people who were erased.
type sweeper struct {
	tasks   *todo.Service
	every   time.Duration
	metrics *observe.Metrics
	log     *slog.Logger

	mu     sync.Mutex
	erased []todo.UserID // whose data are to be removed
	wake   chan struct{} // there are such
	cancel context.CancelFunc
	ended  chan struct{}
}

// sweepFrom begins to sweep: at first what was left over when todod ended, then again and again, at times drawn around
// every, so that replicas don't all begin at once. It ends with ctx, or by stop.
func sweepFrom(
	ctx context.Context, tasks *todo.Service, every time.Duration, metrics *observe.Metrics, log *slog.Logger,
) *sweeper {
	ctx, cancel := context.WithCancel(ctx)
	s := &sweeper{
		tasks: tasks, every: every, metrics: metrics, log: observe.For(log, "todod.sweep"), wake: make(chan struct{}, 1),
		cancel: cancel, ended: make(chan struct{}),
	}
	go s.run(ctx)
	return s
}

// stop ends it and waits until the step it is at is done.
func (s *sweeper) stop() {
	s.cancel()
	<-s.ended
}

// Erased has what is left of owner removed at once. It doesn't wait for that.
func (s *sweeper) Erased(owner todo.UserID) {
	s.mu.Lock()
	s.erased = append(s.erased, owner)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// run sweeps until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	defer close(s.ended)
	if s.untilReady(ctx) {
		s.carryOut(ctx, s.tasks.GoOnTidying)
	}
	next, look := time.NewTimer(s.pause()), time.NewTicker(tidyEvery)
	defer next.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			s.carryOut(ctx, s.tidyErased)
		case <-look.C:
			if s.tasks.Noted() {
				s.carryOut(ctx, s.tasks.TidyNoted)
			}
		case <-next.C:
			s.carryOut(ctx, s.tasks.Sweep)
			next.Reset(s.pause())
		}
	}
}

// pause returns the time until the next sweep.
func (s *sweeper) pause() time.Duration {
	return s.every/2 + rand.N(s.every) //nolint:gosec // nothing is secret about it
}

// readyAgain is how long is waited before the database is looked at again that isn't ready yet.
const readyAgain = time.Second

// untilReady waits for the database, and reports whether it is there before ctx ends.
func (s *sweeper) untilReady(ctx context.Context) bool {
	for s.tasks.Ready(ctx) != nil {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(readyAgain):
		}
	}
	return true
}

// tidyErased removes what is left of those whom Erased has named. Where that fails, a sweep goes on later.
func (s *sweeper) tidyErased(ctx context.Context) (todo.Swept, error) {
	s.mu.Lock()
	owners := s.erased
	s.erased = nil
	s.mu.Unlock()
	return s.tasks.TidyOf(ctx, owners...)
}

// carryOut removes something once, and logs and counts what came of it.
func (s *sweeper) carryOut(ctx context.Context, remove func(context.Context) (todo.Swept, error)) {
	limited, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	swept, err := remove(limited)
	if ctx.Err() != nil {
		err = nil // the stop has cut it short
	}
	s.metrics.Swept(swept.Tasks, swept.Others, err)
	if err != nil {
		s.log.Warn("could not remove all that is no longer kept", "error", err.Error())
	}
	if swept != (todo.Swept{}) {
		s.log.Info("removed what is no longer kept", "tasks", swept.Tasks, "others", swept.Others)
	}
}
