package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// engine carries out what is the same over each engine.
type engine struct{ *Store }

// Read implements sqlstore.Engine.
func (e engine) Read(ctx context.Context, owner todo.UserID, statements ...sqlstore.Statement) error {
	return e.read(ctx, owner, ours(statements...)...)
}

// ReadTogether implements sqlstore.Engine.
func (e engine) ReadTogether(ctx context.Context, owner todo.UserID, statements ...sqlstore.Statement) error {
	return e.readTogether(ctx, owner, ours(statements...)...)
}

// Write implements sqlstore.Engine.
func (e engine) Write(ctx context.Context, owner todo.UserID, statements ...sqlstore.Statement) error {
	return e.transact(ctx, owner, ours(statements...)...)
}

// Maintain implements sqlstore.Engine.
func (e engine) Maintain(ctx context.Context, statements ...sqlstore.Statement) error {
	return e.maintain(ctx, ours(statements...)...)
}

// Taken implements sqlstore.Engine.
func (engine) Taken(err error) bool { return uniqueViolated(err) }

// ours returns statements as this engine carries them out.
func ours(statements ...sqlstore.Statement) []statement {
	all := make([]statement, len(statements))
	for i, st := range statements {
		all[i] = statement{sql: st.Postgres, args: st.Args}
		if st.Rows != nil {
			all[i].rows = func(rows pgx.Rows) (err error) {
				st.Rows(func(yield func(sqlstore.Row) bool) {
					err = eachRow(rows, func(r *rowReader) { yield(r) })
				})
				return err
			}
		}
	}
	return all
}

// statesAtOnce is how many people's states travel together.
const statesAtOnce = 50

// States implements todo.Store.
func (s *Store) States(ctx context.Context, owners []todo.UserID) (map[todo.UserID]todo.State, error) {
	states := make(map[todo.UserID]todo.State, len(owners))
	for some := range slices.Chunk(owners, statesAtOnce) {
		found := make([]todo.State, len(some))
		reads := make([]*read, len(some))
		for i, owner := range some {
			reads[i] = &read{owner: owner, statements: ours(sqlstore.OneState(owner, &found[i]))}
		}
		if err := s.readAll(ctx, s.inTurn(reads)); err != nil {
			return nil, err
		}
		for i, owner := range some {
			states[owner] = found[i]
		}
	}
	return states, nil
}
