package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

// taskColumns are the columns that scanTask reads, in its order.
const taskColumns = `id, version, title, description, completed, priority, due_date, due_all_day, completed_at,
	created_at, updated_at`

// scanTask reads taskColumns of the current row as a task of owner.
func scanTask(row pgx.Rows, owner todo.UserID) (todo.Task, error) {
	t := todo.Task{Owner: owner}
	var due *time.Time
	var allDay bool
	err := row.Scan(&t.ID, &t.Version, &t.Title, &t.Description, &t.Completed, &t.Priority, &due, &allDay, &t.CompletedAt,
		&t.CreatedAt, &t.UpdatedAt)
	if due != nil {
		t.Due = &todo.Due{At: *due, AllDay: allDay}
	}
	return t, err
}

// oneTask returns what scans at most one row of taskColumns into t, and sets found if there was one.
func oneTask(t *todo.Task, found *bool, owner todo.UserID) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		if *found = rows.Next(); *found {
			*t, err = scanTask(rows, owner)
		}
		return err
	}
}

const getTask = `select ` + taskColumns + ` from todod.tasks where user_id = $1 and id = $2 and deleted_at is null`

// Task implements todo.Store.
func (s *Store) Task(ctx context.Context, owner todo.UserID, id int64) (todo.Task, error) {
	var t todo.Task
	var found bool
	err := s.read(ctx, owner, statement{getTask, []any{owner, id}, oneTask(&t, &found, owner)})
	return foundTask(t, found, err)
}

// foundTask returns t, or why there is none.
func foundTask(t todo.Task, found bool, err error) (todo.Task, error) {
	switch {
	case err != nil:
		return todo.Task{}, err
	case !found:
		return todo.Task{}, todo.NoTask()
	}
	return t, nil
}

// raise is the arm of every change that raises the owner's revision and follows what their token says of them, unless a
// newer token has said something else. Conditions can be added to it. Its arguments are those of raiseArgs.
const raise = `update todod.users set rev = rev + 1, changed_at = $2,
		email = case when $3 >= claims_at then coalesce($4, email) else email end,
		name = case when $3 >= claims_at then coalesce($5, name) else name end,
		claims_at = greatest(claims_at, $3)`

// raiseArgs returns the arguments $1 to $5 of every change, followed by the change's own.
func raiseArgs(owner todo.UserID, w todo.Write, own ...any) []any {
	asOf := w.By.AsOf
	if asOf.IsZero() {
		asOf = time.Unix(0, 0) // a token that doesn't say when it was issued counts as the oldest
	}
	return append([]any{owner, w.At, asOf, orNull(w.By.Email), orNull(w.By.Name)}, own...)
}

// orNull returns nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// createTask returns no row when the owner has $15 tasks already.
const createTask = `
	with u as (` + raise + `, task_count = task_count + 1
		where user_id = $1 and task_count < $15 returning rev)
	insert into todod.tasks (user_id, version, title, description, completed, priority, due_date, due_all_day,
		completed_at, created_at, updated_at)
	select $1, u.rev, $6, $7, $8, $9, $10, $11, $12, $13, $14 from u
	returning ` + taskColumns

// Create implements todo.Store.
func (s *Store) Create(
	ctx context.Context, owner todo.UserID, t todo.Task, quota int, w todo.Write,
) (todo.Task, error) {
	var found bool
	due, allDay := dueColumns(t.Due)
	args := raiseArgs(owner, w, t.Title, t.Description, t.Completed, t.Priority, due, allDay, t.CompletedAt, t.CreatedAt,
		t.UpdatedAt, quota)
	err := s.write(ctx, owner, w, statement{createTask, args, oneTask(&t, &found, owner)})
	if err == nil && !found {
		err = todo.QuotaReached(quota)
	}
	return foundTask(t, found, err)
}

// dueColumns returns what due_date and due_all_day hold for d.
func dueColumns(d *todo.Due) (at *time.Time, allDay bool) {
	if d == nil {
		return nil, false
	}
	return &d.At, d.AllDay
}

// updateTask is todo.Patch.Apply in SQL. Of its own arguments, $7, $10, $11 and $15 are null when their field is absent;
// $8 and $12 say whether description and due date are there.
const updateTask = `
	with cur as (
		select ` + taskColumns + ` from todod.tasks where user_id = $1 and id = $6 and deleted_at is null
	), new as (
		select coalesce($7, title) as title,
			case when $8 then $9 else description end as description,
			coalesce($10, completed) as completed,
			coalesce($11, priority) as priority,
			case when $12 then $13 when $15 then date_trunc('day', due_date, 'UTC') else due_date end as due_date,
			case when $12 then $13 is not null and ($14 or $15::boolean is null and due_all_day and due_date = $13)
				else due_date is not null and coalesce($15, due_all_day) end as due_all_day,
			case when not coalesce($10, completed) then null when completed then completed_at else $2 end as completed_at
		from cur
	), u as (` + raise + `
		where user_id = $1 and exists (select from cur, new
			where (cur.title, cur.description, cur.completed, cur.priority, cur.due_date, cur.due_all_day)
				is distinct from (new.title, new.description, new.completed, new.priority, new.due_date, new.due_all_day))
		returning rev
	), t as (
		update todod.tasks set version = u.rev, title = new.title, description = new.description,
			completed = new.completed, priority = new.priority, due_date = new.due_date, due_all_day = new.due_all_day,
			completed_at = new.completed_at, updated_at = greatest(tasks.updated_at, $2)
		from u, new where tasks.user_id = $1 and tasks.id = $6
		returning tasks.id, tasks.version, tasks.title, tasks.description, tasks.completed, tasks.priority,
			tasks.due_date, tasks.due_all_day, tasks.completed_at, tasks.created_at, tasks.updated_at
	)
	select ` + taskColumns + ` from t
	union all
	select ` + taskColumns + ` from cur where not exists (select from t)`

// Update implements todo.Store.
func (s *Store) Update(
	ctx context.Context, owner todo.UserID, id int64, p todo.Patch, w todo.Write,
) (todo.Task, error) {
	var t todo.Task
	var found bool
	due := value(p.Due)
	dueAt, dueDay := dueColumns(due)
	args := raiseArgs(owner, w, id, value(p.Title), p.Description.Set, value(p.Description), value(p.Completed),
		value(p.Priority), p.Due.Set, dueAt, dueDay, value(p.AllDay))
	err := s.write(ctx, owner, w, statement{updateTask, args, oneTask(&t, &found, owner)})
	return foundTask(t, found, err)
}

// value returns the value of o, nil when it is absent or null.
func value[T any](o todo.Opt[T]) *T {
	if !o.Set || o.Null {
		return nil
	}
	return &o.V
}

const toggleTask = `
	with cur as (select from todod.tasks where user_id = $1 and id = $6 and deleted_at is null),
	u as (` + raise + `
		where user_id = $1 and exists (select from cur) returning rev as new_rev)
	update todod.tasks set version = new_rev, completed = not completed,
		completed_at = case when completed then null else $2 end, updated_at = greatest(updated_at, $2)
	from u where user_id = $1 and id = $6 and deleted_at is null
	returning ` + taskColumns

// Toggle implements todo.Store.
func (s *Store) Toggle(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.Task, error) {
	return s.changeTask(ctx, owner, toggleTask, id, w)
}

const deleteTask = `
	with cur as (select from todod.tasks where user_id = $1 and id = $6 and deleted_at is null),
	u as (` + raise + `, task_count = task_count - 1
		where user_id = $1 and exists (select from cur) returning rev as new_rev)
	update todod.tasks set version = new_rev, deleted_at = $2
	from u where user_id = $1 and id = $6 and deleted_at is null
	returning ` + taskColumns

// Delete implements todo.Store.
func (s *Store) Delete(ctx context.Context, owner todo.UserID, id int64, w todo.Write) error {
	_, err := s.changeTask(ctx, owner, deleteTask, id, w)
	return err
}

// changeTask carries out a change of one task that takes no argument besides its id, and returns the task.
func (s *Store) changeTask(
	ctx context.Context, owner todo.UserID, change string, id int64, w todo.Write,
) (todo.Task, error) {
	var t todo.Task
	var found bool
	err := s.write(ctx, owner, w, statement{change, raiseArgs(owner, w, id), oneTask(&t, &found, owner)})
	return foundTask(t, found, err)
}
