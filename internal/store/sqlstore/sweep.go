package sqlstore

import (
	"context"

	"todod/internal/todo"
)

// overdue finds people by what is kept of them for too long; it reads nothing else, and may read no more.
var overdue = both(`
	select user_id from (select distinct user_id from todod.tasks where deleted_at < $1 limit $4) t
	union select user_id from (select distinct user_id from todod.changes where at < $2 limit $4) c
	union select user_id from (select distinct user_id from todod.idempotency_keys where created_at <= $3 limit $4) k
	union select user_id from (select distinct user_id from todod.sessions where expires_at <= $5 limit $4) s
	union select user_id from (select user_id from todod.users as u where ` + tombstone + ` and erased_at <= $6 limit $4) u
	limit $4`)

// tombstone is true of a row u of users that says that everything of somebody was erased, if it says nothing else and
// there is nobody who could be about to begin anew.
const tombstone = `u.erased_at is not null and u.rev = 0
	and not exists (select 1 from todod.sessions s where s.user_id = u.user_id)
	and not exists (select 1 from todod.accounts a where a.user_id = u.user_id)`

// untidy finds people by the mark that there is something to remove.
var untidy = both(`select user_id from todod.users where untidy and user_id > $1 order by user_id limit $2`)

// Untidy implements todo.Maintenance.
func (b *Base) Untidy(ctx context.Context, after todo.UserID, limit int) (owners []todo.UserID, err error) {
	err = b.engine.Maintain(ctx, all(&owners, readID, untidy, after, limit))
	return owners, err
}

// Overdue implements todo.Maintenance.
func (b *Base) Overdue(ctx context.Context, before todo.Cutoffs, limit int) (owners []todo.UserID, err error) {
	err = b.engine.Maintain(ctx, all(&owners, readID, overdue,
		before.Trash, before.Changes, before.Keys, limit, before.Sessions, before.Tombstones))
	return owners, err
}

// forgetChanges removes the beginning of a log, never from its middle: up to the first entry that is young enough.
// forgetTombstone needs no lock that is taken first: of it and a first write of another life at the same moment, one
// waits for the other, and finds the row as that left it.
var (
	forgetChanges = both(`
		delete from todod.changes where user_id = $1 and rev in (
			select rev from todod.changes where user_id = $1
				and rev < coalesce((select rev from todod.changes where user_id = $1 and at >= $2 order by rev limit 1), $4)
			order by rev limit $3) returning user_id`)
	forgetKeys = both(`
		delete from todod.idempotency_keys where user_id = $1 and key in (
			select key from todod.idempotency_keys where user_id = $1 and created_at <= $2 limit $3) returning user_id`)
	forgetExpired = both(`
		delete from todod.sessions where user_id = $1 and sid in (
			select sid from todod.sessions where user_id = $1 and expires_at <= $2 limit $3) returning user_id`)
	forgetTombstone = both(`delete from todod.users as u where user_id = $1 and ` + tombstone + ` and erased_at <= $2
		returning user_id`)
)

// NoRev is above every revision.
const NoRev todo.Rev = 1<<63 - 1

// Forget implements todo.Maintenance.
func (b *Base) Forget(ctx context.Context, owner todo.UserID, before todo.Cutoffs, limit int) (int, error) {
	var changes, keys, sessions, tombstones []todo.UserID
	err := b.engine.Write(ctx, owner,
		all(&changes, readID, forgetChanges, owner, before.Changes, limit, NoRev),
		all(&keys, readID, forgetKeys, owner, before.Keys, limit),
		all(&sessions, readID, forgetExpired, owner, before.Sessions, limit),
		all(&tombstones, readID, forgetTombstone, owner, before.Tombstones))
	if err != nil {
		return 0, err
	}
	return len(changes) + len(keys) + len(sessions) + len(tombstones), nil
}
