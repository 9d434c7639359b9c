package main

import (
	"context"
	"errors"
	"testing"

	"todod/internal/todo"
)

// A slowToFold is ready at the nth attempt.
type slowToFold struct {
	todo.Maintenance
	attempts, ready int
	done            chan struct{}
}

// FoldOldTexts implements todo.Maintenance.
func (s *slowToFold) FoldOldTexts(context.Context) (int, error) {
	s.attempts++
	if s.attempts < s.ready {
		return 0, todo.ServiceUnavailable(errors.New("not yet"))
	}
	close(s.done)
	return 1, nil
}

// TestTextsAreFoldedOnceTheDatabaseIsReady, and then no more.
func TestTextsAreFoldedOnceTheDatabaseIsReady(t *testing.T) {
	t.Parallel()
	db := &slowToFold{ready: 2, done: make(chan struct{})}
	stop := foldTextsFrom(t.Context(), db, discard)
	<-db.done
	stop()
	if db.attempts != 2 {
		t.Errorf("%d attempts", db.attempts)
	}
	never := &slowToFold{ready: 2}
	foldTextsFrom(t.Context(), never, discard)()
	if never.attempts != 0 {
		t.Errorf("%d attempts of one that was stopped", never.attempts)
	}
}
