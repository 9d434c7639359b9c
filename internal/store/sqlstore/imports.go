package sqlstore

import (
	"context"
	"iter"
	"time"

	"todod/internal/todo"
)

// wasErased has a row if everything of the owner was erased.
var wasErased = both(`select 1 from todod.users u where u.user_id = $1 and u.erased_at is not null`)

// Imported implements todo.Imports.
func (b *Base) Imported(
	ctx context.Context, owner todo.UserID, source string, oldIDs []string,
) (map[string]time.Time, error) {
	var known map[string]time.Time
	refuse := func(r Row, _ *struct{}) { r.Fail(todo.Erased()) }
	var erased []struct{}
	err := b.engine.Read(ctx, owner, all(&erased, refuse, wasErased, owner), findImported(owner, source, oldIDs, &known))
	if err != nil {
		return nil, err
	}
	return known, nil
}

var importedTasks = both(`select user_id, old_id, created_at from todod.imports
	where user_id = $1 and source = $2 and old_id = any ($3::text[])`)

// findImported returns the statement that finds out which of oldIDs were imported, with the CreatedAt that their
// tasks were given.
func findImported(owner todo.UserID, source string, oldIDs []string, known *map[string]time.Time) Statement {
	return Statement{importedTasks, []any{owner, source, oldIDs}, func(rows iter.Seq[Row]) {
		*known = map[string]time.Time{}
		for r := range rows {
			r.Owner(owner)
			id := r.Text()
			(*known)[id] = r.Time()
		}
	}}
}

// listImports leaves out what is of a former life: nothing is imported for somebody who was erased once.
var listImports = both(`select ` + Imports.Names("") + ` from todod.imports
	where user_id = $1 and (source, old_id) > ($2, $3)
		and not ` + wasErasedOnce + ` order by source, old_id limit $4`)

// Imports implements todo.Imports.
func (b *Base) Imports(
	ctx context.Context, owner todo.UserID, after todo.Import, limit int,
) (imports []todo.Import, err error) {
	err = b.engine.Read(ctx, owner, all(&imports, Imports.read, listImports, owner, after.Source, after.OldID, limit))
	return imports, err
}
