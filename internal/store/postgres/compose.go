package postgres

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/store/fieldjson"
	"todod/internal/todo"
)

// Compose implements todo.Store. What has to be known comes in one round trip behind the lock, and what was decided goes
// in another, both in one transaction. They are sent again only when the server says that it does not know them as
// prepared, and so has done nothing.
func (s *Store) Compose(
	ctx context.Context, owner todo.UserID, need todo.Need, w todo.Write, decide func(todo.Known) (todo.Plan, error),
) (todo.Composition, error) {
	if s.isolation.Load() == nil {
		return todo.Composition{}, todo.ServiceUnavailable(errNotReady)
	}
	for attempt := 1; ; attempt++ {
		done, err := s.composeOnce(ctx, owner, need, w, decide)
		if attempt == sendAttempts || !preparedElsewhere(err) {
			return done, translate(err)
		}
		s.stopPreparing()
	}
}

// composeOnce is Compose with one attempt. Like any write it no longer ends with ctx once it has begun.
func (s *Store) composeOnce(
	ctx context.Context, owner todo.UserID, need todo.Need, w todo.Write, decide func(todo.Known) (todo.Plan, error),
) (done todo.Composition, err error) {
	conn, err := s.acquire(ctx)
	if err != nil {
		return done, err
	}
	defer conn.Release()
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	done, err = s.composeOver(sending, conn, owner, need, w, decide)
	switch {
	case err == nil:
		s.answered.Store(time.Now().UnixNano())
	case preparedElsewhere(err):
		_ = conn.Conn().Close(sending) // it prepares; whether it closes well is of no interest
	}
	return done, err
}

// composeOver carries out a composed change over a connection.
func (s *Store) composeOver(
	ctx context.Context, conn *pgxpool.Conn, owner todo.UserID, need todo.Need, w todo.Write,
	decide func(todo.Known) (todo.Plan, error),
) (done todo.Composition, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return done, err
	}
	defer func() {
		if end := tx.Rollback(ctx); end != nil && !errors.Is(end, pgx.ErrTxClosed) && err == nil {
			err = end
		}
	}()
	look := &composing{owner: owner, need: need, write: w}
	statements, err := s.about(owner, append([]statement{{sql: lockOwner, args: []any{owner, w.At}}}, look.statements()...)...)
	if err != nil {
		return done, err
	}
	if err := send(ctx, tx, statements); err != nil {
		return done, err
	}
	if answered, replay, err := look.answered(); answered || err != nil {
		return replay, err
	}
	plan, err := decide(look.known)
	if err != nil {
		return done, err
	}
	carry, err := look.carryOut(plan)
	if err != nil || len(carry) == 0 {
		return todo.Composition{Plan: plan}, err
	}
	if err := send(ctx, tx, carry); err != nil {
		return done, err
	}
	return todo.Composition{Plan: plan}, tx.Commit(ctx)
}

// composing is what becomes known for a composed change.
type composing struct {
	owner todo.UserID
	need  todo.Need
	write todo.Write
	known todo.Known

	gone   bool          // the caller's token belongs to a former life
	key    *composedKey  // nil if there is no live row of the key
	replay []todo.Change // what it says was done
}

// A composedKey is the row of a key.
type composedKey struct {
	fingerprint []byte
	rev         *int64
	result      []byte
}

const (
	getOwner = `select epoch, rev, erased_at, task_count, coalesce(erased_at >= $2, false) from todod.users where user_id = $1`

	getKey = `select fingerprint, rev, result from todod.idempotency_keys
		where user_id = $1 and key = $2 and created_at > $3`
	getKeyChanges = `select ` + changeColumns + ` from todod.changes
		where user_id = $1 and rev >= (select rev from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3)
			and rev <= (select rev_to from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3)
		order by rev`

	getTasks     = `select ` + image + ` from todod.tasks where user_id = $1 and id = any ($2)`
	getByState   = `select ` + image + ` from todod.tasks where user_id = $1 and completed = $2 and deleted_at is null`
	reserveIDs   = `select nextval('todod.task_ids') from generate_series(1, $1)`
	getChange    = `select ` + changeColumns + ` from todod.changes where user_id = $1 and rev = $2`
	firstOfSet   = `select set_rev as rev from todod.changes where user_id = $1 and rev = $2`
	firstByKey   = `select rev from todod.idempotency_keys where user_id = $1 and key = $2 and created_at > $3`
	membersOfSet = `select * from todod.changes where user_id = $1 and rev >= first.rev
		and rev < coalesce((select rev from todod.changes where user_id = $1 and rev > first.rev and set_rev <> first.rev
			order by rev limit 1), 9223372036854775807)`
)

// inSet returns the SQL of something about a set: first says which revision it begins with, members are its changes.
func inSet(first, what string) string {
	return `with recursive first as (` + first + `), members as (
		select m.* from first, lateral (` + membersOfSet + `) m), ` + what
}

// The three things that are to be known of a set.
const (
	setChanges = `done as (select 1) select ` + changeColumns + ` from members order by rev`
	setTasks   = `done as (select 1) select ` + image + ` from todod.tasks
		where user_id = $1 and id in (select task_id from members)`
	setLater = `later as (
			select c.* from todod.tasks t join todod.changes c on c.user_id = $1 and c.rev = t.version
			where t.user_id = $1 and t.id in (select task_id from members) and t.version > (select max(rev) from members)
			union all
			select p.* from later l join todod.changes p on p.user_id = $1 and p.rev = l.prev_rev
			where l.prev_rev > (select max(rev) from members)
		) select ` + changeColumns + ` from later`
)

// statements returns what finds out all that is needed.
func (c *composing) statements() []statement {
	c.known.Tasks = map[int64]todo.Task{}
	all := []statement{{getOwner, []any{c.owner, claimsAsOf(c.write)}, c.takeOwner}}
	if idempotency := c.write.Idempotency; idempotency != nil {
		key := []any{c.owner, idempotency.Key, idempotency.Since}
		all = append(all, statement{getKey, key, c.takeKey}, statement{getKeyChanges, key, c.takeChanges(&c.replay)})
	}
	n := c.need
	if len(n.Tasks) > 0 {
		all = append(all, statement{getTasks, []any{c.owner, n.Tasks}, c.takeTasks})
	}
	if n.Completed != nil {
		all = append(all, statement{getByState, []any{c.owner, *n.Completed}, c.takeTasks})
	}
	if n.New > 0 {
		all = append(all, statement{reserveIDs, []any{n.New}, func(rows pgx.Rows) (err error) {
			c.known.NewIDs, err = pgx.CollectRows(rows, pgx.RowTo[int64])
			return err
		}})
	}
	if n.Base > 0 {
		all = append(all, statement{getChange, []any{c.owner, n.Base}, c.takeBase})
	}
	first, args := firstOfSet, []any{c.owner, n.Set}
	if n.SetOf != "" {
		first, args = firstByKey, []any{c.owner, n.SetOf, n.Since}
	}
	if n.Set > 0 || n.SetOf != "" {
		all = append(all, statement{inSet(first, setChanges), args, c.takeChanges(&c.known.Set)},
			statement{inSet(first, setTasks), args, c.takeTasks},
			statement{inSet(first, setLater), args, c.takeChanges(&c.known.Later)})
	}
	return all
}

// takeOwner reads the row of getOwner.
func (c *composing) takeOwner(rows pgx.Rows) error {
	var at stateColumns
	for rows.Next() {
		if err := rows.Scan(append(at.into(), &c.known.Count, &c.gone)...); err != nil {
			return err
		}
	}
	c.known.State = at.state()
	return nil
}

// takeKey reads the row of getKey.
func (c *composing) takeKey(rows pgx.Rows) error {
	for rows.Next() {
		c.key = &composedKey{}
		if err := rows.Scan(&c.key.fingerprint, &c.key.rev, &c.key.result); err != nil {
			return err
		}
	}
	return nil
}

// takeTasks reads rows of image.
func (c *composing) takeTasks(rows pgx.Rows) error {
	for rows.Next() {
		var img taskImage
		if err := rows.Scan(img.into()...); err != nil {
			return err
		}
		t := img.of(c.owner)
		c.known.Tasks[t.ID] = t
	}
	return nil
}

// takeChanges returns what reads rows of changeColumns into list.
func (c *composing) takeChanges(list *[]todo.Change) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*list, err = collectChanges(rows, c.owner)
		return err
	}
}

// takeBase reads the row of getChange.
func (c *composing) takeBase(rows pgx.Rows) error {
	found, err := collectChanges(rows, c.owner)
	if len(found) > 0 {
		c.known.Base = &found[0]
	}
	return err
}

// answered returns what came of the first request with the same key, if there was one, or why nothing can be done.
func (c *composing) answered() (bool, todo.Composition, error) {
	switch {
	case c.gone:
		return false, todo.Composition{}, todo.TokenRevoked()
	case c.key == nil:
		return false, todo.Composition{}, nil
	case !bytes.Equal(c.key.fingerprint, c.write.Idempotency.Fingerprint):
		return false, todo.Composition{}, todo.IdempotencyKeyReused()
	}
	return true, todo.Composition{Plan: todo.Plan{Changes: c.replay, Answer: c.key.result}, Replayed: true}, nil
}

// raiseBy raises the owner's revision by $6 and the number of their tasks by $7.
const raiseBy = `update todod.users set rev = rev + $6, task_count = task_count + $7, changed_at = $2,
		email = case when $3 >= claims_at then coalesce($4, email) else email end,
		name = case when $3 >= claims_at then coalesce($5, name) else name end,
		claims_at = greatest(claims_at, $3)
	where user_id = $1`

// putTasks writes tasks as they are in the end, new ones and old.
const putTasks = `
	insert into todod.tasks (user_id, id, version, title, description, completed, priority, due_date, due_all_day,
		completed_at, created_at, updated_at, deleted_at)
	select $1, * from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::boolean[], $7::smallint[],
		$8::timestamptz[], $9::boolean[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[])
	on conflict (user_id, id) do update set version = excluded.version, title = excluded.title,
		description = excluded.description, completed = excluded.completed, priority = excluded.priority,
		due_date = excluded.due_date, due_all_day = excluded.due_all_day, completed_at = excluded.completed_at,
		updated_at = excluded.updated_at, deleted_at = excluded.deleted_at`

// putChanges writes entries of the log.
const putChanges = `
	insert into todod.changes (user_id, set_rev, request_id, at, task_id, rev, title, description, completed, priority,
		due_date, due_all_day, completed_at, created_at, updated_at, deleted_at, prev_rev, op, before)
	select $1, $14, $15, $16, * from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::boolean[],
		$7::smallint[], $8::timestamptz[], $9::boolean[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
		$13::timestamptz[], $17::bigint[], $18::smallint[], $19::jsonb[])`

// putKey writes a key. A row of the same key that is there is no longer alive.
const putKey = `
	insert into todod.idempotency_keys (user_id, key, fingerprint, status, rev, rev_to, result, created_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (user_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
		rev = excluded.rev, rev_to = excluded.rev_to, result = excluded.result, created_at = excluded.created_at`

// carryOut returns the statements that carry out a plan; none for one that changes nothing and has no key.
func (c *composing) carryOut(plan todo.Plan) ([]statement, error) {
	var all []statement
	if n := len(plan.Changes); n > 0 {
		tasks, more := plan.Tasks()
		logged := make([]todo.Task, n)
		prev, ops, before := make([]int64, n), make([]int16, n), make([][]byte, n)
		for i, change := range plan.Changes {
			logged[i], prev[i], ops[i] = change.Task, int64(change.PrevRev), int16(change.Op)
			if change.Op != todo.Created {
				var err error
				if before[i], err = fieldjson.Fields(change.Before); err != nil {
					return nil, err
				}
			}
		}
		log := append([]any{c.owner}, imagesOf(logged)...)
		log = append(log, plan.Changes[0].SetRev, orNull(c.write.RequestID), c.write.At, prev, ops, before)
		all = append(all, statement{sql: raiseBy, args: raiseArgs(c.owner, c.write, n, more)},
			statement{sql: putTasks, args: append([]any{c.owner}, imagesOf(tasks)...)}, statement{sql: putChanges, args: log})
	}
	if idempotency := c.write.Idempotency; idempotency != nil {
		var rev, revTo *todo.Rev
		if n := len(plan.Changes); n > 0 {
			rev, revTo = &plan.Changes[0].Rev, &plan.Changes[n-1].Rev
		}
		all = append(all, statement{sql: putKey, args: []any{
			c.owner, idempotency.Key, idempotency.Fingerprint, idempotency.Status, rev, revTo, plan.Answer, c.write.At,
		}})
	}
	return all, nil
}

// imagesOf returns tasks as one array for each column of image, in its order.
func imagesOf(tasks []todo.Task) []any {
	n := len(tasks)
	ids, versions, titles, descriptions := make([]int64, n), make([]int64, n), make([]string, n), make([]*string, n)
	completed, priorities, dues, allDays := make([]bool, n), make([]int16, n), make([]*time.Time, n), make([]bool, n)
	completedAt, createdAt := make([]*time.Time, n), make([]time.Time, n)
	updatedAt, deletedAt := make([]time.Time, n), make([]*time.Time, n)
	for i, t := range tasks {
		ids[i], versions[i], titles[i], descriptions[i] = t.ID, int64(t.Version), t.Title, t.Description
		completed[i], priorities[i], completedAt[i] = t.Completed, int16(t.Priority), t.CompletedAt
		dues[i], allDays[i] = dueColumns(t.Due)
		createdAt[i], updatedAt[i], deletedAt[i] = t.CreatedAt, t.UpdatedAt, t.DeletedAt
	}
	return []any{
		ids, versions, titles, descriptions, completed, priorities, dues, allDays, completedAt, createdAt, updatedAt, deletedAt,
	}
}
