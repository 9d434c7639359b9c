package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

var _ todo.Imports = (*Store)(nil)

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

const importedTasks = `select user_id, old_id, created_at from todod.imports
	where user_id = $1 and source = $2 and old_id = any($3::text[])`

// Imported implements todo.Imports.
func (s *Store) Imported(
	ctx context.Context, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	known := make(map[string]time.Time)
	err := s.read(ctx, owner, refuseErased(owner),
		statement{importedTasks, []any{owner, source, oldIDs}, takeImported(known, owner)})
	if err != nil {
		return nil, err
	}
	return known, nil
}

// takeImported returns what reads rows of importedTasks into known.
func takeImported(known map[string]time.Time, owner todo.UserID) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		return eachRow(rows, func(r *rowReader) {
			r.owner(owner)
			id := r.text()
			known[id] = r.time()
		})
	}
}
