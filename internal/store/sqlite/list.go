package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// init gives SQL the domain's rule of what differs in case only; SQLite's own lower() knows ASCII alone.
// has_words(words, title, description) is 1 if each of the words, folded and separated by spaces, is in one of the
// texts. It is one call for all words so that each text is folded once.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("has_words", 3,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			words, _ := args[0].(string)
			title, _ := args[1].(string)
			description, _ := args[2].(string) // "" for NULL
			title, description = todo.Fold(title), todo.Fold(description)
			for word := range strings.SplitSeq(words, " ") {
				if !strings.Contains(title, word) && !strings.Contains(description, word) {
					return int64(0), nil
				}
			}
			return int64(1), nil
		})
}

// dialect is what differs here from other engines.
var dialect = &sqlstore.Dialect{
	Placeholder: "?",
	Words: func(l *sqlstore.List, words []string) {
		l.And("has_words(" + l.Arg(todo.Fold(strings.Join(words, " "))) + ", title, description)")
	},
}

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (page todo.Page, err error) {
	state := sqlstore.OneState(owner, &page.State)
	page.Tasks = make([]todo.Task, 0, min(f.Limit+1, 64))
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error {
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
