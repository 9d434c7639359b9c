package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"

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

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (page todo.Page, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	tx, err := s.reader.BeginTx(ctx, nil) // one snapshot for the page and the count
	if err != nil {
		return todo.Page{}, translate(err)
	}
	defer func() {
		if endErr := tx.Rollback(); endErr != nil && !errors.Is(endErr, sql.ErrTxDone) {
			err = translate(errors.Join(err, endErr))
		}
	}()
	q := newListQuery(owner, f)
	page.Tasks, err = collect(ctx, tx, owner, q.page(f), q.pageArgs(f))
	if err != nil {
		return todo.Page{}, translate(err)
	}
	if page.More = len(page.Tasks) > f.Limit; page.More {
		page.Tasks = page.Tasks[:f.Limit]
	}
	if f.Count {
		err = tx.QueryRowContext(ctx, q.count(), q.args...).Scan(&page.Total)
	}
	return page, translate(err)
}

// collect returns all tasks that query selects.
func collect(ctx context.Context, tx *sql.Tx, owner todo.UserID, query string, args []any) (tasks []todo.Task, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		t, err := scanTask(rows, owner)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, rows.Err()
}

// A listQuery is the conditions of a list and their arguments.
type listQuery struct {
	where []string
	args  []any
}

// newListQuery returns the conditions of f. They hold only what f asks for, so that each has the best plan of its own.
func newListQuery(owner todo.UserID, f todo.Filter) *listQuery {
	q := &listQuery{}
	q.and("user_id = %s", owner)
	q.where = append(q.where, "deleted_at is null")
	if f.Completed != nil {
		q.and("completed = %s", *f.Completed)
	}
	if f.Priority != nil {
		q.and("priority = %s", *f.Priority)
	}
	if f.DueBefore != nil {
		q.and("due_date < %s", f.DueBefore.UnixMicro())
	}
	if f.DueAfter != nil {
		q.and("due_date >= %s", f.DueAfter.UnixMicro())
	}
	if len(f.Words) > 0 {
		q.and("has_words(%s, title, description)", todo.Fold(strings.Join(f.Words, " ")))
	}
	return q
}

// and adds a condition in which %s stands for the argument.
func (q *listQuery) and(condition string, arg any) {
	q.args = append(q.args, arg)
	q.where = append(q.where, fmt.Sprintf(condition, fmt.Sprintf("?%d", len(q.args))))
}

// page returns the SQL of a page of f. Its last two arguments, after those of the conditions, are the number of tasks, one
// more than the page has, which says whether there is a next one, and the offset.
func (q *listQuery) page(f todo.Filter) string {
	return fmt.Sprintf("select %s from tasks where %s order by %s limit ?%d offset ?%d",
		taskColumns, strings.Join(q.where, " and "), orderBy(f.Order), len(q.args)+1, len(q.args)+2)
}

// pageArgs returns the arguments of page.
func (q *listQuery) pageArgs(f todo.Filter) []any {
	return append(slices.Clip(q.args), f.Limit+1, f.Offset)
}

// count returns the SQL that counts all that match.
func (q *listQuery) count() string {
	return "select count(*) from tasks where " + strings.Join(q.where, " and ")
}

// orderBy returns the sort keys of order with id as the last one.
func orderBy(order []todo.Order) string {
	var b strings.Builder
	direction := ""
	for _, o := range order {
		direction = ""
		if o.Desc {
			direction = " desc"
		}
		b.WriteString(string(o.By) + direction)
		if o.By == todo.ByDue && !o.Desc {
			b.WriteString(" nulls last") // what descending does by itself
		}
		b.WriteString(", ")
	}
	return b.String() + "id" + direction
}
