package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"todod/internal/todo"
)

var _ todo.Imports = (*Store)(nil)

// Imported implements todo.Imports.
func (s *Store) Imported(
	ctx context.Context, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	switch state, err := stateOf(ctx, s.reader, owner); {
	case err != nil:
		return nil, translate(err)
	case !state.ErasedAt.IsZero():
		return nil, todo.Erased()
	}
	known, err := findImported(ctx, s.reader, owner, source, oldIDs)
	return known, translate(err)
}

// importedTasks finds which of the old ids in the JSON array ?3 were imported.
const importedTasks = `select old_id, created_at from imports
	where user_id = ?1 and source = ?2 and old_id in (select value from json_each(?3))`

// findImported returns which of oldIDs were imported, with the CreatedAt that their tasks were given.
func findImported(
	ctx context.Context, db querier, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	ids, err := json.Marshal(oldIDs)
	if err != nil {
		return nil, err
	}
	known := make(map[string]time.Time)
	err = query(ctx, db, func(r *rowReader) {
		id := r.text()
		known[id] = r.time()
	}, importedTasks, string(owner), source, string(ids))
	return known, err
}
