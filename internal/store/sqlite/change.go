package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"

	"todod/internal/store/fieldjson"
	"todod/internal/todo"
)

// oneChange is a change of one task.
type oneChange struct {
	become  func(todo.Task) todo.Task
	op      todo.Op // 0: what OpOf says of before and after; then a change to the same changes nothing
	trashed bool    // it is about a task in the trash
	more    int     // how many tasks the owner has more after it
	quota   int     // the most they may have then, if that is more than before
}

const updateTask = `
	update tasks set version = ?3, title = ?4, description = ?5, completed = ?6, priority = ?7, due_date = ?8,
		due_all_day = ?9, completed_at = ?10, updated_at = ?11, deleted_at = ?12
	where user_id = ?1 and id = ?2`

// change carries out c on a task.
func (s *Store) change(
	ctx context.Context, owner todo.UserID, id int64, w todo.Write, c oneChange,
) (todo.WriteResult, error) {
	return s.once(ctx, owner, w, func(ctx context.Context, tx *sql.Tx) (t todo.Task, changed bool, err error) {
		before, err := required(ctx, tx, owner, id, c.trashed, w)
		if err != nil {
			return t, false, err
		}
		t = c.become(before)
		op := c.op
		if op == 0 {
			if op = todo.OpOf(before, t); t.Same(before) {
				return before, false, nil
			}
		}
		quota := noQuota
		if c.more > 0 {
			quota = c.quota
		}
		if t.Version, err = raise(ctx, tx, owner, w, c.more, quota); err != nil {
			return t, false, err
		}
		due, allDay := dueColumns(t.Due)
		_, err = tx.ExecContext(ctx, updateTask, owner, id, t.Version, t.Title, t.Description, t.Completed, t.Priority, due,
			allDay, micros(t.CompletedAt), t.UpdatedAt.UnixMicro(), micros(t.DeletedAt))
		if err != nil {
			return t, false, err
		}
		return t, true, record(ctx, tx, op, &before, t, w)
	})
}

// required returns a task, in the trash or not, that is at a version which w wants.
func required(
	ctx context.Context, tx *sql.Tx, owner todo.UserID, id int64, trashed bool, w todo.Write,
) (todo.Task, error) {
	query := liveTask
	if trashed {
		query = trashedTask
	}
	t, err := oneTask(tx.QueryRowContext(ctx, query, owner, id), owner)
	if err == nil && w.If != nil && !slices.Contains(w.If, t.Version) {
		err = todo.PreconditionFailed(t)
	}
	return t, err
}

// once carries out do in one transaction, unless it has been carried out with the same key before or the caller's token
// belongs to a former life. do returns the task that came of it and whether that is a change, which the log has then.
func (s *Store) once(
	ctx context.Context, owner todo.UserID, w todo.Write, do func(context.Context, *sql.Tx) (todo.Task, bool, error),
) (out todo.WriteResult, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		state, err := stateOf(tx.QueryRowContext(ctx, getState, owner))
		switch {
		case err != nil:
			return err
		case !state.ErasedAt.IsZero() && claimsAt(w.By.AsOf) <= state.ErasedAt.UnixMicro():
			return todo.TokenRevoked()
		}
		if w.Idempotency != nil {
			if out, err = answered(ctx, tx, owner, w.Idempotency); err != nil || out.Replayed {
				return err
			}
		}
		var changed bool
		if out.Task, changed, err = do(ctx, tx); err != nil || w.Idempotency == nil {
			return err
		}
		return remember(ctx, tx, owner, w, out.Task, changed)
	})
	if err != nil {
		return todo.WriteResult{}, err
	}
	return out, nil
}

// getAnswer finds the live row of a key and what the log says of its revision.
const getAnswer = `
	select k.fingerprint, k.result, coalesce(c.task_id, 0), coalesce(k.rev, 0), coalesce(c.title, ''),
		c.description, coalesce(c.completed, 0), coalesce(c.priority, 1), c.due_date, coalesce(c.due_all_day, 0),
		c.completed_at, coalesce(c.created_at, 0), coalesce(c.updated_at, 0), c.deleted_at
	from idempotency_keys k left join changes c on c.user_id = k.user_id and c.rev = k.rev
	where k.user_id = ?1 and k.key = ?2 and k.created_at > ?3`

// An answer is what is remembered of a key.
type answer struct {
	fingerprint []byte
	task        todo.Task
}

// scanAnswer reads the row of getAnswer; no row is nil.
func scanAnswer(row *sql.Row, owner todo.UserID) (*answer, error) {
	var a answer
	var result []byte
	var err error
	a.task, err = scanTask(row, owner, &a.fingerprint, &result)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil //nolint:nilnil // there is none, and that is no error
	case err != nil:
		return nil, translate(err)
	case result != nil:
		a.task, err = fieldjson.ParseTask(result, owner)
	}
	return &a, err
}

// answered returns what came of the first request with this key, and not Replayed if there was none.
func answered(
	ctx context.Context, tx *sql.Tx, owner todo.UserID, idempotency *todo.Idempotency,
) (todo.WriteResult, error) {
	a, err := scanAnswer(tx.QueryRowContext(ctx, getAnswer, owner, idempotency.Key, idempotency.Since.UnixMicro()), owner)
	switch {
	case err != nil || a == nil:
		return todo.WriteResult{}, err
	case !bytes.Equal(a.fingerprint, idempotency.Fingerprint):
		return todo.WriteResult{}, todo.IdempotencyKeyReused()
	}
	return todo.WriteResult{Task: a.task, Replayed: true}, nil
}

const rememberKey = `
	insert into idempotency_keys (user_id, key, fingerprint, status, rev, rev_to, result, created_at)
	values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
	on conflict (user_id, key) do update set fingerprint = excluded.fingerprint, status = excluded.status,
		rev = excluded.rev, rev_to = excluded.rev_to, result = excluded.result, created_at = excluded.created_at`

// remember keeps what came of a change with a key: a revision of the log, or the task itself where nothing changed. A
// row of the same key that is there is no longer alive.
func remember(
	ctx context.Context, tx *sql.Tx, owner todo.UserID, w todo.Write, t todo.Task, changed bool,
) (err error) {
	rev, result := &t.Version, []byte(nil)
	if !changed {
		rev = nil
		if result, err = fieldjson.Task(t); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, rememberKey, owner, w.Idempotency.Key, w.Idempotency.Fingerprint, w.Idempotency.Status, rev, rev, nullText(result),
		w.At.UnixMicro())
	return err
}

// nullText returns data as text, nil for none.
func nullText(data []byte) *string {
	if data == nil {
		return nil
	}
	text := string(data)
	return &text
}

const recordChange = `
	insert into changes (user_id, rev, prev_rev, set_rev, op, task_id, before, title, description, completed, priority,
		due_date, due_all_day, completed_at, created_at, updated_at, deleted_at, request_id, at)
	values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)`

// record adds to the log what made t of before, nil for a task that is new.
func record(ctx context.Context, tx *sql.Tx, op todo.Op, before *todo.Task, t todo.Task, w todo.Write) error {
	var prev todo.Rev
	var touched []byte
	if before != nil {
		prev = before.Version
		var err error
		if touched, err = fieldjson.Fields(todo.Touched(*before, t)); err != nil {
			return err
		}
	}
	return recordRow(ctx, tx, op, prev, t.Version, touched, &t.Title, t, w)
}

// recordRow adds an entry to the log; its title is null if only the fact is to be kept.
func recordRow(
	ctx context.Context, tx *sql.Tx, op todo.Op, prev, set todo.Rev, touched []byte, title *string, t todo.Task, w todo.Write,
) error {
	_, err := tx.ExecContext(ctx, recordChange, recordArgs(op, prev, set, touched, title, t, w)...)
	return err
}

// recordArgs returns the arguments of recordChange.
func recordArgs(op todo.Op, prev, set todo.Rev, touched []byte, title *string, t todo.Task, w todo.Write) []any {
	due, allDay := dueColumns(t.Due)
	return []any{
		t.Owner, t.Version, prev, set, op, t.ID, nullText(touched), title, t.Description, t.Completed, t.Priority, due, allDay,
		micros(t.CompletedAt), t.CreatedAt.UnixMicro(), t.UpdatedAt.UnixMicro(), micros(t.DeletedAt), orNull(w.RequestID),
		w.At.UnixMicro(),
	}
}
