package postgres

import (
	"context"

	"todod/internal/todo"
)

var restoreTask = change{
	own: 3, cur: trashedTask, differs: `true`, also: `, task_count = task_count + 1`, within: withinQuota + `$9`,
	write: `
		update todod.tasks set version = new_rev, deleted_at = null
		from u where user_id = $1 and id = $7
		returning ` + image,
	op: `6`, before: `jsonb_build_object('deleted_at', ` + microsOf("cur.deleted_at") + `)`, logged: loggedTask,
}.compile()

// Restore implements todo.Store.
func (s *Store) Restore(
	ctx context.Context, owner todo.UserID, id int64, quota int, w todo.Write,
) (todo.WriteResult, error) {
	return s.change(ctx, owner, restoreTask, quota, w, id, versions(w), quota)
}

// blank is what the log keeps of a task that is gone for good, in the order of loggedTask.
const blank = `null, null, false, 2, null, false, null, t.created_at, t.updated_at, t.deleted_at`

// purgeTask also blanks what the log and the keys hold of the task. Its changes are found from its version backwards.
var purgeTask = change{
	own: 2, cur: trashedTask, differs: `true`,
	write: `
		delete from todod.tasks using u where user_id = $1 and id = $7
		returning id, new_rev as version, title, description, completed, priority, due_date, due_all_day, completed_at,
			created_at, updated_at, deleted_at`,
	op: `7`, before: `null::jsonb`, logged: blank,
	past: `
		update todod.changes set before = null, title = null, description = null, completed = false, priority = 2,
			due_date = null, due_all_day = false, completed_at = null
		where user_id = $1 and exists (select from u) and rev in (
			with recursive chain as (
				select rev, prev_rev from todod.changes
				where user_id = $1 and rev = (select version from cur) and task_id = $7
				union all
				select c.rev, c.prev_rev from chain join todod.changes c
					on c.user_id = $1 and c.rev = chain.prev_rev and c.task_id = $7
			)
			select rev from chain)`,
	keys: `
		update todod.idempotency_keys set result = null
		where user_id = $1 and (result -> 'id' = to_jsonb($7::bigint) or result -> 'tasks' @> to_jsonb($7::bigint))
			and exists (select from u) {other}`,
}.compile()

// Purge implements todo.Store.
func (s *Store) Purge(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	out, err := s.change(ctx, owner, purgeTask, 0, w, id, versions(w))
	out.Task = todo.Task{ID: out.Task.ID, Owner: owner, Version: out.Task.Version}
	return out, err
}
