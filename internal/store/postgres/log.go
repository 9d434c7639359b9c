package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

// withState begins a statement that reads something of $1 beside the state it belongs to, in one snapshot.
const withState = `with u as materialized (select user_id, epoch, rev, erased_at from todod.users where user_id = $1)
	select u.*, t.* from u left join lateral (`

// getChanges reads the log and the state it belongs to.
var getChanges = withState + `
		select ` + changeOf("c") + ` from todod.changes c where c.user_id = $1 and c.rev > $2 order by c.rev limit $3
	) t on true`

// Changes implements todo.Store.
func (s *Store) Changes(
	ctx context.Context, owner todo.UserID, since todo.Rev, limit int,
) (log []todo.Change, state todo.State, err error) {
	err = s.read(ctx, owner, statement{getChanges, []any{owner, since, limit}, func(rows pgx.Rows) error {
		log, state = nil, todo.State{} // this may be the second attempt
		return eachRow(rows, func(r *rowReader) {
			state = r.state(owner)
			if c := r.change(owner); c != nil {
				log = append(log, *c)
			}
		})
	}})
	return log, state, err
}

// getSnapshot reads tasks by id and the state they belong to.
var getSnapshot = withState + `
		select ` + taskOf("t") + ` from todod.tasks t
		where t.user_id = $1 and t.id > $2 and t.version <= $3 and t.deleted_at is null order by t.id limit $4
	) t on true`

// Snapshot implements todo.Store.
func (s *Store) Snapshot(
	ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int,
) (tasks []todo.Task, state todo.State, err error) {
	err = s.read(ctx, owner, statement{getSnapshot, []any{owner, after, upTo, limit}, func(rows pgx.Rows) error {
		tasks, state = nil, todo.State{} // this may be the second attempt
		return eachRow(rows, func(r *rowReader) {
			state = r.state(owner)
			if t := r.task(owner); t != nil {
				tasks = append(tasks, *t)
			}
		})
	}})
	return tasks, state, err
}

// collectChanges reads rows of changeOf as changes of owner's. One without any is passed over.
func collectChanges(rows pgx.Rows, owner todo.UserID) (log []todo.Change, err error) {
	err = eachRow(rows, func(r *rowReader) {
		if c := r.change(owner); c != nil {
			log = append(log, *c)
		}
	})
	return log, err
}

// getHistory walks from a task's newest change backwards. The first row of the walk is the task itself, so that a task
// without a log is told from no task.
var getHistory = fmt.Sprintf(`
	with recursive task as (
		select version from todod.tasks where user_id = $1 and id = $2
	), walk as (
		select %[1]s from todod.changes c where c.user_id = $1 and c.task_id = $2 and c.rev = (select version from task)
		union all
		select %[1]s from walk join todod.changes c on c.user_id = $1 and c.rev = walk.prev_rev and c.task_id = $2
	), wanted as (
		select * from walk where $3 = 0 or rev < $3 order by rev desc limit $4
	)
	select wanted.* from task left join wanted on true order by rev desc`, changeOf("c"))

// History implements todo.Store.
func (s *Store) History(
	ctx context.Context, owner todo.UserID, id int64, before todo.Rev, limit int,
) (log []todo.Change, err error) {
	found := false
	err = s.read(ctx, owner, statement{getHistory, []any{owner, id, before, limit}, func(rows pgx.Rows) (err error) {
		log, err = collectChanges(rows, owner)
		found = rows.CommandTag().RowsAffected() > 0
		return err
	}})
	if err == nil && !found {
		err = todo.NoTask()
	}
	return log, err
}

// getOperation reads what is remembered of a key, with the entries of the log that tell of it.
var getOperation = `select k.status, k.created_at, k.result, ` + changeOf("c") + `
	from todod.idempotency_keys k
	left join todod.changes c on c.user_id = k.user_id and c.rev >= k.rev and c.rev <= k.rev_to
	where k.user_id = $1 and k.key = $2 and k.created_at > $3 order by c.rev`

// Operation implements todo.Store.
func (s *Store) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (op todo.Operation, err error) {
	found := false
	err = s.read(ctx, owner, statement{getOperation, []any{owner, key, since}, func(rows pgx.Rows) error {
		op, found = todo.Operation{Key: key}, false
		return eachRow(rows, func(r *rowReader) {
			found = true
			op.Status, op.At, op.Answer = int(r.int16()), r.time(), slices.Clone(r.json())
			if c := r.change(owner); c != nil {
				op.Changes = append(op.Changes, *c)
			}
		})
	}})
	if err == nil && !found {
		err = todo.NoOperation()
	}
	return op, err
}

// SigningKey implements todo.Maintenance.
func (s *Store) SigningKey(ctx context.Context) (key []byte, err error) {
	err = s.read(ctx, "", statement{`select key from todod.signing_key`, nil, func(rows pgx.Rows) error {
		key, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
		return err
	}})
	return key, err
}
