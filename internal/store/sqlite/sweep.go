package sqlite

import (
	"context"
	"database/sql"

	"todod/internal/todo"
)

// overdue finds people by what is kept of them for too long.
const overdue = `
	select user_id from tasks where deleted_at < ?1
	union select user_id from changes where at < ?2
	union select user_id from idempotency_keys where created_at <= ?3
	limit ?4`

// Overdue implements todo.Store.
func (s *Store) Overdue(ctx context.Context, before todo.Cutoffs, limit int) (owners []todo.UserID, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		one := func(rows *sql.Rows) (owner todo.UserID, err error) {
			err = rows.Scan(&owner)
			return owner, err
		}
		owners, err = collect(ctx, tx, one, overdue, before.Trash.UnixMicro(), before.Changes.UnixMicro(),
			before.Keys.UnixMicro(), limit)
		return err
	})
	return owners, err
}

// forgetChanges removes the beginning of a log, never from its middle: up to the first entry that is young enough.
const (
	forgetChanges = `
		delete from changes where user_id = ?1 and rev in (
			select rev from changes where user_id = ?1
				and rev < coalesce((select rev from changes where user_id = ?1 and at >= ?2 order by rev limit 1), ?4)
			order by rev limit ?3)`
	forgetKeys = `
		delete from idempotency_keys where user_id = ?1 and key in (
			select key from idempotency_keys where user_id = ?1 and created_at <= ?2 limit ?3)`
)

// noRev is above every revision.
const noRev = 1<<63 - 1

// Forget implements todo.Store.
func (s *Store) Forget(ctx context.Context, owner todo.UserID, before todo.Cutoffs, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		changes, err := tx.ExecContext(ctx, forgetChanges, owner, before.Changes.UnixMicro(), limit, int64(noRev))
		if err != nil {
			return err
		}
		keys, err := tx.ExecContext(ctx, forgetKeys, owner, before.Keys.UnixMicro(), limit)
		if err != nil {
			return err
		}
		for _, removed := range []sql.Result{changes, keys} {
			rows, err := removed.RowsAffected()
			if err != nil {
				return err
			}
			n += int(rows)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Alone implements todo.Store. One process has the file.
func (s *Store) Alone(ctx context.Context, do func(context.Context) error) error { return do(ctx) }
