package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

// live and trashed are the conditions that a task, found by its id, is not in the trash, or is there. They are not written
// "deleted_at is null" because then the index of a list could serve them, too, which on a table that was never analysed
// looks no dearer than the primary key and walks over all tasks of a user.
const (
	live    = `coalesce(deleted_at, 'infinity') = 'infinity'`
	trashed = `coalesce(deleted_at, 'infinity') <> 'infinity'`
)

// getTask leaves out what a token of a former life may not see.
const getTask = `select ` + image + ` from todod.tasks where user_id = $1 and id = $2 and ` + live + `
	and not exists (select from todod.users where user_id = $1 and erased_at >= $3)`

// Task implements todo.Store.
func (s *Store) Task(ctx context.Context, owner todo.UserID, id int64, asOf time.Time) (todo.Task, error) {
	var t *todo.Task
	err := s.read(ctx, owner, statement{getTask, []any{owner, id, asOf}, func(rows pgx.Rows) (err error) {
		if t = nil; rows.Next() {
			var img taskImage
			err = rows.Scan(img.into()...)
			task := img.of(owner)
			t = &task
		}
		return err
	}})
	switch {
	case err != nil:
		return todo.Task{}, err
	case t == nil:
		return todo.Task{}, todo.NoTask()
	}
	return *t, nil
}

// getState reads where a person's data stand.
const getState = `select epoch, rev, erased_at from todod.users where user_id = $1`

// oneState returns what scans the row of getState into state; no row is the state of someone unknown.
func oneState(state *todo.State) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		if *state = (todo.State{}); rows.Next() {
			var at stateColumns
			err = rows.Scan(at.into()...)
			*state = at.state()
		}
		return err
	}
}

// State implements todo.Store.
func (s *Store) State(ctx context.Context, owner todo.UserID) (todo.State, error) {
	var state todo.State
	err := s.read(ctx, owner, statement{getState, []any{owner}, oneState(&state)})
	return state, err
}

// statesAtOnce is how many people's states travel together.
const statesAtOnce = 50

// States implements todo.Store.
func (s *Store) States(ctx context.Context, owners []todo.UserID) (map[todo.UserID]todo.State, error) {
	states := make(map[todo.UserID]todo.State, len(owners))
	for some := range slices.Chunk(owners, statesAtOnce) {
		found := make([]todo.State, len(some))
		var all []statement
		for i, owner := range some {
			one, err := s.about(owner, statement{getState, []any{owner}, oneState(&found[i])})
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		if err := s.readAll(ctx, all); err != nil {
			return nil, err
		}
		for i, owner := range some {
			states[owner] = found[i]
		}
	}
	return states, nil
}

// stateColumns takes epoch, rev and erased_at, all null for someone unknown.
type stateColumns struct {
	epoch, rev *int64
	erasedAt   *time.Time
}

// into returns where to scan the columns.
func (c *stateColumns) into() []any { return []any{&c.epoch, &c.rev, &c.erasedAt} }

// state returns the state that was scanned.
func (c *stateColumns) state() (state todo.State) {
	if c.epoch != nil {
		state.Epoch, state.Rev = *c.epoch, todo.Rev(*c.rev)
	}
	if c.erasedAt != nil {
		state.ErasedAt = *c.erasedAt
	}
	return state
}

// The tasks that a change can be about.
const (
	liveTask    = `select ` + image + ` from todod.tasks where user_id = $1 and id = $7 and ` + live
	trashedTask = `select ` + image + ` from todod.tasks where user_id = $1 and id = $7 and ` + trashed
)

// loggedTask are the columns of the log that hold a task.
const loggedTask = `t.title, t.description, t.completed, t.priority, t.due_date, t.due_all_day, t.completed_at,
	t.created_at, t.updated_at, t.deleted_at`

// completing is the operation of a change that leaves a task where it is.
const completing = `case when t.completed and not cur.completed then 3 when cur.completed and not t.completed then 4
	else 2 end`

// within is the condition that an owner has room for one more task.
const withinQuota = `and task_count < `

var createTask = change{
	own: 10, also: `, task_count = task_count + 1`, within: withinQuota + `$16`,
	write: `
		insert into todod.tasks (user_id, version, title, description, completed, priority, due_date, due_all_day,
			completed_at, created_at, updated_at)
		select $1, u.new_rev, $7, $8, $9, $10, $11, $12, $13, $14, $15 from u
		returning ` + image,
	op: `1`, before: `null::jsonb`, logged: loggedTask,
}.compile()

// Create implements todo.Store.
func (s *Store) Create(
	ctx context.Context, owner todo.UserID, t todo.Task, quota int, w todo.Write,
) (todo.WriteResult, error) {
	due, allDay := dueColumns(t.Due)
	return s.change(ctx, owner, createTask, quota, w, t.Title, t.Description, t.Completed, t.Priority, due, allDay,
		t.CompletedAt, t.CreatedAt, t.UpdatedAt, quota)
}

// dueColumns returns what due_date and due_all_day hold for d.
func dueColumns(d *todo.Due) (at *time.Time, allDay bool) {
	if d == nil {
		return nil, false
	}
	return &d.At, d.AllDay
}

// updateTask is todo.Patch.Apply in SQL. Of its own arguments, $9, $12, $13 and $17 are null when their field is absent;
// $10 and $14 say whether description and due date are there.
var updateTask = change{
	own: 11, cur: liveTask,
	new: `
		select coalesce($9, title) as title,
			case when $10 then $11 else description end as description,
			coalesce($12, completed) as completed,
			coalesce($13, priority) as priority,
			case when $14 then $15 when $17 then date_trunc('day', due_date, 'UTC') else due_date end as due_date,
			case when $14 then $15 is not null and ($16 or $17::boolean is null and due_all_day and due_date = $15)
				else due_date is not null and coalesce($17, due_all_day) end as due_all_day,
			case when not coalesce($12, completed) then null when completed then completed_at else $2 end as completed_at
		from cur`,
	differs: `(cur.title, cur.description, cur.completed, cur.priority, cur.due_date, cur.due_all_day)
		is distinct from (new.title, new.description, new.completed, new.priority, new.due_date, new.due_all_day)`,
	write: `
		update todod.tasks set version = u.new_rev, title = new.title, description = new.description,
			completed = new.completed, priority = new.priority, due_date = new.due_date, due_all_day = new.due_all_day,
			completed_at = new.completed_at, updated_at = greatest(tasks.updated_at, $2)
		from u, new where tasks.user_id = $1 and tasks.id = $7
		returning ` + imageOf("tasks"),
	op: completing, logged: loggedTask,
	before: `(
		select jsonb_object_agg(field, value) from (values
			('title', to_jsonb(cur.title), cur.title <> t.title),
			('description', to_jsonb(cur.description), cur.description is distinct from t.description),
			('completed', to_jsonb(cur.completed), cur.completed <> t.completed),
			('priority', to_jsonb(cur.priority), cur.priority <> t.priority),
			('due_date', to_jsonb(` + microsOf("cur.due_date") + `), cur.due_date is distinct from t.due_date),
			('due_all_day', to_jsonb(cur.due_all_day), cur.due_all_day <> t.due_all_day),
			('completed_at', to_jsonb(` + microsOf("cur.completed_at") + `), cur.completed_at is distinct from t.completed_at)
		) as touched (field, value, differs) where differs)`,
}.compile()

// Update implements todo.Store.
func (s *Store) Update(
	ctx context.Context, owner todo.UserID, id int64, p todo.Patch, w todo.Write,
) (todo.WriteResult, error) {
	dueAt, dueDay := dueColumns(value(p.Due))
	return s.change(ctx, owner, updateTask, 0, w, id, versions(w), value(p.Title), p.Description.Set, value(p.Description),
		value(p.Completed), value(p.Priority), p.Due.Set, dueAt, dueDay, value(p.AllDay))
}

// versions returns the versions that a change requires, nil for any.
func versions(w todo.Write) []int64 {
	if w.If == nil {
		return nil
	}
	wanted := make([]int64, len(w.If))
	for i, v := range w.If {
		wanted[i] = int64(v)
	}
	return wanted
}

// value returns the value of o, nil when it is absent or null.
func value[T any](o todo.Opt[T]) *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.V
}

var toggleTask = change{
	own: 2, cur: liveTask, differs: `true`,
	write: `
		update todod.tasks set version = new_rev, completed = not completed,
			completed_at = case when completed then null else $2 end, updated_at = greatest(updated_at, $2)
		from u where user_id = $1 and id = $7
		returning ` + image,
	op: completing, logged: loggedTask,
	before: `jsonb_build_object('completed', cur.completed, 'completed_at', ` + microsOf("cur.completed_at") + `)`,
}.compile()

// Toggle implements todo.Store.
func (s *Store) Toggle(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.change(ctx, owner, toggleTask, 0, w, id, versions(w))
}

var deleteTask = change{
	own: 2, cur: liveTask, differs: `true`, also: `, task_count = task_count - 1`,
	write: `
		update todod.tasks set version = new_rev, deleted_at = $2
		from u where user_id = $1 and id = $7
		returning ` + image,
	op: `5`, before: `jsonb_build_object('deleted_at', null)`, logged: loggedTask,
}.compile()

// Delete implements todo.Store.
func (s *Store) Delete(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.change(ctx, owner, deleteTask, 0, w, id, versions(w))
}
