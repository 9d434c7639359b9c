package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"todod/internal/todo"
)

var _ todo.Importer = (*Store)(nil)

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
