package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

// overdue finds people by what is kept of them for too long; it reads nothing else, and may read no more.
const overdue = `
	(select distinct user_id from todod.tasks where deleted_at < $1 limit $4)
	union (select distinct user_id from todod.changes where at < $2 limit $4)
	union (select distinct user_id from todod.idempotency_keys where created_at <= $3 limit $4)
	union (select distinct user_id from todod.sessions where expires_at <= $5 limit $4)
	union (select user_id from todod.users u where ` + tombstone + ` and erased_at <= $6 limit $4)
	limit $4`

// tombstone is true of a row u of users that says that everything of somebody was erased, if it says nothing else and
// there is nobody who could be about to begin anew.
const tombstone = `u.erased_at is not null and u.rev = 0
	and not exists (select from todod.sessions s where s.user_id = u.user_id)
	and not exists (select from todod.accounts a where a.user_id = u.user_id)`

// Overdue implements todo.Store.
func (s *Store) Overdue(ctx context.Context, before todo.Cutoffs, limit int) (owners []todo.UserID, err error) {
	args := []any{before.Trash, before.Changes, before.Keys, limit, before.Sessions, before.Tombstones}
	err = s.maintain(ctx, statement{overdue, args, func(rows pgx.Rows) (err error) {
		owners, err = pgx.CollectRows(rows, pgx.RowTo[todo.UserID])
		return err
	}})
	return owners, err
}

// forgetChanges removes the beginning of a log, never from its middle: up to the first entry that is young enough.
// forgetTombstone needs no lock that is taken first: of it and a first write of another life at the same moment, one waits
// for the other, and finds the row as that left it.
const (
	forgetChanges = `
		delete from todod.changes where user_id = $1 and rev in (
			select rev from todod.changes where user_id = $1
				and rev < coalesce((select rev from todod.changes where user_id = $1 and at >= $2 order by rev limit 1), $4)
			order by rev limit $3)`
	forgetKeys = `
		delete from todod.idempotency_keys where user_id = $1 and key in (
			select key from todod.idempotency_keys where user_id = $1 and created_at <= $2 limit $3)`
	forgetExpired = `
		delete from todod.sessions where user_id = $1 and sid in (
			select sid from todod.sessions where user_id = $1 and expires_at <= $2 limit $3)`
	forgetTombstone = `delete from todod.users u where user_id = $1 and ` + tombstone + ` and erased_at <= $2`
)

// noRev is above every revision.
const noRev = 1<<63 - 1

// Forget implements todo.Store.
func (s *Store) Forget(ctx context.Context, owner todo.UserID, before todo.Cutoffs, limit int) (n int, err error) {
	count := func(rows pgx.Rows) error {
		for rows.Next() {
			n++
		}
		return nil
	}
	n = 0
	err = s.transact(ctx, owner,
		statement{forgetChanges + ` returning 1`, []any{owner, before.Changes, limit, int64(noRev)}, count},
		statement{forgetKeys + ` returning 1`, []any{owner, before.Keys, limit}, count},
		statement{forgetExpired + ` returning 1`, []any{owner, before.Sessions, limit}, count},
		statement{forgetTombstone + ` returning 1`, []any{owner, before.Tombstones}, count})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// sweepLock is the advisory lock of whoever sweeps: 'todod.sw' in ASCII.
const sweepLock = 0x746f646f642e7377

// Alone implements todo.Store: it holds an advisory lock in a transaction, which works through a pooler, too, and ends
// with its connection. The transaction does nothing else and holds no snapshot.
func (s *Store) Alone(ctx context.Context, do func(context.Context) error) (err error) {
	conn, err := s.connectDirectly(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // and with it the lock, if nothing else has
	tx, err := conn.Begin(ctx)
	if err != nil {
		return translate(err)
	}
	// A connection that is closed has its lock for a moment more; one whose transaction has ended has none.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	var got bool
	if err := tx.QueryRow(ctx, fmt.Sprintf("select pg_try_advisory_xact_lock(%d)", sweepLock)).Scan(&got); err != nil || !got {
		return translate(err)
	}
	return do(ctx)
}
