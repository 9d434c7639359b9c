package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"

	"todod/internal/store/listsql"
	"todod/internal/todo"
)

// init gives SQL the domain's rule of what differs in case only; SQLite's own lower() knows ASCII alone. has_words(words,
// title, description) is 1 if each of the words, folded and separated by spaces, is in one of the texts. It is one call
// for all words so that each text is folded once.
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

// dialect is how lists are written here. Descending puts nulls last by itself.
var dialect = &listsql.Dialect{
	Placeholder: "?",
	Time:        func(t time.Time) any { return t.UnixMicro() },
	NullsLast:   func(desc bool) bool { return desc },
	Words: func(q *listsql.Query, words []string) {
		q.And("has_words(" + q.Arg(todo.Fold(strings.Join(words, " "))) + ", title, description)")
	},
}

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (page todo.Page, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if page.State, err = stateOf(ctx, tx, owner); err != nil {
			return err
		}
		known := f.Unless
		if page.Unchanged = known != nil && known.Epoch == page.State.Epoch && known.Rev == page.State.Rev; page.Unchanged {
			return nil
		}
		q := listsql.New(dialect, owner, f)
		if f.Count {
			count := "select count(*) from tasks where " + q.Where()
			if err := tx.QueryRowContext(ctx, count, q.Args...).Scan(&page.Total); err != nil {
				return err
			}
		}
		q.After(f)
		// One task more than the page has says whether there is a next one.
		list := fmt.Sprintf("select %s from tasks t where %s order by %s limit %s offset %s",
			taskOf, q.Where(), q.OrderBy(), q.Arg(f.Limit+1), q.Arg(f.Offset))
		page.Tasks, err = collect(ctx, tx, tasksOf(owner), list, q.Args...)
		return err
	})
	if page.More = len(page.Tasks) > f.Limit; page.More {
		page.Tasks = page.Tasks[:f.Limit]
	}
	return page, err
}
