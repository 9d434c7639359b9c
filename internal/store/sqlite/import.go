package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"todod/internal/todo"
)

var _ todo.Importer = (*Store)(nil)

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

// noteImport notes a task as imported; it changes no row if that was noted before.
const noteImport = `insert into imports (user_id, source, old_id, task_id, created_at) values (?1, ?2, ?3, 0, ?4)
	on conflict do nothing`

// nameImport says which task it became.
const nameImport = `update imports set task_id = ?4 where user_id = ?1 and source = ?2 and old_id = ?3`

// ImportTasks implements todo.Importer.
func (s *Store) ImportTasks(
	ctx context.Context, owner todo.UserID, source string, tasks []todo.ImportedTask, w todo.Write,
) (n int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := refuseErased(tx.QueryRowContext(ctx, wasErased, owner)); err != nil {
			return err
		}
		for _, t := range tasks {
			added, err := importTask(ctx, tx, owner, source, t, w)
			if err != nil {
				return err
			}
			if added {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// importTask stores t unless it was imported before, and reports whether it did.
func importTask(
	ctx context.Context, tx *sql.Tx, owner todo.UserID, source string, t todo.ImportedTask, w todo.Write,
) (bool, error) {
	noted, err := tx.ExecContext(ctx, noteImport, owner, source, t.OldID, t.CreatedAt.UnixMicro())
	if err != nil {
		return false, err
	}
	if n, err := noted.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	if t.Version, err = raise(ctx, tx, owner, w, 1, noQuota); err != nil {
		return false, err
	}
	if t.ID, err = insertTask(ctx, tx, owner, t.Task); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, nameImport, owner, source, t.OldID, t.ID)
	return err == nil, err
}

// importedTasks finds which of the old ids in the JSON array ?3 were imported.
const importedTasks = `select old_id, created_at from imports
	where user_id = ?1 and source = ?2 and old_id in (select value from json_each(?3))`

// Imported implements todo.Importer.
func (s *Store) Imported(
	ctx context.Context, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := refuseErased(s.reader.QueryRowContext(ctx, wasErased, owner)); err != nil {
		return nil, err
	}
	ids, err := json.Marshal(oldIDs)
	if err != nil {
		return nil, err
	}
	rows, err := s.reader.QueryContext(ctx, importedTasks, owner, source, string(ids))
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	known := make(map[string]time.Time)
	for rows.Next() {
		var id string
		var createdAt int64
		if err := rows.Scan(&id, &createdAt); err != nil {
			return nil, translate(err)
		}
		known[id] = fromMicros(createdAt)
	}
	return known, translate(rows.Err())
}
