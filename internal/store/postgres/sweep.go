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
	limit $4`

// Overdue implements todo.Store.
func (s *Store) Overdue(ctx context.Context, before todo.Cutoffs, limit int) (owners []todo.UserID, err error) {
	args := []any{before.Trash, before.Changes, before.Keys, limit}
	err = s.maintain(ctx, statement{overdue, args, func(rows pgx.Rows) (err error) {
		owners, err = pgx.CollectRows(rows, pgx.RowTo[todo.UserID])
		return err
	}})
	return owners, err
}

// forgetChanges removes the beginning of a log, never from its middle: up to the first entry that is young enough.
const (
	forgetChanges = `
		delete from todod.changes where user_id = $1 and rev in (
			select rev from todod.changes where user_id = $1
				and rev < coalesce((select rev from todod.changes where user_id = $1 and at >= $2 order by rev limit 1), $4)
			order by rev limit $3)`
	forgetKeys = `
		delete from todod.idempotency_keys where user_id = $1 and key in (
			select key from todod.idempotency_keys where user_id = $1 and created_at <= $2 limit $3)`
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
		statement{forgetKeys + ` returning 1`, []any{owner, before.Keys, limit}, count})
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
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // and with it the lock
	tx, err := conn.Begin(ctx)
	if err != nil {
		return translate(err)
	}
	var got bool
	if err := tx.QueryRow(ctx, fmt.Sprintf("select pg_try_advisory_xact_lock(%d)", sweepLock)).Scan(&got); err != nil || !got {
		return translate(err)
	}
	return do(ctx)
}
