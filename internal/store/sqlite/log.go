package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"todod/internal/todo"
)

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

var getChangesSince = `select ` + changeOf + ` from changes c
	where c.user_id = ?1 and c.rev > ?2 order by c.rev limit ?3`

// Changes implements todo.Store.
func (s *Store) Changes(
	ctx context.Context, owner todo.UserID, since todo.Rev, limit int,
) (log []todo.Change, state todo.State, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if state, err = stateOf(ctx, tx, owner); err != nil {
			return err
		}
		log, err = collect(ctx, tx, changesOf(owner), getChangesSince, string(owner), int64(since), limit)
		return err
	})
	return log, state, err
}

var getSnapshot = `select ` + taskOf + ` from tasks t
	where t.user_id = ?1 and t.id > ?2 and t.version <= ?3 and t.deleted_at is null order by t.id limit ?4`

// Snapshot implements todo.Store.
func (s *Store) Snapshot(
	ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int,
) (tasks []todo.Task, state todo.State, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if state, err = stateOf(ctx, tx, owner); err != nil {
			return err
		}
		tasks, err = collect(ctx, tx, tasksOf(owner), getSnapshot, string(owner), after, int64(upTo), limit)
		return err
	})
	return tasks, state, err
}

const getVersion = `select version from tasks where user_id = ?1 and id = ?2`

// getHistory walks from a task's newest change backwards.
var getHistory = `
	with recursive walk (rev, prev_rev) as (
		select rev, prev_rev from changes where user_id = ?1 and task_id = ?2 and rev = ?3
		union all
		select c.rev, c.prev_rev from walk join changes c
			on c.user_id = ?1 and c.rev = walk.prev_rev and c.task_id = ?2
	)
	select ` + changeOf + ` from changes c
	where c.user_id = ?1 and c.rev in (select rev from walk) and (?4 = 0 or c.rev < ?4) order by c.rev desc limit ?5`

// History implements todo.Store.
func (s *Store) History(
	ctx context.Context, owner todo.UserID, id int64, before todo.Rev, limit int,
) (log []todo.Change, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error {
		versions, err := collect(ctx, tx, (*rowReader).int64, getVersion, string(owner), id)
		switch {
		case err != nil:
			return err
		case len(versions) == 0:
			return todo.NoTask()
		}
		log, err = collect(ctx, tx, changesOf(owner), getHistory, string(owner), id, versions[0], int64(before), limit)
		return err
	})
	return log, err
}

// Operation implements todo.Store.
func (s *Store) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (op todo.Operation, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = query(ctx, s.reader, func(r *rowReader) {
		op.Key, op.Status, op.At = key, int(r.int64()), r.time()
		r.skip(1)
		if op.Answer = r.json(); !r.null() {
			op.Changes = append(op.Changes, r.change(owner))
		}
	}, getKey, string(owner), key, since.UnixMicro())
	if err == nil && op.Key == "" {
		err = todo.NoOperation()
	}
	return op, translate(err)
}

// SigningKey implements todo.Store.
func (s *Store) SigningKey(ctx context.Context) (key []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = s.reader.QueryRowContext(ctx, `select key from signing_key`).Scan(&key)
	return key, translate(err)
}
