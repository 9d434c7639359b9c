package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// dialect is what differs here from other engines.
var dialect = &sqlstore.Dialect{
	Placeholder: "?",
	Position:    "instr",
	Place:       `coalesce(position, 'm' || printf('%016x', 9223372036854775807 - id))`,
	Contains:    "exists (select 1 from json_each(%s) l where l.value = %s)",
}

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (page todo.Page, err error) {
	if err := s.Searchable(ctx, owner, f); err != nil {
		return todo.Page{}, err
	}
	state := sqlstore.OneState(owner, &page.State)
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error {
		page.Tasks = make([]todo.Task, 0, min(f.Limit+1, 64)) // not before it has a connection, for which many may wait
		if err := perform(ctx, tx, &state); err != nil {
			return err
		}
		known := f.Unless
		if page.Unchanged = known != nil && known.Epoch == page.State.Epoch && known.Rev == page.State.Rev; page.Unchanged {
			return nil
		}
		l := sqlstore.NewList(dialect, owner, f)
		if page.State.Began > 0 {
			l.And("version > " + l.Arg(page.State.Began)) // the others are of a former life
		}
		if f.Count {
			count := "select count(*) from tasks where " + l.Where()
			if err := tx.QueryRowContext(ctx, count, arguments(l.Args)...).Scan(&page.Total); err != nil {
				return err
			}
		}
		l.After(f)
		// One task more than the page has says whether there is a next one.
		list := fmt.Sprintf("select %s from tasks t where %s order by %s limit %s offset %s",
			sqlstore.TaskOf("t"), l.Where(), l.OrderBy(), l.Arg(f.Limit+1), l.Arg(f.Offset))
		return query(ctx, tx, func(r *rowReader) { sqlstore.AddTask(&page.Tasks, r, owner) }, list, arguments(l.Args)...)
	})
	page.CutTo(f.Limit)
	return page, err
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
