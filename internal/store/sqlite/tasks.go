package sqlite

import (
	"context"
	"time"

	"todod/internal/todo"
)

// getTask leaves out what a revoked token may not see.
var getTask = `select ` + taskOf + ` from tasks t where t.user_id = ?1 and t.id = ?2 and t.deleted_at is null
	and not exists (select 1 from users where user_id = ?1 and erased_at >= ?3)`

// Task implements todo.Store.
func (s *Store) Task(ctx context.Context, owner todo.UserID, id int64, asOf time.Time) (todo.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := collect(ctx, s.reader, tasksOf(owner), getTask, string(owner), id, claimsAt(asOf))
	switch {
	case err != nil:
		return todo.Task{}, translate(err)
	case len(found) == 0:
		return todo.Task{}, todo.NoTask()
	}
	return found[0], nil
}

// claimsAt returns what a column holds for the time a token was issued at. One that doesn't say counts as the oldest.
func claimsAt(asOf time.Time) int64 {
	if asOf.IsZero() {
		return 0
	}
	return asOf.UnixMicro()
}

// getState reads where a person's data stand.
const getState = `select epoch, rev, erased_at from users where user_id = ?1`

// State implements todo.Store.
func (s *Store) State(ctx context.Context, owner todo.UserID) (todo.State, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	state, err := stateOf(ctx, s.reader, owner)
	return state, translate(err)
}

// States implements todo.Store.
func (s *Store) States(ctx context.Context, owners []todo.UserID) (map[todo.UserID]todo.State, error) {
	states := make(map[todo.UserID]todo.State, len(owners))
	for _, owner := range owners {
		state, err := s.State(ctx, owner)
		if err != nil {
			return nil, err
		}
		states[owner] = state
	}
	return states, nil
}

// stateOf reads where a person's data stand; of someone unknown it is the zero State.
func stateOf(ctx context.Context, db querier, owner todo.UserID) (state todo.State, err error) {
	err = query(ctx, db, func(r *rowReader) { state = r.state() }, getState, string(owner))
	return state, err
}

// state reads epoch, rev and erased_at.
func (r *rowReader) state() todo.State {
	return todo.State{Epoch: r.int64(), Rev: todo.Rev(r.int64()), ErasedAt: r.time()}
}
