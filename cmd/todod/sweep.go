package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
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

// sweepFrom removes what is no longer kept, again and again until ctx ends or the function it returns is called, which
// waits for a sweep under way to stop. The times are drawn around every, so that replicas don't all begin at once.
func sweepFrom(ctx context.Context, tasks *todo.Service, every time.Duration, metrics *observe.Metrics, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	log = observe.For(log, "todod.sweep")
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(every/2 + rand.N(every)): //nolint:gosec // nothing is secret about it
				sweep(ctx, tasks, metrics, log)
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// sweep sweeps once, and logs and counts what came of it.
func sweep(ctx context.Context, tasks *todo.Service, metrics *observe.Metrics, log *slog.Logger) {
	limited, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	swept, err := tasks.Sweep(limited)
	if ctx.Err() != nil {
		err = nil // the stop has cut it short
	}
	metrics.Swept(swept.Tasks, swept.Others, err)
	if err != nil {
		log.Warn("could not remove all that is no longer kept", "error", err.Error())
	}
	if swept != (todo.Swept{}) {
		log.Info("removed what is no longer kept", "tasks", swept.Tasks, "others", swept.Others)
	}
}
