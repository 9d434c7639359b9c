package sqlstore

import (
	"context"
	"iter"
	"slices"
	"time"

	"todod/internal/todo"
)

// GetTask leaves out what a revoked token may not see. That a task, found by its id, is not in the trash isn't
// written "deleted_at is null" because then the index of a list could serve it, too, which on a table that was never
// analysed looks no dearer than the primary key and walks over all tasks of a user.
var GetTask = both(`select ` + TaskOf("t") + ` from todod.tasks t
	where t.user_id = $1 and t.id = $2 and coalesce(t.deleted_at, 'infinity') = 'infinity'
		and not exists (select 1 from todod.users u where u.user_id = $1 and (u.erased_at >= $3 or u.life_rev >= t.version))`)

// Task implements todo.Store.
func (b *Base) Task(ctx context.Context, owner todo.UserID, id int64, asOf time.Time) (todo.Task, error) {
	var t *todo.Task
	err := b.engine.ReadTogether(ctx, owner, one(&t, of(owner, ReadTask), GetTask, owner, id, asOf))
	return found(t, err, todo.NoTask)
}

// getState reads where a person's data stand.
var getState = both(`select ` + StateOf + ` from todod.users where user_id = $1`)

// OneState returns the statement that reads where owner's data stand; of someone unknown it is the zero State.
func OneState(owner todo.UserID, state *todo.State) Statement {
	return Statement{getState, []any{owner}, func(rows iter.Seq[Row]) {
		*state = todo.State{}
		for r := range rows {
			ReadState(r, owner, state)
		}
	}}
}

// State implements todo.Store.
func (b *Base) State(ctx context.Context, owner todo.UserID) (state todo.State, err error) {
	err = b.engine.ReadTogether(ctx, owner, OneState(owner, &state))
	return state, err
}

// began is the revision that the life of $1 began at. What is at it or below is of a former life, and is being removed.
// Of somebody who isn't known there is nothing, of any life. Written like this, it can be a bound of an index.
const began = `(select life_rev from todod.users where user_id = $1)`

// getChanges reads the log, and getSnapshot tasks by id.
var (
	getChanges = besideState(`select ` + ChangeOf("c") + ` from todod.changes c
		where c.user_id = $1 and c.rev > $2 order by c.rev limit $3`)
	getSnapshot = besideState(`select ` + TaskOf("t") + ` from todod.tasks t
		where t.user_id = $1 and t.id > $2 and t.version <= $3
		and t.version > ` + began + ` and t.deleted_at is null order by t.id limit $4`)
)

// besideState returns a statement for readBesideState, which in PostgreSQL has the state of $1 in front of each row.
func besideState(sql string) SQL {
	s := both(sql)
	s.Postgres = `with u as materialized (select ` + StateOf + ` from todod.users where user_id = $1)
		select u.*, t.* from u left join lateral (` + sql + `) t on true`
	return s
}

// Changes implements todo.Store.
func (b *Base) Changes(
	ctx context.Context, owner todo.UserID, since todo.Rev, limit int,
) ([]todo.Change, todo.State, error) {
	log, state, err := readBesideState(ctx, b, owner, ReadChange, getChanges, owner, since, limit)
	for err == nil && since < state.Began { // what was read may be of a former life
		since = state.Began
		log, state, err = readBesideState(ctx, b, owner, ReadChange, getChanges, owner, since, limit)
	}
	return log, state, err
}

// Snapshot implements todo.Store.
func (b *Base) Snapshot(
	ctx context.Context, owner todo.UserID, after int64, upTo todo.Rev, limit int,
) ([]todo.Task, todo.State, error) {
	return readBesideState(ctx, b, owner, ReadTask, getSnapshot, owner, after, upTo, limit)
}

// readBesideState returns the Ts that a statement reads, and owner's state at the same moment.
func readBesideState[T any](
	ctx context.Context, b *Base, owner todo.UserID, read func(Row, todo.UserID, *T), sql SQL, args ...any,
) (list []T, state todo.State, err error) {
	if !b.dialect.OneByOne {
		err = b.engine.Read(ctx, owner, OneState(owner, &state), all(&list, of(owner, read), sql, args...))
		return list, state, err
	}
	err = b.engine.Read(ctx, owner, Statement{sql, args, func(rows iter.Seq[Row]) {
		list, state = nil, todo.State{}
		for r := range rows {
			if ReadState(r, owner, &state); !r.Null() {
				add(&list, r, of(owner, read))
			}
		}
	}})
	return list, state, err
}

// getHistory walks from a task's newest change backwards. The first row of the walk is the task itself, so that a task
// without a log is told from no task.
var getHistory = both(`
	with recursive task as (
		select version from todod.tasks where user_id = $1 and id = $2 and version > ` + began + `
	), walk as (
		select ` + ChangeOf("c") + ` from todod.changes c
			where c.user_id = $1 and c.task_id = $2 and c.rev = (select version from task)
		union all
		select ` + ChangeOf("c") + ` from walk join todod.changes c
			on c.user_id = $1 and c.rev = walk.prev_rev and c.task_id = $2
	), wanted as (
		select * from walk where $3 = 0 or rev < $3 order by rev desc limit $4
	)
	select wanted.* from task left join wanted on true order by rev desc`)

// History implements todo.Store.
func (b *Base) History(
	ctx context.Context, owner todo.UserID, id int64, before todo.Rev, limit int,
) (log []todo.Change, err error) {
	there := false
	err = b.engine.Read(ctx, owner, Statement{getHistory, []any{owner, id, before, limit}, func(rows iter.Seq[Row]) {
		log, there = nil, false
		for r := range rows {
			if there = true; !r.Null() {
				AddChange(&log, r, owner)
			}
		}
	}})
	if err == nil && !there {
		err = todo.NoTask()
	}
	return log, err
}

// GetKey reads what is remembered of a key, with the entries of the log that tell of it.
var GetKey = both(`select k.status, k.created_at, k.fingerprint, k.result, ` + ChangeOf("c") + `
	from todod.idempotency_keys k
	left join todod.changes c on c.user_id = k.user_id and c.rev >= k.rev and c.rev <= k.rev_to
	where k.user_id = $1 and k.key = $2 and k.created_at > $3 order by c.rev`)

// Operation implements todo.Store.
func (b *Base) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (todo.Operation, error) {
	var op *todo.Operation
	err := b.engine.Read(ctx, owner, Statement{GetKey, []any{owner, key, since}, func(rows iter.Seq[Row]) {
		op = nil
		for r := range rows {
			if op == nil {
				op = &todo.Operation{Key: key}
			}
			op.Status, op.At = int(r.Int64()), r.Time()
			r.Skip(1)
			if op.Answer = slices.Clone(r.JSON()); !r.Null() {
				AddChange(&op.Changes, r, owner)
			}
		}
	}})
	return found(op, err, todo.NoOperation)
}

var getSigningKey = both(`select key from todod.signing_key`)

// SigningKey implements todo.Maintenance.
func (b *Base) SigningKey(ctx context.Context) ([]byte, error) {
	var key *[]byte
	err := b.engine.Read(ctx, "", one(&key, func(r Row, key *[]byte) { *key = r.Bytes() }, getSigningKey))
	return found(key, err, noRow)
}
