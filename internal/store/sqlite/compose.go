package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"todod/internal/store/fieldjson"
	"todod/internal/todo"
)

// Compose implements todo.Store.
func (s *Store) Compose(
	ctx context.Context, owner todo.UserID, need todo.Need, w todo.Write, decide func(todo.Known) (todo.Plan, error),
) (done todo.Composition, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		c := &composing{tx: tx, owner: owner, need: need, write: w}
		if err := c.look(ctx); err != nil {
			return err
		}
		var err error
		if done, err = c.replayed(ctx); err != nil || done.Replayed {
			return err
		}
		if done.Plan, err = decide(c.known); err != nil {
			return err
		}
		return c.carryOut(ctx, done.Plan)
	})
	if err != nil {
		return todo.Composition{}, err
	}
	return done, nil
}

// composing is what becomes known for a composed change.
type composing struct {
	tx    *sql.Tx
	owner todo.UserID
	need  todo.Need
	write todo.Write
	known todo.Known
}

const (
	getTasks   = `select ` + taskColumns + ` from tasks where user_id = ?1 and id in (select value from json_each(?2))`
	getByState = `select ` + taskColumns + ` from tasks where user_id = ?1 and completed = ?2 and deleted_at is null`
	getChanges = `select ` + changeColumns + ` from changes where user_id = ?1 and rev between ?2 and ?3 order by rev`
	firstOfSet = `select set_rev from changes where user_id = ?1 and rev = ?2`
	firstByKey = `select rev from idempotency_keys where user_id = ?1 and key = ?2 and created_at > ?3 and rev is not null`
	lastOfSet  = `select coalesce((select rev from changes where user_id = ?1 and rev > ?2 and set_rev <> ?2 order by rev limit 1), ?3) - 1`
	getLater   = `
		with recursive later (rev, prev_rev) as (
			select c.rev, c.prev_rev from tasks t join changes c on c.user_id = ?1 and c.rev = t.version
			where t.user_id = ?1 and t.id in (select value from json_each(?2)) and t.version > ?3
			union all
			select p.rev, p.prev_rev from later l join changes p on p.user_id = ?1 and p.rev = l.prev_rev where l.prev_rev > ?3
		)
		select ` + changeColumns + ` from changes where user_id = ?1 and rev in (select rev from later)`
)

// look finds out all that is needed.
func (c *composing) look(ctx context.Context) (err error) {
	c.known.Tasks = map[int64]todo.Task{}
	if c.known.State, err = stateOf(c.tx.QueryRowContext(ctx, getState, c.owner)); err != nil {
		return err
	}
	if at := c.known.State.ErasedAt; !at.IsZero() && claimsAt(c.write.By.AsOf) <= at.UnixMicro() {
		return todo.TokenRevoked()
	}
	err = c.tx.QueryRowContext(ctx, `select task_count from users where user_id = ?1`, c.owner).Scan(&c.known.Count)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := c.takeTasks(ctx, c.need.Tasks); err != nil {
		return err
	}
	if c.need.Completed != nil {
		tasks, err := collect(ctx, c.tx, tasksOf(c.owner), getByState, c.owner, *c.need.Completed)
		if err != nil {
			return err
		}
		c.know(tasks)
	}
	if err := c.reserve(ctx); err != nil {
		return err
	}
	if c.need.Base > 0 {
		base, err := collect(ctx, c.tx, changesOf(c.owner), getChanges, c.owner, c.need.Base, c.need.Base)
		if err != nil {
			return err
		}
		if len(base) > 0 {
			c.known.Base = &base[0]
		}
	}
	return c.lookAtSet(ctx)
}

// know adds tasks to what is known.
func (c *composing) know(tasks []todo.Task) {
	for _, t := range tasks {
		c.known.Tasks[t.ID] = t
	}
}

// takeTasks finds tasks by their ids.
func (c *composing) takeTasks(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	tasks, err := collect(ctx, c.tx, tasksOf(c.owner), getTasks, c.owner, string(list))
	c.know(tasks)
	return err
}

// reserve finds the ids of new tasks: above all that were ever given out. Nobody else gets one before this transaction
// ends.
func (c *composing) reserve(ctx context.Context) error {
	if c.need.New == 0 {
		return nil
	}
	var last int64
	err := c.tx.QueryRowContext(ctx, `
		select max(coalesce((select seq from sqlite_sequence where name = 'tasks'), 0), coalesce((select max(id) from tasks), 0))`).Scan(&last)
	for i := range int64(c.need.New) {
		c.known.NewIDs = append(c.known.NewIDs, last+1+i)
	}
	return err
}

// lookAtSet finds out about a set of changes, its tasks, and what became of them since.
func (c *composing) lookAtSet(ctx context.Context) error {
	var row *sql.Row
	switch {
	case c.need.SetOf != "":
		row = c.tx.QueryRowContext(ctx, firstByKey, c.owner, c.need.SetOf, c.need.Since.UnixMicro())
	case c.need.Set > 0:
		row = c.tx.QueryRowContext(ctx, firstOfSet, c.owner, c.need.Set)
	default:
		return nil
	}
	var first, last todo.Rev
	switch err := row.Scan(&first); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	err := c.tx.QueryRowContext(ctx, lastOfSet, c.owner, first, int64(noRev)).Scan(&last)
	if err != nil {
		return err
	}
	if c.known.Set, err = collect(ctx, c.tx, changesOf(c.owner), getChanges, c.owner, first, last); err != nil || len(c.known.Set) == 0 {
		return err
	}
	ids := make([]int64, len(c.known.Set))
	for i, change := range c.known.Set {
		ids[i], last = change.Task.ID, change.Rev
	}
	if err := c.takeTasks(ctx, ids); err != nil {
		return err
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	c.known.Later, err = collect(ctx, c.tx, changesOf(c.owner), getLater, c.owner, string(list), last)
	return err
}

// replayed returns what came of the first request with the same key, and not Replayed if there was none.
func (c *composing) replayed(ctx context.Context) (done todo.Composition, err error) {
	idempotency := c.write.Idempotency
	if idempotency == nil {
		return done, nil
	}
	var fingerprint, result []byte
	var rev, revTo *todo.Rev
	err = c.tx.QueryRowContext(ctx, `select fingerprint, rev, rev_to, result from idempotency_keys
		where user_id = ?1 and key = ?2 and created_at > ?3`, c.owner, idempotency.Key, idempotency.Since.UnixMicro()).
		Scan(&fingerprint, &rev, &revTo, &result)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return done, nil
	case err != nil:
		return done, err
	case !bytes.Equal(fingerprint, idempotency.Fingerprint):
		return done, todo.IdempotencyKeyReused()
	}
	done.Replayed, done.Answer = true, result
	if rev != nil && revTo != nil {
		done.Changes, err = collect(ctx, c.tx, changesOf(c.owner), getChanges, c.owner, *rev, *revTo)
	}
	return done, err
}

const putTask = `
	insert into tasks (user_id, id, version, title, description, completed, priority, due_date, due_all_day, completed_at,
		created_at, updated_at, deleted_at)
	values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
	on conflict (id) do update set version = excluded.version, title = excluded.title,
		description = excluded.description, completed = excluded.completed, priority = excluded.priority,
		due_date = excluded.due_date, due_all_day = excluded.due_all_day, completed_at = excluded.completed_at,
		updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
	where user_id = ?1`

// carryOut writes what was decided.
func (c *composing) carryOut(ctx context.Context, plan todo.Plan) error {
	var rev, revTo *todo.Rev
	if n := len(plan.Changes); n > 0 {
		rev, revTo = &plan.Changes[0].Rev, &plan.Changes[n-1].Rev
		if err := c.writeChanges(ctx, plan); err != nil {
			return err
		}
	}
	idempotency := c.write.Idempotency
	if idempotency == nil {
		return nil
	}
	_, err := c.tx.ExecContext(ctx, rememberKey,
		c.owner, idempotency.Key, idempotency.Fingerprint, idempotency.Status, rev, revTo,
		nullText(plan.Answer), c.write.At.UnixMicro())
	return err
}

// writeChanges raises the owner once by all changes, writes each task once, and all changes to the log.
func (c *composing) writeChanges(ctx context.Context, plan todo.Plan) error {
	tasks, more := plan.Tasks()
	n := len(plan.Changes)
	rev, err := raiseBy(ctx, c.tx, c.owner, c.write, n, more, noQuota)
	if err != nil {
		return err
	}
	if rev != plan.Changes[n-1].Rev {
		return errors.New("a composed change has another revision than was planned") // the lock was not held
	}
	err = c.repeat(ctx, putTask, len(tasks), func(i int) ([]any, error) {
		t := tasks[i]
		due, allDay := dueColumns(t.Due)
		return []any{
			c.owner, t.ID, t.Version, t.Title, t.Description, t.Completed, t.Priority, due, allDay, micros(t.CompletedAt),
			t.CreatedAt.UnixMicro(), t.UpdatedAt.UnixMicro(), micros(t.DeletedAt),
		}, nil
	})
	if err != nil {
		return err
	}
	return c.repeat(ctx, recordChange, n, func(i int) (_ []any, err error) {
		change := plan.Changes[i]
		var touched []byte
		if change.Op != todo.Created {
			touched, err = fieldjson.Fields(change.Before)
		}
		t := change.Task
		return recordArgs(change.Op, change.PrevRev, change.SetRev, touched, &t.Title, t, c.write), err
	})
}

// repeat carries out a statement n times, prepared once, with the arguments that args returns for each.
func (c *composing) repeat(ctx context.Context, query string, n int, args func(i int) ([]any, error)) (err error) {
	prepared, err := c.tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	for i := range n {
		values, err := args(i)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		// The driver has a goroutine watch each context that can end, which costs more than these statements.
		if _, err := prepared.ExecContext(context.WithoutCancel(ctx), values...); err != nil {
			return err
		}
	}
	return nil
}
