package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"todod/internal/todo"
)

var _ todo.Imports = (*Store)(nil)

// wasErased has a row if everything of the owner was erased.
const wasErased = `select erased_at from users where user_id = ?1 and erased_at is not null`

// refuseErased returns Erased if everything of an owner was erased, whom the row of wasErased tells of.
func refuseErased(row scanner) error {
	var at int64
	switch err := row.Scan(&at); {
	case err == nil:
		return todo.Erased()
	case !errors.Is(err, sql.ErrNoRows):
		return translate(err)
	}
	return nil
}

// ImportTasks implements todo.Imports.
func (s *Store) ImportTasks(
	ctx context.Context, owner todo.UserID, source string, tasks []todo.ImportedTask, w todo.Write,
) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := refuseErased(tx.QueryRowContext(ctx, wasErased, owner)); err != nil {
			return err
		}
		ids := make([]string, len(tasks))
		for i, t := range tasks {
			ids[i] = t.OldID
		}
		known, err := findImported(ctx, tx, owner, source, ids)
		for _, t := range tasks {
			if _, isKnown := known[t.OldID]; err == nil && !isKnown {
				err = importTask(ctx, tx, owner, source, t, w)
				n++
			}
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

const noteImport = `insert into imports (user_id, source, old_id, task_id, created_at) values (?1, ?2, ?3, ?4, ?5)`

// importTask stores t and notes that it was imported.
func importTask(
	ctx context.Context, tx *sql.Tx, owner todo.UserID, source string, t todo.ImportedTask, w todo.Write,
) (err error) {
	if t.Version, err = raise(ctx, tx, owner, w, 1, noQuota); err != nil {
		return err
	}
	if t.ID, err = insertTask(ctx, tx, owner, t.Task); err != nil {
		return err
	}
	t.Owner = owner
	if err := record(ctx, tx, todo.Created, nil, t.Task, w); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, noteImport, owner, source, t.OldID, t.ID, t.CreatedAt.UnixMicro())
	return err
}

// Imported implements todo.Imports.
func (s *Store) Imported(
	ctx context.Context, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := refuseErased(s.reader.QueryRowContext(ctx, wasErased, owner)); err != nil {
		return nil, err
	}
	known, err := findImported(ctx, s.reader, owner, source, oldIDs)
	return known, translate(err)
}

// importedTasks finds which of the old ids in the JSON array ?3 were imported.
const importedTasks = `select old_id, created_at from imports
	where user_id = ?1 and source = ?2 and old_id in (select value from json_each(?3))`

// A querier is what rows can be read from: *sql.DB or *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// findImported returns which of oldIDs were imported, with the CreatedAt that their tasks were given.
func findImported(
	ctx context.Context, db querier, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	ids, err := json.Marshal(oldIDs)
	if err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, importedTasks, owner, source, string(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := make(map[string]time.Time)
	for rows.Next() {
		var id string
		var createdAt int64
		if err := rows.Scan(&id, &createdAt); err != nil {
			return nil, err
		}
		known[id] = fromMicros(createdAt)
	}
	return known, rows.Err()
}
