package main

import (
	"context"
	"log/slog"
	"time"

	"todod/internal/observe"
	"todod/internal/todo"
)

// How long foldTextsFrom waits before it tries for the first time, and at most between two attempts.
const (
	foldFirst = time.Second
	foldAgain = time.Minute
)

// foldTextsFrom makes what an older program has written ready to be searched, in the background, once db is ready, until
// it is done, ctx ends or the function it returns is called, which waits for it to stop. Several processes that do it at
// once only do it twice.
func foldTextsFrom(ctx context.Context, db todo.Maintenance, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	log = observe.For(log, "todod.search")
	go func() {
		defer close(stopped)
		for wait := foldFirst; ; wait = min(2*wait, foldAgain) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
				if foldTexts(ctx, db, log) {
					return
				}
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// foldTexts tries once, logs what came of it, and reports whether nothing is left to do.
func foldTexts(ctx context.Context, db todo.Maintenance, log *slog.Logger) (done bool) {
	people, err := db.FoldOldTexts(ctx)
	if people > 0 {
		log.Info("made what an older version has written ready to be searched", "people", people)
	}
	switch {
	case err == nil:
		return true
	case ctx.Err() == nil && todo.CodeOf(err) != todo.Unavailable: // a database that is away is logged elsewhere
		log.Warn("could not make all that an older version has written ready to be searched", "error", err.Error())
	}
	return false
}
