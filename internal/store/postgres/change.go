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
// else holds wait for it over connections of their own, of which there are only so many, and so do those that go alone.
const (
	writeLanes = 2
	slowLanes  = 4
	aloneLanes = 4
	writeGroup = 32
)

// Change implements todo.Store. What costs little travels with what others want to change at the same time, in one
// transaction and two round trips; if somebody else holds the owner's lock, it waits for that with other changes of the
// same person only. What costs more goes alone, by the same way.
func (s *Store) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	if s.isolation.Load() == nil {
		return todo.ServiceUnavailable(errNotReady)
	}
	c := group.NewChange(ctx, owner, need, decide)
	waiting, cancel := context.WithTimeout(ctx, s.poolTimeout)
	defer cancel()
	queue := s.alone
	if need.Shareable() {
		if err := s.writes.Do(waiting, owner, c); err != nil {
			return todo.ServiceUnavailable(err)
		}
		if !c.Locked {
			return c.Err
		}
		queue = s.slow
	}
	if err := queue.Do(waiting, owner, c); err != nil {
		return todo.ServiceUnavailable(err)
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
func (s *Store) carryGroup(changes []*group.Change) { s.carry(changes, skipLocked) }

// carrySlowly does the same with changes of one person, whose lock it waits for.
func (s *Store) carrySlowly(changes []*group.Change) { s.carry(changes, waitForLock) }

// carry carries out changes over one connection. If the database refuses what one of them wants, the others are carried out
// without it. Tried again is only what the server says it has not even begun, or has refused because an id was taken.
func (s *Store) carry(changes []*group.Change, wait bool) {
	for attempt := 1; ; attempt++ {
		left, err := s.carryOnce(changes, wait)
		if len(left) == 0 {
			return
		}
		switch {
		case attempt < sendAttempts:
		case len(left) > 1 && uniqueViolated(err): // not for want of other ids: whose fault it is shows when each is alone
			for i := range left {
				s.carry(left[i:i+1], wait)
			}
			return
		default:
			group.Fail(left, translate(err))
			return
		}
		if uniqueViolated(err) {
			s.ids.drop()
		} else {
			s.stopPreparing()
		}
		changes = left
	}
}

// carryOnce takes a connection, for as long as poolTimeout at most, and carries out changes over it. What it returns is what
// carryOver does.
func (s *Store) carryOnce(changes []*group.Change, wait bool) (left []*group.Change, broken error) {
	ctx := changes[0].Context
	acquiring, cancel := context.WithTimeout(ctx, s.poolTimeout)
	defer cancel()
	conn, err := s.acquire(acquiring)
	if err != nil {
		group.Fail(changes, err)
		return nil, nil
	}
	defer conn.Release() // closes it if a panic left it in a transaction
	err = within(ctx, conn, func(ctx context.Context) error {
		left, broken = s.carryOver(ctx, conn, changes, wait)
		return broken
	})
	if err != nil {
		hangUp(ctx, conn)
	}
	return left, err
}

// carryOver carries out changes over conn in one transaction, halving a group that the database refuses until who is at
// fault stands alone. It returns those of which nothing has become yet and that can be tried again, because the server
// doesn't know their statements as prepared or an id was taken, and why the connection is not to be used any more, if it
// isn't; each other change has its own outcome then.
func (s *Store) carryOver(
	ctx context.Context, conn *pgxpool.Conn, changes []*group.Change, wait bool,
) (left []*group.Change, broken error) {
	err := (&transaction{store: s, conn: conn, changes: changes, wait: wait}).run(ctx)
	switch {
	case err == nil:
		s.answered.Store(time.Now().UnixNano())
		return nil, nil
	case preparedElsewhere(err), uniqueViolated(err):
		return changes, err
	case errors.Is(err, sqlstore.ErrForeignRow):
		s.alarm()
		broken = err
		hangUp(ctx, conn) // at once: the other half of a group would still go over it
	case worthHalving(err, len(changes)):
		half := len(changes) / 2
		first, errFirst := s.carryOver(ctx, conn, changes[:half], wait)
		second, errSecond := s.carryOver(ctx, conn, changes[half:], wait)
		return append(slices.Clone(first), second...), errors.Join(errFirst, errSecond)
	}
	group.Fail(changes, translate(err))
	return nil, broken
}

// worthHalving reports whether n that travelled together are to be tried again in halves: the database refused something,
// and not because a lock is held, for which each half would wait as long again.
func worthHalving(err error, n int) bool {
	return n > 1 && refused(err) && !waitedInVain(err)
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
