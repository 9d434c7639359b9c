package sqlstore

import (
	"context"
	"fmt"
	"iter"

	"todod/internal/todo"
)

// A leftover is what is to be removed from a table, such as what it may have of former lives.
type leftover struct {
	// remove removes up to $2 rows of $1 behind $3, in their order, and returns what the next ones come behind. Where it
	// begins is given because rows that were removed just now are still in the way of who looks for the first one.
	remove SQL
	first  any   // what all come behind
	args   []any // of remove, from $4 on
}

// removing returns a statement that removes rows of a table in the order of a column, up to $2 behind $3, of which a
// condition holds. It reads them as a range of the primary key: joined by it, all rows of the person would be read.
func removing(table, column, condition string) SQL {
	return both(fmt.Sprintf(`delete from todod.%[1]s as t where t.user_id = $1 and t.%[2]s > $3
		and t.%[2]s <= (select max(n.%[2]s) from (select t.%[2]s from todod.%[1]s t
			where t.user_id = $1 and t.%[2]s > $3 and %[3]s order by t.%[2]s limit $2) n)
		and %[3]s returning %[2]s`, table, column, condition))
}

// wasErasedOnce is true if $1 was erased at any time. Nothing is imported for them since then.
const wasErasedOnce = `exists (select 1 from todod.users u where u.user_id = $1 and u.erased_at is not null)`

// former is what may be left of a former life. What is in the tables of the account goes when a life ends.
var former = []leftover{
	{removing("tasks", "id", `t.version <= `+began), int64(0), nil},
	{removing("objects", "id", `t.version <= `+began), int64(0), nil},
	{removing("occurrences", "rev", `t.rev <= `+began), int64(0), nil},
	{removing("changes", "rev", `t.rev <= `+began), int64(0), nil},
	{removing("idempotency_keys", "key", `exists (select 1 from todod.users u
		where u.user_id = $1 and (t.created_at <= u.erased_at or t.rev <= u.life_rev))`), "", nil},
	{both(`delete from todod.imports as t where t.user_id = $1 and t.source >= $3
		and (t.source, t.old_id) <= (select n.source, n.old_id from (select t.source, t.old_id from todod.imports t
			where t.user_id = $1 and t.source >= $3 order by t.source, t.old_id limit $2) n
			order by n.source desc, n.old_id desc limit 1)
		and ` + wasErasedOnce + ` returning source`), "", nil},
}

// lockKnown locks somebody's row, if there is one: nobody ends their life, and nothing is written, until the rows are
// removed that belong to a former one.
var lockKnown = both(`select user_id from todod.users where user_id = $1 for update`)

// What ends it: tidied says that nothing is left of former lives. beginAnew lets a life in which nothing has been written
// begin at revision 0, with another epoch, as what was said of the old revisions must not be taken for the new ones.
var (
	tidied = both(`update todod.users set untidy = false, life_rev = case when rev > life_rev then 0 else life_rev end
		where user_id = $1 and epoch = $2`)
	beginAnew = both(`update todod.users set rev = 0, life_rev = 0, listed = 0, epoch = $3, untidy = false
		where user_id = $1 and epoch = $2 and rev = life_rev
			and not exists (select 1 from todod.tasks where user_id = $1)
			and not exists (select 1 from todod.objects where user_id = $1)
			and not exists (select 1 from todod.occurrences where user_id = $1)
			and not exists (select 1 from todod.changes where user_id = $1)
			and not exists (select 1 from todod.idempotency_keys where user_id = $1)
			and not exists (select 1 from todod.imports where user_id = $1)`)
)

// Tidy implements todo.Maintenance.
func (b *Base) Tidy(ctx context.Context, owner todo.UserID, limit int, removed func(rows int)) error {
	state, err := b.State(ctx, owner)
	if err != nil {
		return err
	}
	if state.Began > 0 || state.Rev == 0 { // in a life that has gone on since its beginning was tidied, there is nothing
		for _, f := range former {
			if err := b.clear(ctx, owner, f, limit, removed); err != nil {
				return err
			}
		}
	}
	return b.engine.Write(ctx, owner, run(lockKnown, owner), run(tidied, owner, state.Epoch),
		run(beginAnew, owner, state.Epoch, newEpoch()))
}

// clear removes what is left in one table, in steps of up to limit rows.
func (b *Base) clear(ctx context.Context, owner todo.UserID, f leftover, limit int, removed func(rows int)) error {
	for after := f.first; ; {
		if err := ctx.Err(); err != nil { // what has begun doesn't end with it
			return todo.ServiceUnavailable(err)
		}
		n, next := 0, after
		err := b.engine.Write(ctx, owner, run(lockKnown, owner),
			Statement{f.remove, append([]any{owner, limit, after}, f.args...), func(rows iter.Seq[Row]) {
				n, next = 0, after
				for r := range rows {
					next = furthest(r, next)
					n++
				}
			}})
		if err != nil {
			return err
		}
		if removed(n); n < limit {
			return nil
		}
		after = next
	}
}

// furthest returns the next column of r, which is of the kind that far is, or far if that comes behind it.
func furthest(r Row, far any) any {
	if last, ok := far.(string); ok {
		return max(last, r.Text())
	}
	last, _ := far.(int64)
	return max(last, r.Int64())
}
