package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

var _ todo.Imports = (*Store)(nil)

// importTasks stores the tasks in the arrays $4 to $13 that are not noted as imported. The revision rises by as many as
// these are, so the first of them has the version after the old revision. It returns the new tasks' ids. It does nothing for
// an owner whose data was erased: what refuseErased finds out is known too late to stop the statements behind it.
const importTasks = `
	with given as (
		select * from unnest($4::text[], $5::text[], $6::text[], $7::boolean[], $8::smallint[], $9::timestamptz[],
			$10::boolean[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[]) with ordinality as g (old_id, title,
			description, completed, priority, due_date, due_all_day, completed_at, created_at, updated_at, place)
	), new as (
		select given.*, row_number() over (order by place) as nth from given where not exists (
			select from todod.imports i where i.user_id = $1 and i.source = $3 and i.old_id = given.old_id)
	), total as (
		select count(*)::integer as n from new
	), u as (
		update todod.users set rev = rev + n, task_count = task_count + n, changed_at = $2
		from total where user_id = $1 and n > 0 and erased_at is null returning rev - n as old_rev
	), t as (
		insert into todod.tasks (user_id, version, title, description, completed, priority, due_date, due_all_day,
			completed_at, created_at, updated_at)
		select $1, old_rev + nth, title, description, completed, priority, due_date, due_all_day, completed_at, created_at,
			updated_at from new, u order by nth
		returning ` + image + `
	), c as (
		insert into todod.changes (user_id, rev, prev_rev, set_rev, op, task_id, title, description, completed, priority,
			due_date, due_all_day, completed_at, created_at, updated_at, deleted_at, at)
		select $1, t.version, 0, t.version, 1, t.id, ` + loggedTask + `, $2 from t
	)
	insert into todod.imports (user_id, source, old_id, task_id, created_at)
	select $1, $3, old_id, t.id, t.created_at from new, u, t where t.version = old_rev + nth
	returning task_id`

// wasErased has a row if everything of the owner was erased.
const wasErased = `select from todod.users where user_id = $1 and erased_at is not null`

// refuseErased returns the statement that finds out if everything of owner was erased, and fails if it was.
func refuseErased(owner todo.UserID) statement {
	return statement{wasErased, []any{owner}, func(rows pgx.Rows) error {
		if rows.Next() {
			return todo.Erased()
		}
		return rows.Err()
	}}
}

// ImportTasks implements todo.Imports.
func (s *Store) ImportTasks(
	ctx context.Context, owner todo.UserID, source string, tasks []todo.ImportedTask, w todo.Write,
) (n int, err error) {
	args := append([]any{owner, w.At, source}, columnsOf(tasks)...)
	err = s.write(ctx, owner, w, refuseErased(owner), statement{importTasks, args, func(rows pgx.Rows) error {
		for rows.Next() {
			n++
		}
		return nil
	}})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// columnsOf returns tasks as one array for each column, in the order of importTasks.
func columnsOf(tasks []todo.ImportedTask) []any {
	n := len(tasks)
	oldIDs, titles, descriptions := make([]string, n), make([]string, n), make([]*string, n)
	completed, priorities := make([]bool, n), make([]int16, n)
	dues, allDays := make([]*time.Time, n), make([]bool, n)
	completedAt, createdAt, updatedAt := make([]*time.Time, n), make([]time.Time, n), make([]time.Time, n)
	for i, t := range tasks {
		oldIDs[i], titles[i], descriptions[i] = t.OldID, t.Title, t.Description
		completed[i], priorities[i] = t.Completed, int16(t.Priority)
		dues[i], allDays[i] = dueColumns(t.Due)
		completedAt[i], createdAt[i], updatedAt[i] = t.CompletedAt, t.CreatedAt, t.UpdatedAt
	}
	return []any{
		oldIDs, titles, descriptions, completed, priorities, dues, allDays, completedAt, createdAt, updatedAt,
	}
}

const importedTasks = `select old_id, created_at from todod.imports
	where user_id = $1 and source = $2 and old_id = any($3::text[])`

// Imported implements todo.Imports.
func (s *Store) Imported(
	ctx context.Context, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	known := make(map[string]time.Time)
	err := s.read(ctx, owner, refuseErased(owner), statement{importedTasks, []any{owner, source, oldIDs}, func(rows pgx.Rows) error {
		var id string
		var createdAt time.Time
		_, err := pgx.ForEachRow(rows, []any{&id, &createdAt}, func() error {
			known[id] = createdAt
			return nil
		})
		return err
	}})
	if err != nil {
		return nil, err
	}
	return known, nil
}
