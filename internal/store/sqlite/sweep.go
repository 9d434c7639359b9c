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
	union select user_id from sessions where expires_at <= ?5
	union select user_id from users where ` + tombstone + ` and erased_at <= ?6
	limit ?4`

// tombstone is true of a row of users that says that everything of somebody was erased, if it says nothing else and there
// is nobody who could be about to begin anew.
const tombstone = `users.erased_at is not null and users.rev = 0
	and not exists (select 1 from sessions s where s.user_id = users.user_id)
	and not exists (select 1 from accounts a where a.user_id = users.user_id)`

// Overdue implements todo.Maintenance.
func (s *Store) Overdue(ctx context.Context, before todo.Cutoffs, limit int) ([]todo.UserID, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	one := func(r *rowReader) todo.UserID { return todo.UserID(r.text()) }
	owners, err := collect(ctx, s.reader, one, overdue, before.Trash.UnixMicro(), before.Changes.UnixMicro(),
		before.Keys.UnixMicro(), limit, before.Sessions.UnixMicro(), before.Tombstones.UnixMicro())
	return owners, translate(err)
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
	forgetExpired = `
		delete from sessions where user_id = ?1 and sid in (
			select sid from sessions where user_id = ?1 and expires_at <= ?2 limit ?3)`
	forgetTombstone = `delete from users where user_id = ?1 and ` + tombstone + ` and erased_at <= ?2`
)

// noRev is above every revision.
const noRev = 1<<63 - 1

// Forget implements todo.Maintenance.
func (s *Store) Forget(ctx context.Context, owner todo.UserID, before todo.Cutoffs, limit int) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, forget := range []struct {
			sql  string
			args []any
		}{
			{forgetChanges, []any{owner, before.Changes.UnixMicro(), limit, int64(noRev)}},
			{forgetKeys, []any{owner, before.Keys.UnixMicro(), limit}},
			{forgetExpired, []any{owner, before.Sessions.UnixMicro(), limit}},
			{forgetTombstone, []any{owner, before.Tombstones.UnixMicro()}},
		} {
			removed, err := tx.ExecContext(ctx, forget.sql, forget.args...)
			if err != nil {
				return err
			}
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

// Alone implements todo.Maintenance. One process has the file.
func (s *Store) Alone(ctx context.Context, do func(context.Context) error) error { return do(ctx) }
