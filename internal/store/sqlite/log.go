package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"todod/internal/store/fieldjson"
	"todod/internal/todo"
)

// changeColumns are the columns that scanChange reads, in its order.
const changeColumns = `prev_rev, set_rev, op, at, before, coalesce(request_id, ''), task_id, rev, coalesce(title, ''),
	description, completed, priority, due_date, due_all_day, completed_at, created_at, updated_at, deleted_at`

// scanChange reads changeColumns of row as a change of owner's.
func scanChange(row scanner, owner todo.UserID) (c todo.Change, err error) {
	var at int64
	var before []byte
	c.Task, err = scanTask(row, owner, &c.PrevRev, &c.SetRev, &c.Op, &at, &before, &c.RequestID)
	if err != nil {
		return c, err
	}
	c.Rev, c.At = c.Task.Version, fromMicros(at)
	c.Before, err = fieldjson.ParseFields(before)
	return c, err
}

// snapshot runs read in one read-only transaction: all that it reads is of one moment.
func (s *Store) snapshot(ctx context.Context, read func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	err = read(ctx, tx)
	if end := tx.Rollback(); end != nil && !errors.Is(end, sql.ErrTxDone) {
		err = errors.Join(err, end)
	}
	return translate(err)
}

// collect returns what scan makes of each row that query selects.
func collect[T any](
	ctx context.Context, tx *sql.Tx, scan func(*sql.Rows) (T, error), query string, args ...any,
) (all []T, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// tasksOf returns what scans rows of taskColumns as tasks of owner.
func tasksOf(owner todo.UserID) func(*sql.Rows) (todo.Task, error) {
	return func(rows *sql.Rows) (todo.Task, error) { return scanTask(rows, owner) }
}

// changesOf returns what scans rows of changeColumns as changes of owner's.
func changesOf(owner todo.UserID) func(*sql.Rows) (todo.Change, error) {
	return func(rows *sql.Rows) (todo.Change, error) { return scanChange(rows, owner) }
}

// Changes implements todo.Store.
func (s *Store) Changes(
	ctx context.Context, owner todo.UserID, since todo.Rev, limit int,
) (log []todo.Change, state todo.State, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if state, err = stateOf(tx.QueryRowContext(ctx, getState, owner)); err != nil {
			return err
		}
		log, err = collect(ctx, tx, changesOf(owner), `
			select `+changeColumns+` from changes where user_id = ?1 and rev > ?2 order by rev limit ?3`, owner, since, limit)
		return err
	})
	return log, state, err
}

// Snapshot implements todo.Store.
func (s *Store) Snapshot(
	ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int,
) (tasks []todo.Task, state todo.State, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if state, err = stateOf(tx.QueryRowContext(ctx, getState, owner)); err != nil {
			return err
		}
		tasks, err = collect(ctx, tx, tasksOf(owner), `
			select `+taskColumns+` from tasks
			where user_id = ?1 and id > ?2 and version <= ?3 and deleted_at is null order by id limit ?4`,
			owner, after, upTo, limit)
		return err
	})
	return tasks, state, err
}

// getHistory walks from a task's newest change backwards.
const getHistory = `
	with recursive walk (rev, prev_rev) as (
		select rev, prev_rev from changes where user_id = ?1 and task_id = ?2 and rev = ?3
		union all
		select c.rev, c.prev_rev from walk join changes c
			on c.user_id = ?1 and c.rev = walk.prev_rev and c.task_id = ?2
	)
	select ` + changeColumns + ` from changes
	where user_id = ?1 and rev in (select rev from walk) and (?4 = 0 or rev < ?4) order by rev desc limit ?5`

// History implements todo.Store.
func (s *Store) History(
	ctx context.Context, owner todo.UserID, id int64, before todo.Rev, limit int,
) (log []todo.Change, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var version todo.Rev
		err := tx.QueryRowContext(ctx, `select version from tasks where user_id = ?1 and id = ?2`, owner, id).Scan(&version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return todo.NoTask()
		case err != nil:
			return err
		}
		log, err = collect(ctx, tx, changesOf(owner), getHistory, owner, id, version, before, limit)
		return err
	})
	return log, err
}

// Operation implements todo.Store.
func (s *Store) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (op todo.Operation, err error) {
	op.Key = key
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var at int64
		var rev, revTo *todo.Rev
		var result []byte
		err := tx.QueryRowContext(ctx, `select status, created_at, rev, rev_to, result from idempotency_keys
			where user_id = ?1 and key = ?2 and created_at > ?3`, owner, key, since.UnixMicro()).
			Scan(&op.Status, &at, &rev, &revTo, &result)
		op.At = fromMicros(at)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return todo.NoOperation()
		case err != nil:
			return err
		case rev != nil && revTo != nil:
			op.Changes, err = collect(ctx, tx, changesOf(owner), getChanges, owner, *rev, *revTo)
			op.ShowTask()
		case result != nil:
			op.Task, err = fieldjson.ParseTask(result, owner)
		}
		return err
	})
	return op, err
}

// SigningKey implements todo.Store.
func (s *Store) SigningKey(ctx context.Context) (key []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = s.reader.QueryRowContext(ctx, `select key from signing_key`).Scan(&key)
	return key, translate(err)
}
