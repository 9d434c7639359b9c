package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"todod/internal/todo"
)

// taskColumns are the columns that scanTask reads, in its order.
const taskColumns = `id, version, title, description, completed, priority, due_date, due_all_day, completed_at,
	created_at, updated_at`

// A scanner is a row to scan: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// scanTask reads taskColumns of row as a task of owner.
func scanTask(row scanner, owner todo.UserID) (todo.Task, error) {
	t := todo.Task{Owner: owner}
	var due, completedAt *int64
	var createdAt, updatedAt int64
	var allDay bool
	err := row.Scan(&t.ID, &t.Version, &t.Title, &t.Description, &t.Completed, &t.Priority, &due, &allDay, &completedAt,
		&createdAt, &updatedAt)
	if due != nil {
		t.Due = &todo.Due{At: fromMicros(*due), AllDay: allDay}
	}
	if completedAt != nil {
		at := fromMicros(*completedAt)
		t.CompletedAt = &at
	}
	t.CreatedAt, t.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
	return t, err
}

// fromMicros returns the time that a column holds.
func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// micros returns what a nullable column holds for t.
func micros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

const getTask = `select ` + taskColumns + ` from tasks where user_id = ?1 and id = ?2 and deleted_at is null`

// Task implements todo.Store.
func (s *Store) Task(ctx context.Context, owner todo.UserID, id int64) (todo.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return oneTask(s.reader.QueryRowContext(ctx, getTask, owner, id), owner)
}

// oneTask reads row as a task of owner; no row is NoTask.
func oneTask(row *sql.Row, owner todo.UserID) (todo.Task, error) {
	t, err := scanTask(row, owner)
	if errors.Is(err, sql.ErrNoRows) {
		return todo.Task{}, todo.NoTask()
	}
	return t, translate(err)
}

// raiseOwner makes the owner known, raises their revision and follows what their token says of them, unless a newer token
// has said something else. ?6 is added to the number of their tasks, which must not become more than ?7; no row is
// returned if it would.
const raiseOwner = `
	insert into users (user_id, rev, task_count, changed_at, claims_at, email, name, created_at)
	select ?1, 1, max(?6, 0), ?2, ?3, ?4, ?5, ?2 where ?6 <= ?7
	on conflict (user_id) do update set rev = rev + 1, task_count = task_count + ?6, changed_at = ?2,
		email = case when ?3 >= claims_at then coalesce(?4, email) else email end,
		name = case when ?3 >= claims_at then coalesce(?5, name) else name end,
		claims_at = max(claims_at, ?3)
	where task_count + ?6 <= ?7
	returning rev`

// noQuota is the quota of changes that add no task.
const noQuota = math.MaxInt32

// raise raises the owner's revision and returns it. more is how many tasks the owner has more after the change.
func raise(ctx context.Context, tx *sql.Tx, owner todo.UserID, w todo.Write, more, quota int) (rev todo.Rev, err error) {
	var asOf int64 // a token that doesn't say when it was issued counts as the oldest
	if !w.By.AsOf.IsZero() {
		asOf = w.By.AsOf.UnixMicro()
	}
	err = tx.QueryRowContext(ctx, raiseOwner, owner, w.At.UnixMicro(), asOf, orNull(w.By.Email), orNull(w.By.Name), more,
		quota).Scan(&rev)
	if errors.Is(err, sql.ErrNoRows) {
		err = todo.QuotaReached(quota)
	}
	return rev, err
}

// orNull returns nil for "".
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const createTask = `
	insert into tasks (user_id, version, title, description, completed, priority, due_date, due_all_day, completed_at,
		created_at, updated_at)
	values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
	returning id`

// Create implements todo.Store.
func (s *Store) Create(
	ctx context.Context, owner todo.UserID, t todo.Task, quota int, w todo.Write,
) (todo.Task, error) {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if t.Version, err = raise(ctx, tx, owner, w, 1, quota); err != nil {
			return err
		}
		t.ID, err = insertTask(ctx, tx, owner, t)
		return err
	})
	if err != nil {
		return todo.Task{}, err
	}
	return t, nil
}

// insertTask stores t, whose version is set, as a new task of owner and returns its id.
func insertTask(ctx context.Context, tx *sql.Tx, owner todo.UserID, t todo.Task) (id int64, err error) {
	due, allDay := dueColumns(t.Due)
	err = tx.QueryRowContext(ctx, createTask, owner, t.Version, t.Title, t.Description, t.Completed, t.Priority, due,
		allDay, micros(t.CompletedAt), t.CreatedAt.UnixMicro(), t.UpdatedAt.UnixMicro()).Scan(&id)
	return id, err
}

// dueColumns returns what due_date and due_all_day hold for d.
func dueColumns(d *todo.Due) (at *int64, allDay bool) {
	if d == nil {
		return nil, false
	}
	return micros(&d.At), d.AllDay
}

// Update implements todo.Store.
func (s *Store) Update(
	ctx context.Context, owner todo.UserID, id int64, p todo.Patch, w todo.Write,
) (todo.Task, error) {
	return s.change(ctx, owner, id, w, func(t todo.Task) todo.Task { return p.Apply(t, w.At) })
}

// Toggle implements todo.Store.
func (s *Store) Toggle(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.Task, error) {
	return s.change(ctx, owner, id, w, func(t todo.Task) todo.Task { return t.Toggle(w.At) })
}

const updateTask = `
	update tasks set version = ?3, title = ?4, description = ?5, completed = ?6, priority = ?7, due_date = ?8,
		due_all_day = ?9, completed_at = ?10, updated_at = ?11
	where user_id = ?1 and id = ?2`

// change replaces a task by what become makes of it, unless that is the same.
func (s *Store) change(
	ctx context.Context, owner todo.UserID, id int64, w todo.Write, become func(todo.Task) todo.Task,
) (t todo.Task, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		before, err := oneTask(tx.QueryRowContext(ctx, getTask, owner, id), owner)
		if err != nil {
			return err
		}
		if t = become(before); t.Same(before) {
			return nil
		}
		if t.Version, err = raise(ctx, tx, owner, w, 0, noQuota); err != nil {
			return err
		}
		due, allDay := dueColumns(t.Due)
		_, err = tx.ExecContext(ctx, updateTask, owner, id, t.Version, t.Title, t.Description, t.Completed, t.Priority, due,
			allDay, micros(t.CompletedAt), t.UpdatedAt.UnixMicro())
		return err
	})
	if err != nil {
		return todo.Task{}, err
	}
	return t, nil
}

const deleteTask = `update tasks set version = ?3, deleted_at = ?4 where user_id = ?1 and id = ?2`

// Delete implements todo.Store.
func (s *Store) Delete(ctx context.Context, owner todo.UserID, id int64, w todo.Write) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := oneTask(tx.QueryRowContext(ctx, getTask, owner, id), owner)
		if err != nil {
			return err
		}
		rev, err := raise(ctx, tx, owner, w, -1, noQuota)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, deleteTask, owner, id, rev, w.At.UnixMicro())
		return err
	})
}
