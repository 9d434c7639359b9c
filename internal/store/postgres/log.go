package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/fieldjson"
	"todod/internal/todo"
)

// changeColumns are the columns that scanChange reads, in its order.
const changeColumns = `rev, prev_rev, set_rev, op, at, before, coalesce(request_id, '') as request_id, task_id,
	coalesce(title, '') as title, description, completed, priority, due_date, due_all_day, completed_at, created_at, updated_at,
	deleted_at`

// A changeRow takes changeColumns.
type changeRow struct {
	change todo.Change
	before []byte
	img    taskImage
}

// into returns where to scan the columns.
func (r *changeRow) into() []any {
	c, t := &r.change, r.img.into()
	first := []any{&c.Rev, &c.PrevRev, &c.SetRev, &c.Op, &c.At, &r.before, &c.RequestID, t[0]}
	return append(first, t[2:]...) // the version is the revision
}

// of returns the change that was scanned, as one of owner's.
func (r *changeRow) of(owner todo.UserID) (todo.Change, error) {
	c := r.change
	c.Task = r.img.of(owner)
	c.Task.Version = c.Rev
	var err error
	c.Before, err = fieldjson.ParseFields(r.before)
	return c, err
}

// getChanges reads the log and the state it belongs to.
const getChanges = `
	with u as materialized (select epoch, rev, erased_at from todod.users where user_id = $1)
	select u.epoch, u.rev, u.erased_at, c.* from u left join lateral (
		select ` + changeColumns + ` from todod.changes where user_id = $1 and rev > $2 order by rev limit $3
	) c on true`

// Changes implements todo.Store.
func (s *Store) Changes(
	ctx context.Context, owner todo.UserID, since todo.Rev, limit int,
) (log []todo.Change, state todo.State, err error) {
	err = s.read(ctx, owner, statement{getChanges, []any{owner, since, limit}, func(rows pgx.Rows) error {
		log = nil // this may be the second attempt
		var at stateColumns
		for rows.Next() {
			var r changeRow
			columns, none := r.into(), rows.RawValues()[3] == nil
			if none {
				clear(columns)
			}
			if err := rows.Scan(append(at.into(), columns...)...); err != nil {
				return err
			}
			if none {
				break
			}
			c, err := r.of(owner)
			if err != nil {
				return err
			}
			log = append(log, c)
		}
		state = at.state()
		return nil
	}})
	return log, state, err
}

// getSnapshot reads tasks by id and the state they belong to.
const getSnapshot = `
	with u as materialized (select epoch, rev, erased_at from todod.users where user_id = $1)
	select u.epoch, u.rev, u.erased_at, t.* from u left join lateral (
		select ` + image + ` from todod.tasks
		where user_id = $1 and id > $2 and version <= $3 and deleted_at is null order by id limit $4
	) t on true`

// Snapshot implements todo.Store.
func (s *Store) Snapshot(
	ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int,
) (tasks []todo.Task, state todo.State, err error) {
	err = s.read(ctx, owner, statement{getSnapshot, []any{owner, after, upTo, limit}, func(rows pgx.Rows) error {
		tasks = nil // this may be the second attempt
		var at stateColumns
		for rows.Next() {
			t, err := scanBeside(rows, owner, at.into()...)
			if err != nil {
				return err
			}
			if t != nil {
				tasks = append(tasks, *t)
			}
		}
		state = at.state()
		return nil
	}})
	return tasks, state, err
}

// collectChanges reads rows of changeColumns as changes of owner's. One without any is passed over.
func collectChanges(rows pgx.Rows, owner todo.UserID) (log []todo.Change, err error) {
	for rows.Next() {
		if rows.RawValues()[0] == nil {
			continue
		}
		var r changeRow
		if err := rows.Scan(r.into()...); err != nil {
			return nil, err
		}
		c, err := r.of(owner)
		if err != nil {
			return nil, err
		}
		log = append(log, c)
	}
	return log, nil
}

// getHistory walks from a task's newest change backwards. The first row of the walk is the task itself, so that a task
// without a log is told from no task.
var getHistory = fmt.Sprintf(`
	with recursive task as (
		select version from todod.tasks where user_id = $1 and id = $2
	), walk as (
		select %[1]s from todod.changes where user_id = $1 and task_id = $2 and rev = (select version from task)
		union all
		select %[2]s from walk join todod.changes c on c.user_id = $1 and c.rev = walk.prev_rev and c.task_id = $2
	), wanted as (
		select * from walk where $3 = 0 or rev < $3 order by rev desc limit $4
	)
	select wanted.* from task left join wanted on true order by rev desc`, changeColumns, changesOf("c"))

// changesOf returns changeColumns of a table under this name.
func changesOf(name string) string {
	return fmt.Sprintf(`%[1]s.rev, %[1]s.prev_rev, %[1]s.set_rev, %[1]s.op, %[1]s.at, %[1]s.before,
	coalesce(%[1]s.request_id, ''), %[1]s.task_id, coalesce(%[1]s.title, ''), %[1]s.description, %[1]s.completed,
	%[1]s.priority, %[1]s.due_date, %[1]s.due_all_day, %[1]s.completed_at, %[1]s.created_at, %[1]s.updated_at,
	%[1]s.deleted_at`, name)
}

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

// getOperation reads what came of a key, but for its changes.
const getOperation = `select status, created_at, case when rev is null then result end from todod.idempotency_keys
	where user_id = $1 and key = $2 and created_at > $3`

// Operation implements todo.Store.
func (s *Store) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (op todo.Operation, err error) {
	found := false
	args := []any{owner, key, since}
	err = s.read(ctx, owner, statement{getOperation, args, func(rows pgx.Rows) error {
		op, found = todo.Operation{Key: key}, rows.Next()
		if !found {
			return nil
		}
		var result []byte
		if err := rows.Scan(&op.Status, &op.At, &result); err != nil || result == nil {
			return err
		}
		op.Task, err = fieldjson.ParseTask(result, owner)
		return err
	}}, statement{getKeyChanges, args, func(rows pgx.Rows) (err error) {
		op.Changes, err = collectChanges(rows, owner)
		op.ShowTask()
		return err
	}})
	if err == nil && !found {
		err = todo.NoOperation()
	}
	return op, err
}

// SigningKey implements todo.Store.
func (s *Store) SigningKey(ctx context.Context) (key []byte, err error) {
	err = s.read(ctx, "", statement{`select key from todod.signing_key`, nil, func(rows pgx.Rows) error {
		key, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
		return err
	}})
	return key, err
}
