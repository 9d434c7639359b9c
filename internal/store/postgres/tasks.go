package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

// getTask leaves out what a revoked token may not see. That a task, found by its id, is not in the trash isn't written
// "deleted_at is null" because then the index of a list could serve it, too, which on a table that was never analysed looks
// no dearer than the primary key and walks over all tasks of a user.
var getTask = `select ` + taskOf("t") + ` from todod.tasks t
	where t.user_id = $1 and t.id = $2 and coalesce(t.deleted_at, 'infinity') = 'infinity'
		and not exists (select from todod.users u where u.user_id = $1 and u.erased_at >= $3)`

// Task implements todo.Store.
func (s *Store) Task(ctx context.Context, owner todo.UserID, id int64, asOf time.Time) (todo.Task, error) {
	var found *todo.Task
	err := s.readTogether(ctx, owner, statement{getTask, []any{owner, id, asOf}, func(rows pgx.Rows) error {
		found = nil // this may be the second attempt
		return eachRow(rows, func(r *rowReader) { found = r.task(owner) })
	}})
	switch {
	case err != nil:
		return todo.Task{}, err
	case found == nil:
		return todo.Task{}, todo.NoTask()
	}
	return *found, nil
}

// getState reads where a person's data stand.
const getState = `select user_id, epoch, rev, erased_at from todod.users where user_id = $1`

// oneState returns what reads the row of getState into state; no row is the state of someone unknown.
func oneState(state *todo.State, owner todo.UserID) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		*state = todo.State{}
		return eachRow(rows, func(r *rowReader) { *state = r.state(owner) })
	}
}

// state reads user_id, which must be owner or null, and epoch, rev and erased_at, all null for someone unknown.
func (r *rowReader) state(owner todo.UserID) todo.State {
	if r.peek() == nil {
		r.skip(4)
		return todo.State{}
	}
	r.owner(owner)
	return todo.State{Epoch: r.int64(), Rev: todo.Rev(r.int64()), ErasedAt: r.time()}
}

// State implements todo.Store.
func (s *Store) State(ctx context.Context, owner todo.UserID) (todo.State, error) {
	var state todo.State
	err := s.readTogether(ctx, owner, statement{getState, []any{owner}, oneState(&state, owner)})
	return state, err
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
			reads[i] = &read{owner: owner, statements: []statement{{getState, []any{owner}, oneState(&found[i], owner)}}}
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
