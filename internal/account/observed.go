package account

import (
	"context"
	"time"

	"todod/internal/todo"
)

// An Observer hears of sessions and accounts that ended. Whoever ended them waits for it.
type Observer interface {
	// SessionEnded is told that a session of owner has ended, or that there was none.
	SessionEnded(owner todo.UserID, session string)

	// OthersEnded is told that all sessions of owner but one have ended; "" keeps none.
	OthersEnded(owner todo.UserID, keep string)

	// Erased is told that there is nothing left of owner.
	Erased(owner todo.UserID)
}

// Observed returns store, telling o of what it ended when that is committed.
func Observed(store Store, o Observer) Store { return &observed{store, o} }

// observed is a Store that tells of what it ended.
type observed struct {
	Store
	observer Observer
}

// SetPassword implements Store.
func (s *observed) SetPassword(ctx context.Context, owner todo.UserID, was, hash, keep string) error {
	err := s.Store.SetPassword(ctx, owner, was, hash, keep)
	if err == nil {
		s.observer.OthersEnded(owner, keep)
	}
	return err
}

// EndSession implements Store.
func (s *observed) EndSession(ctx context.Context, owner todo.UserID, id string) (*Session, error) {
	session, err := s.Store.EndSession(ctx, owner, id)
	if err == nil {
		s.observer.SessionEnded(owner, id)
	}
	return session, err
}

// Erase implements Store.
func (s *observed) Erase(ctx context.Context, owner todo.UserID, at time.Time) error {
	err := s.Store.Erase(ctx, owner, at)
	if err == nil {
		s.observer.Erased(owner)
	}
	return err
}
