package sqlite

import (
	"context"
	"database/sql"

	"todod/internal/todo"
)

// blankTask removes a task and all that is kept of it but for the fact of its changes.
var blankTask = []string{
	`delete from tasks where user_id = ?1 and id = ?2`,
	`update changes set before = null, title = null, description = null, completed = 0, priority = 2, due_date = null,
		due_all_day = 0, completed_at = null
	where user_id = ?1 and rev in (
		with recursive chain (rev, prev_rev) as (
			select rev, prev_rev from changes where user_id = ?1 and rev = ?3 and task_id = ?2
			union all
			select c.rev, c.prev_rev from chain join changes c
				on c.user_id = ?1 and c.rev = chain.prev_rev and c.task_id = ?2
		)
		select rev from chain)`,
	`update idempotency_keys set result = null where user_id = ?1 and ?3 > 0
		and (result ->> 'id' = ?2 or ?2 in (select value from json_each(result, '$.tasks')))`,
}

// Purge implements todo.Store.
func (s *Store) Purge(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	out, err := s.once(ctx, owner, w, func(ctx context.Context, tx *sql.Tx) (t todo.Task, changed bool, err error) {
		before, err := required(ctx, tx, owner, id, true, w)
		if err != nil {
			return t, false, err
		}
		rev, err := raise(ctx, tx, owner, w, 0, noQuota)
		if err != nil {
			return t, false, err
		}
		for _, statement := range blankTask {
			if _, err := tx.ExecContext(ctx, statement, owner, id, before.Version); err != nil {
				return t, false, err
			}
		}
		t = todo.Task{
			ID: id, Owner: owner, Version: rev, Priority: todo.Medium, CreatedAt: before.CreatedAt,
			UpdatedAt: before.UpdatedAt, DeletedAt: before.DeletedAt,
		}
		return t, true, recordRow(ctx, tx, todo.Purged, before.Version, rev, nil, nil, t, w)
	})
	out.Task = todo.Task{ID: out.Task.ID, Owner: owner, Version: out.Task.Version}
	return out, err
}
