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
	created_at, updated_at, deleted_at`

// A scanner is a row to scan: *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// scanTask reads taskColumns of row, after those that go to before, as a task of owner.
func scanTask(row scanner, owner todo.UserID, before ...any) (todo.Task, error) {
	t := todo.Task{Owner: owner}
	var due, completedAt, deletedAt *int64
	var createdAt, updatedAt int64
	var allDay bool
	err := row.Scan(append(before, &t.ID, &t.Version, &t.Title, &t.Description, &t.Completed, &t.Priority, &due, &allDay,
		&completedAt, &createdAt, &updatedAt, &deletedAt)...)
	if due != nil {
		t.Due = &todo.Due{At: fromMicros(*due), AllDay: allDay}
	}
	t.CompletedAt, t.DeletedAt = nullableTime(completedAt), nullableTime(deletedAt)
	t.CreatedAt, t.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
	return t, err
}

// fromMicros returns the time that a column holds.
func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// nullableTime returns the time that a nullable column holds.
func nullableTime(us *int64) *time.Time {
	if us == nil {
		return nil
	}
	t := fromMicros(*us)
	return &t
}

// micros returns what a nullable column holds for t.
func micros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

// The tasks that a method can be about.
const (
	liveTask    = `select ` + taskColumns + ` from tasks where user_id = ?1 and id = ?2 and deleted_at is null`
	trashedTask = `select ` + taskColumns + ` from tasks where user_id = ?1 and id = ?2 and deleted_at is not null`
)

// Task implements todo.Store.
func (s *Store) Task(ctx context.Context, owner todo.UserID, id int64, asOf time.Time) (todo.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return oneTask(s.reader.QueryRowContext(ctx, liveTask+`
		and not exists (select 1 from users where user_id = ?1 and erased_at >= ?3)`, owner, id, claimsAt(asOf)), owner)
}

// oneTask reads row as a task of owner; no row is NoTask.
func oneTask(row *sql.Row, owner todo.UserID) (todo.Task, error) {
	t, err := scanTask(row, owner)
	if errors.Is(err, sql.ErrNoRows) {
		return todo.Task{}, todo.NoTask()
	}
	return t, translate(err)
}

// claimsAt returns what a column holds for the time a token was issued at. One that doesn't say counts as the oldest.
func claimsAt(asOf time.Time) int64 {
	if asOf.IsZero() {
		return 0
	}
	return asOf.UnixMicro()
}

const getState = `select epoch, rev, erased_at from users where user_id = ?1`

// State implements todo.Store.
func (s *Store) State(ctx context.Context, owner todo.UserID) (todo.State, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return stateOf(s.reader.QueryRowContext(ctx, getState, owner))
}

// States implements todo.Store.
func (s *Store) States(ctx context.Context, owners []todo.UserID) (map[todo.UserID]todo.State, error) {
	states := make(map[todo.UserID]todo.State, len(owners))
	for _, owner := range owners {
		state, err := s.State(ctx, owner)
		if err != nil {
			return nil, err
		}
		states[owner] = state
	}
	return states, nil
}

// stateOf reads the row of getState; no row is the state of someone unknown.
func stateOf(row *sql.Row) (state todo.State, err error) {
	var erasedAt *int64
	err = row.Scan(&state.Epoch, &state.Rev, &erasedAt)
	if at := nullableTime(erasedAt); at != nil {
		state.ErasedAt = *at
	}
	if errors.Is(err, sql.ErrNoRows) {
		return todo.State{}, nil
	}
	return state, translate(err)
}

// raiseOwner makes the owner known, raises their revision by ?8 and follows what their token says of them, unless a newer
// token has said something else. ?6 is added to the number of their tasks, which must not become more than ?7; no row is
// returned if it would.
const raiseOwner = `
	insert into users (user_id, rev, task_count, changed_at, claims_at, email, name, created_at)
	select ?1, ?8, max(?6, 0), ?2, ?3, ?4, ?5, ?2 where ?6 <= ?7
	on conflict (user_id) do update set rev = rev + ?8, task_count = task_count + ?6, changed_at = ?2,
		email = case when ?3 >= claims_at then coalesce(?4, email) else email end,
		name = case when ?3 >= claims_at then coalesce(?5, name) else name end,
		claims_at = max(claims_at, ?3)
	where task_count + ?6 <= ?7
	returning rev`

// noQuota is the quota of changes that add no task.
const noQuota = math.MaxInt32

// raise raises the owner's revision and returns it. more is how many tasks the owner has more after the change.
func raise(ctx context.Context, tx *sql.Tx, owner todo.UserID, w todo.Write, more, quota int) (todo.Rev, error) {
	return raiseBy(ctx, tx, owner, w, 1, more, quota)
}

// raiseBy is raise for n changes.
func raiseBy(
	ctx context.Context, tx *sql.Tx, owner todo.UserID, w todo.Write, n, more, quota int,
) (rev todo.Rev, err error) {
	err = tx.QueryRowContext(ctx, raiseOwner, owner, w.At.UnixMicro(), claimsAt(w.By.AsOf), orNull(w.By.Email),
		orNull(w.By.Name), more, quota, n).Scan(&rev)
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
) (todo.WriteResult, error) {
	return s.once(ctx, owner, w, func(ctx context.Context, tx *sql.Tx) (_ todo.Task, _ bool, err error) {
		if t.Version, err = raise(ctx, tx, owner, w, 1, quota); err != nil {
			return t, false, err
		}
		if t.ID, err = insertTask(ctx, tx, owner, t); err != nil {
			return t, false, err
		}
		return t, true, record(ctx, tx, todo.Created, nil, t, w)
	})
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
) (todo.WriteResult, error) {
	return s.change(ctx, owner, id, w, oneChange{become: func(t todo.Task) todo.Task { return p.Apply(t, w.At) }})
}

// Toggle implements todo.Store.
func (s *Store) Toggle(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.change(ctx, owner, id, w, oneChange{become: func(t todo.Task) todo.Task { return t.Toggle(w.At) }})
}

// Delete implements todo.Store.
func (s *Store) Delete(ctx context.Context, owner todo.UserID, id int64, w todo.Write) (todo.WriteResult, error) {
	return s.change(ctx, owner, id, w, oneChange{op: todo.Deleted, more: -1, become: func(t todo.Task) todo.Task {
		t.DeletedAt = &w.At
		return t
	}})
}

// Restore implements todo.Store.
func (s *Store) Restore(
	ctx context.Context, owner todo.UserID, id int64, quota int, w todo.Write,
) (todo.WriteResult, error) {
	c := oneChange{op: todo.Restored, trashed: true, more: 1, quota: quota, become: func(t todo.Task) todo.Task {
		t.DeletedAt = nil
		return t
	}}
	return s.change(ctx, owner, id, w, c)
}
