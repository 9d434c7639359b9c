package sqlstore

import (
	"context"

	"todod/internal/todo"
)

// overdue finds people by what is kept of them for too long; it reads nothing else, and may read no more. Of the log and
// the keys, of which one person may have very many, it looks at the first $7 rows that it finds.
var overdue = both(`
	select user_id from (select distinct user_id from todod.tasks where deleted_at < $1 limit $4) t
	union select user_id from (select distinct user_id from todod.objects where deleted_at < $1 limit $4) o
	union select user_id from (select distinct c.user_id from (
		select user_id from todod.changes where at < $2 limit $7) c limit $4) d
	union select user_id from (select distinct k.user_id from (
		select user_id from todod.idempotency_keys where created_at <= $3 limit $7) k limit $4) l
	union select user_id from (select distinct user_id from todod.sessions where expires_at <= $5 limit $4) s
	union select user_id from (select distinct user_id from todod.known_networks where seen_at <= $8 limit $4) n
	union select user_id from (select user_id from todod.users as u where ` + tombstone + ` and erased_at <= $6 limit $4) u
	limit $4`)

// overdueRows is how many rows overdue looks at for each person that is to be found.
const overdueRows = 50

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
		before.Trash, before.Changes, before.Keys, limit, before.Sessions, before.Tombstones, overdueRows*limit, before.Networks))
	return owners, err
}

// nextOfLog are up to $2 entries of the log behind $3. forgetChanges removes those of them from the beginning of a log,
// never from its middle, up to the first that is young enough and not of too many. Revisions have no gaps but those that
// a restored backup leaves, so they say how many entries come after one.
const nextOfLog = `(select rev, at from todod.changes where user_id = $1 and rev > $3 order by rev limit $2)`

var forgetChanges = both(`delete from todod.changes as t where t.user_id = $1 and t.rev > $3
	and t.rev <= (select max(n.rev) from ` + nextOfLog + ` n)
	and t.rev < coalesce((select min(n.rev) from ` + nextOfLog + ` n
		where n.at >= $4 and ((select u.rev from todod.users u where u.user_id = $1) - n.rev) % $5 < $6), $7) returning rev`)

// nextOccurrences are to occurrences what nextOfLog is to the log. forgetOccurrences removes those of them by changes of which
// there are as many later ones as $4.
const nextOccurrences = `(select rev from todod.occurrences where user_id = $1 and rev > $3 order by rev limit $2)`

var forgetOccurrences = both(`delete from todod.occurrences as t where t.user_id = $1 and t.rev > $3
	and t.rev <= (select max(n.rev) from ` + nextOccurrences + ` n)
	and t.rev < coalesce((select min(n.rev) from ` + nextOccurrences + ` n
		where ((select u.rev from todod.users u where u.user_id = $1) - n.rev) % $5 < $4), $6) returning rev`)

// occurrencesKept is how many times as many changes as the log has at most lie behind the occurrences that are kept: nobody fills
// the disk with them, and few people ever make so many changes.
const occurrencesKept = 2

// forgetKeys removes what is old between keys that aren't. forgetTombstone needs no lock that is taken first: of it and a
// first write of another life at the same moment, one waits for the other, and finds the row as that left it.
var (
	forgetKeys = removing("idempotency_keys", "key", `t.created_at <= $4`)
	countKeys  = both(`update todod.users set key_count = (select count(*) from todod.idempotency_keys where user_id = $1)
		where user_id = $1`)
	forgetExpired   = removing("sessions", "sid", `t.expires_at <= $4`)
	forgetNetworks  = removing("known_networks", "network", `t.seen_at <= $4`)
	forgetTombstone = both(`delete from todod.users as u where user_id = $1 and ` + tombstone + ` and erased_at <= $2
		returning user_id`)
)

// NoRev is above every revision.
const NoRev todo.Rev = 1<<63 - 1

// Forget implements todo.Maintenance.
func (b *Base) Forget(ctx context.Context, owner todo.UserID, before todo.Cutoffs, limit int) (n int, err error) {
	keep, passed := todo.Rev(before.Logged), todo.Rev(before.Logged)*occurrencesKept
	if keep == 0 {
		keep, passed = NoRev, NoRev
	}
	keys := 0
	for _, f := range []struct {
		leftover
		removed *int
	}{
		{leftover{forgetChanges, int64(0), []any{before.Changes, todo.RevisionBump, keep, NoRev}}, &n},
		{leftover{forgetOccurrences, int64(0), []any{passed, todo.RevisionBump, NoRev}}, &n},
		{leftover{forgetKeys, "", []any{before.Keys}}, &keys},
		{leftover{forgetExpired, "", []any{before.Sessions}}, &n},
		{leftover{forgetNetworks, "", []any{before.Networks}}, &n},
	} {
		if err := b.clear(ctx, owner, f.leftover, limit, func(rows int) { *f.removed += rows }); err != nil {
			return n + keys, err
		}
	}
	if keys > 0 {
		if err := b.engine.Write(ctx, owner, run(lockKnown, owner), run(countKeys, owner)); err != nil {
			return n + keys, err
		}
	}
	var tombstones []todo.UserID
	err = b.engine.Write(ctx, owner, all(&tombstones, readID, forgetTombstone, owner, before.Tombstones))
	return n + keys + len(tombstones), err
}
