package sqlstore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
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

// getObjects reads lists and labels, getObject one of them.
var (
	getObjects = besideState(`select ` + ObjectOf("o") + ` from todod.objects o where o.user_id = $1 and o.version > ` + began)
	getObject  = besideState(`select ` + ObjectOf("o") + ` from todod.objects o
		where o.user_id = $1 and o.id = $2 and o.version > ` + began)
)

// Objects implements todo.Store.
func (b *Base) Objects(ctx context.Context, owner todo.UserID, id int64) ([]todo.Object, todo.State, error) {
	if id == 0 {
		return readBesideState(ctx, b, owner, ReadObject, getObjects, owner)
	}
	return readBesideState(ctx, b, owner, ReadObject, getObject, owner, id)
}

// Alike implements todo.Store.
func (b *Base) Alike(name string) string { return foldCase(name) }

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

// ChangesAt implements todo.Store.
func (b *Base) ChangesAt(ctx context.Context, owner todo.UserID, revs []todo.Rev) (log []todo.Change, err error) {
	found := make([]*todo.Change, len(revs))
	statements := make([]Statement, len(revs))
	for i, rev := range revs {
		statements[i] = one(&found[i], of(owner, ReadChange), oneChange, owner, rev)
	}
	if err := b.engine.Read(ctx, owner, statements...); err != nil {
		return nil, err
	}
	for _, c := range found {
		if c != nil {
			log = append(log, *c)
		}
	}
	return log, nil
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

// beginHistory finds where the history of an object in a table begins: with the change before the revision $3, or with its
// version.
func beginHistory(table string) SQL {
	return both(`select t.user_id, t.version, c.prev_rev from todod.` + table + ` t
		left join todod.changes c on c.user_id = $1 and c.rev = $3 and c.task_id = $2
		where t.user_id = $1 and t.id = $2 and t.version > ` + began)
}

// getHistory walks from where a history begins backwards, as far as $4 says.
var (
	beginTaskHistory   = beginHistory("tasks")
	beginObjectHistory = beginHistory("objects")
	getHistory         = SQL{
		Postgres: walkBack(forEach(ChangeOf("c")+`, n + 1`, `walk`, `todod.changes c`, oneBack, `n < $4`).Postgres),
		SQLite:   inSQLite.Replace(walkBack(forEach(ChangeOf("c")+`, n + 1`, `walk`, `todod.changes c`, oneBack, `n < $4`).SQLite)),
	}
)

// oneBack is true of the change of the task $2 before that in walk.
const oneBack = `c.user_id = $1 and c.rev = walk.prev_rev and c.task_id = $2`

// walkBack returns the statement that walks from the change $3 of a task on, by step.
func walkBack(step string) string {
	return `with recursive walk as (
			select ` + ChangeOf("c") + `, 1 as n from todod.changes c where c.user_id = $1 and c.rev = $3 and c.task_id = $2
			union all ` + step + `
		) select ` + ChangeOf("walk") + ` from walk order by walk.rev desc`
}

// History implements todo.Store.
func (b *Base) History(
	ctx context.Context, owner todo.UserID, k todo.Kind, id int64, before todo.Rev, limit int,
) (log []todo.Change, err error) {
	begin, missing := beginTaskHistory, todo.NoTask
	if k != todo.KindTask {
		begin, missing = beginObjectHistory, func() error { return todo.NoObject(k) }
	}
	var from *todo.Rev
	err = b.engine.Read(ctx, owner, one(&from, func(r Row, from *todo.Rev) {
		r.Owner(owner)
		version, previous := todo.Rev(r.Int64()), todo.Rev(r.Int64())
		if *from = version; before > 0 {
			*from = previous
		}
	}, begin, owner, id, before))
	rev, err := found(from, err, missing)
	if err != nil || rev == 0 {
		return nil, err
	}
	err = b.engine.Read(ctx, owner, all(&log, of(owner, ReadChange), getHistory, owner, id, rev, limit))
	if len(log) > 0 && log[0].Kind() != k { // they have one table
		return nil, missing()
	}
	return log, err
}

// keyOf are the columns of a key k and of an entry c of the log that tells of it, which ReadKey reads.
var keyOf = `k.fingerprint, k.created_at, k.result, k.rev_to - k.rev + 1, ` + ChangeOf("c")

// FindKeys returns a statement that reads columns of keys, k, which are owner's, with what is remembered of each and the
// entries of the log that tell of it, the first todo.MaxShown of them, in no order. Where the range of the log ends is known before the log
// is looked at: behind row-level security, a sum would be compared with every row.
func FindKeys(columns, owner, keys string) SQL {
	told := func(owner string) string {
		return `todod.changes c where c.user_id = ` + owner + ` and c.rev >= k.rev and c.rev <= k.until`
	}
	with := `with k as materialized (select *, case when rev_to < rev + %[1]d then rev_to else rev + %[1]d end as until
		from (` + keys + `) as k) select ` + columns + `, ` + keyOf + ` from k left join `
	with = fmt.Sprintf(with, todo.MaxShown-1)
	return SQL{
		Postgres: with + `lateral (select * from ` + told(owner) + fmt.Sprintf(` limit %d) c on true`, todo.MaxShown),
		SQLite:   inSQLite.Replace(with + strings.Replace(told(`k.user_id`), " where ", " on ", 1)),
	}
}

// GetKey reads what is remembered of a key.
var GetKey = FindKeys(`k.user_id, k.status`, `$1`,
	`select * from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3`)

// ReadKey reads the columns of keyOf, which are of owner's, into what is known of the key. The first row makes it.
func ReadKey(r Row, owner todo.UserID, known **todo.StoredAnswer) {
	if *known == nil {
		*known = &todo.StoredAnswer{Fingerprint: r.Bytes(), At: r.Time(), Answer: slices.Clone(r.JSON()), Total: int(r.Int64())}
	} else {
		r.Skip(4)
	}
	if r.Null() {
		return
	}
	changes := &(*known).Changes
	AddChange(changes, r, owner)
	for i := len(*changes) - 1; i > 0 && (*changes)[i].Rev < (*changes)[i-1].Rev; i-- { // they come in no order
		(*changes)[i], (*changes)[i-1] = (*changes)[i-1], (*changes)[i]
	}
}

// Operation implements todo.Store.
func (b *Base) Operation(
	ctx context.Context, owner todo.UserID, key string, since time.Time,
) (todo.Operation, error) {
	var op *todo.Operation
	err := b.engine.Read(ctx, owner, Statement{GetKey, []any{owner, key, since}, func(rows iter.Seq[Row]) {
		var known *todo.StoredAnswer
		op = nil
		for r := range rows {
			r.Owner(owner)
			status := int(r.Int64())
			ReadKey(r, owner, &known)
			op = &todo.Operation{Key: key, Status: status, StoredAnswer: *known}
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
