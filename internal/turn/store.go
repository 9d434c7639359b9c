package turn

import (
	"context"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// Store returns db with each person having their turn. What somebody asks for of whom it isn't proven yet who they are, such
// as a sign-in, has none: it could fill the line of somebody else. Nor has what todod does by itself, or must not refuse.
// That goes to db directly.
//
// Of one person, so many reads are under way at a time, up to Reads, and the rest waits, those first that came first. Writes are under way
// one after the other, but those that travel with others anyway (ReadSet.Shareable) may go together, in their order. At most
// 64 wait; the next is Limited. What waits for longer than patience is Unavailable.
func Store(db account.FullStore, patience time.Duration, reads int) account.FullStore {
	return &store{db, newTurns(patience, min(reads, Reads))}
}

// store is a FullStore in front of which people take turns.
type store struct {
	account.FullStore
	turns *turns
}

// inTurn does something of owner's when it is its turn.
func inTurn[T any](ctx context.Context, s *store, owner todo.UserID, k kind, do func() (T, error)) (v T, err error) {
	if err := s.turns.enter(ctx, owner, k); err != nil {
		return v, err
	}
	defer s.turns.leave(owner, k)
	return do()
}

// Tasks implements todo.Store.
func (s *store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (todo.Page, error) {
	return inTurn(ctx, s, owner, read, func() (todo.Page, error) { return s.FullStore.Tasks(ctx, owner, f) })
}

// Task implements todo.Store.
func (s *store) Task(ctx context.Context, owner todo.UserID, id int64, asOf time.Time) (todo.Task, error) {
	return inTurn(ctx, s, owner, read, func() (todo.Task, error) { return s.FullStore.Task(ctx, owner, id, asOf) })
}

// State implements todo.Store.
func (s *store) State(ctx context.Context, owner todo.UserID) (todo.State, error) {
	return inTurn(ctx, s, owner, read, func() (todo.State, error) { return s.FullStore.State(ctx, owner) })
}

// History implements todo.Store.
func (s *store) History(
	ctx context.Context, owner todo.UserID, k todo.Kind, id int64, before todo.Rev, limit int,
) ([]todo.Change, error) {
	return inTurn(ctx, s, owner, read, func() ([]todo.Change, error) {
		return s.FullStore.History(ctx, owner, k, id, before, limit)
	})
}

// Objects implements todo.Store.
func (s *store) Objects(ctx context.Context, owner todo.UserID, id int64) (all []todo.Object, state todo.State, err error) {
	all, err = inTurn(ctx, s, owner, read, func() (all []todo.Object, err error) {
		all, state, err = s.FullStore.Objects(ctx, owner, id)
		return all, err
	})
	return all, state, err
}

// TimeZone implements todo.Store.
func (s *store) TimeZone(ctx context.Context, owner todo.UserID) (string, error) {
	return inTurn(ctx, s, owner, read, func() (string, error) { return s.FullStore.TimeZone(ctx, owner) })
}

// SetTimeZone implements todo.Store.
func (s *store) SetTimeZone(ctx context.Context, owner todo.UserID, zone string, at time.Time) error {
	_, err := inTurn(ctx, s, owner, alone, func() (struct{}, error) {
		return struct{}{}, s.FullStore.SetTimeZone(ctx, owner, zone, at)
	})
	return err
}

// Unlisted implements todo.Store.
func (s *store) Unlisted(ctx context.Context, owner todo.UserID) (bool, error) {
	return inTurn(ctx, s, owner, read, func() (bool, error) { return s.FullStore.Unlisted(ctx, owner) })
}

// Completions implements todo.Store.
func (s *store) Completions(
	ctx context.Context, owner todo.UserID, since, until time.Time, before *todo.Completion, limit int,
) (all []todo.Completion, state todo.State, err error) {
	all, err = inTurn(ctx, s, owner, read, func() (all []todo.Completion, err error) {
		all, state, err = s.FullStore.Completions(ctx, owner, since, until, before, limit)
		return all, err
	})
	return all, state, err
}

// Changes implements todo.Store.
func (s *store) Changes(
	ctx context.Context, owner todo.UserID, since todo.Rev, limit int,
) (log []todo.Change, state todo.State, err error) {
	log, err = inTurn(ctx, s, owner, read, func() (log []todo.Change, err error) {
		log, state, err = s.FullStore.Changes(ctx, owner, since, limit)
		return log, err
	})
	return log, state, err
}

// Snapshot implements todo.Store.
func (s *store) Snapshot(
	ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int,
) (tasks []todo.Task, state todo.State, err error) {
	tasks, err = inTurn(ctx, s, owner, read, func() (tasks []todo.Task, err error) {
		tasks, state, err = s.FullStore.Snapshot(ctx, owner, after, upTo, limit)
		return tasks, err
	})
	return tasks, state, err
}

// Operation implements todo.Store.
func (s *store) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (todo.Operation, error) {
	return inTurn(ctx, s, owner, read, func() (todo.Operation, error) {
		return s.FullStore.Operation(ctx, owner, key, since)
	})
}

// Summary implements account.Store.
func (s *store) Summary(ctx context.Context, owner todo.UserID, now time.Time) (account.Summary, error) {
	return inTurn(ctx, s, owner, read, func() (account.Summary, error) { return s.FullStore.Summary(ctx, owner, now) })
}

// Sessions implements account.Store.
func (s *store) Sessions(
	ctx context.Context, owner todo.UserID, after string, limit int,
) ([]account.Session, error) {
	return inTurn(ctx, s, owner, read, func() ([]account.Session, error) {
		return s.FullStore.Sessions(ctx, owner, after, limit)
	})
}

// KnownNetworks implements account.Store.
func (s *store) KnownNetworks(ctx context.Context, owner todo.UserID) ([]account.KnownNetwork, error) {
	return inTurn(ctx, s, owner, read, func() ([]account.KnownNetwork, error) {
		return s.FullStore.KnownNetworks(ctx, owner)
	})
}

// Imports implements todo.Imports.
func (s *store) Imports(
	ctx context.Context, owner todo.UserID, after todo.Import, limit int,
) ([]todo.Import, error) {
	return inTurn(ctx, s, owner, read, func() ([]todo.Import, error) {
		return s.FullStore.Imports(ctx, owner, after, limit)
	})
}

// Change implements todo.Store.
func (s *store) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	k := alone
	if need.Shareable() {
		k = shared
	}
	if err := s.turns.enter(ctx, owner, k); err != nil {
		return err
	}
	defer s.turns.leave(owner, k)
	return s.FullStore.Change(ctx, owner, need, decide)
}

// ChangeProfile implements account.Store.
func (s *store) ChangeProfile(ctx context.Context, owner todo.UserID, p account.Profile) (account.Account, error) {
	return inTurn(ctx, s, owner, alone, func() (account.Account, error) { return s.FullStore.ChangeProfile(ctx, owner, p) })
}

// IssueTicket implements account.Store.
func (s *store) IssueTicket(ctx context.Context, t account.Ticket, now time.Time) error {
	if err := s.turns.enter(ctx, t.Owner, alone); err != nil {
		return err
	}
	defer s.turns.leave(t.Owner, alone)
	return s.FullStore.IssueTicket(ctx, t, now)
}
