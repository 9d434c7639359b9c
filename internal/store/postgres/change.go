package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// How changes travel together: over so many connections at a time, so many in a group. Those whose owner's lock somebody
// else holds wait for it over connections of their own, of which there are only so many.
const (
	writeLanes = 2
	slowLanes  = 4
	writeGroup = 32
)

// Change implements todo.Store. What costs little travels with what others want to change at the same time, in one
// transaction and two round trips; if somebody else holds the owner's lock, it waits for that with other changes of the
// same person only. What costs more goes alone, over a connection of its own, by the same way.
func (s *Store) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	if s.isolation.Load() == nil {
		return todo.ServiceUnavailable(errNotReady)
	}
	c := group.NewChange(ctx, owner, need, decide)
	waiting, cancel := context.WithTimeout(ctx, s.poolTimeout)
	defer cancel()
	if need.Shareable() {
		if err := s.writes.Do(waiting, owner, c); err != nil {
			return todo.ServiceUnavailable(err)
		}
		if !c.Locked {
			return c.Err
		}
		if err := s.slow.Do(waiting, owner, c); err != nil {
			return todo.ServiceUnavailable(err)
		}
	} else {
		s.carry(waiting, []*group.Change{c}, waitForLock)
	}
	if c.Locked { // erased again and again while it waited
		return todo.ServiceUnavailable(errNotLocked)
	}
	return c.Err
}

// How to lock the owners of a group.
const (
	skipLocked  = false // leave those out whose lock somebody else holds
	waitForLock = true  // wait for them, up to lockTimeout
)

// carryGroup carries out a group of changes, or says of each why it wasn't.
func (s *Store) carryGroup(changes []*group.Change) {
	ctx, cancel := context.WithTimeout(changes[0].Context, s.poolTimeout)
	defer cancel()
	s.carry(ctx, changes, skipLocked)
}

// carrySlowly carries out changes of people whose locks somebody else held, each person's together, so that nobody waits for
// another's lock while holding their own.
func (s *Store) carrySlowly(changes []*group.Change) {
	for len(changes) > 0 {
		owner := changes[0].Owner
		theirs := slices.DeleteFunc(slices.Clone(changes), func(c *group.Change) bool { return c.Owner != owner })
		changes = slices.DeleteFunc(changes, func(c *group.Change) bool { return c.Owner == owner })
		ctx, cancel := context.WithTimeout(theirs[0].Context, s.poolTimeout)
		s.carry(ctx, theirs, waitForLock)
		cancel()
	}
}

// carry carries out changes over one connection, for which it waits no longer than ctx; once it has begun, it no longer ends
// with ctx. If the database refuses what one of them wants, the others are carried out without it. Only what the server says
// it has not even begun is tried again.
func (s *Store) carry(ctx context.Context, changes []*group.Change, wait bool) {
	for attempt := 1; len(changes) > 0; attempt++ {
		conn, err := s.acquire(ctx)
		if err != nil {
			group.Fail(changes, err)
			return
		}
		sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
		changes, err = s.carryOver(sending, conn, changes, wait)
		if err != nil {
			_ = conn.Conn().Close(sending) // whether it closes well is of no interest
		}
		cancel()
		conn.Release()
		if len(changes) == 0 {
			return
		}
		if attempt == sendAttempts {
			group.Fail(changes, translate(err))
			return
		}
		s.stopPreparing()
	}
}

// carryOver carries out changes over conn in one transaction, halving a group that the database refuses until who is at
// fault stands alone. It returns those whose statements the server doesn't know as prepared, so that nothing has become of
// them, and why the connection is not to be used any more, if it isn't; each other change has its own outcome then.
func (s *Store) carryOver(
	ctx context.Context, conn *pgxpool.Conn, changes []*group.Change, wait bool,
) (left []*group.Change, broken error) {
	err := (&transaction{store: s, conn: conn, changes: changes, wait: wait}).run(ctx)
	switch {
	case err == nil:
		s.answered.Store(time.Now().UnixNano())
		return nil, nil
	case preparedElsewhere(err):
		return changes, err
	case errors.Is(err, sqlstore.ErrForeignRow):
		s.alarm()
		broken = err
	case len(changes) > 1 && refused(err) && !waitedInVain(err):
		half := len(changes) / 2
		first, errFirst := s.carryOver(ctx, conn, changes[:half], wait)
		second, errSecond := s.carryOver(ctx, conn, changes[half:], wait)
		return append(slices.Clone(first), second...), errors.Join(errFirst, errSecond)
	}
	group.Fail(changes, translate(err))
	return nil, broken
}

// refused reports whether err says that the database has refused something and rolled everything back, so that the rest
// can be tried without it. A database that is going away, or short of something, refuses everybody.
func refused(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	switch pgErr.Code[:2] {
	case "08", "53", "58", "3D", "3F":
		return false
	case "57":
		return pgErr.Code == queryCanceled // a statement that took too long
	}
	return !preparedElsewhere(err) && pgErr.Code != undefinedTable && pgErr.Code != readOnly
}

// waitedInVain reports whether err says that a lock was waited for too long.
func waitedInVain(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == lockNotAvailable
}

// errNotLocked is why a change failed whose owner could not be locked, and did not wait for a lock either.
var errNotLocked = errors.New("the owner's row went away")

// alarm tells operators that what keeps people apart has failed.
func (s *Store) alarm() {
	s.log.Error("the database returned a row of somebody who was not asked for; its connection is not used any more")
}
