package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"todod/internal/todo"
)

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (todo.Page, error) {
	q := newListQuery(owner, f)
	var page todo.Page
	statements := []statement{{sql: q.page(f), args: q.pageArgs(f), rows: func(rows pgx.Rows) error {
		page.Tasks = nil // this may be the second attempt
		for rows.Next() {
			t, err := scanTask(rows, owner)
			if err != nil {
				return err
			}
			page.Tasks = append(page.Tasks, t)
		}
		return nil
	}}}
	if f.Count {
		statements = append(statements, statement{sql: q.count(), args: q.args, rows: func(rows pgx.Rows) error {
			_, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
				return struct{}{}, row.Scan(&page.Total)
			})
			return err
		}})
	}
	if err := s.read(ctx, owner, statements...); err != nil {
		return todo.Page{}, err
	}
	if page.More = len(page.Tasks) > f.Limit; page.More {
		page.Tasks = page.Tasks[:f.Limit]
	}
	return page, nil
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
		q.and("due_date < %s", *f.DueBefore)
	}
	if f.DueAfter != nil {
		q.and("due_date >= %s", *f.DueAfter)
	}
	for _, word := range f.Words {
		q.and("(title ~ %[1]s or description ~ %[1]s)", anyCase(word))
	}
	return q
}

// and adds a condition in which %s stands for the argument.
func (q *listQuery) and(condition string, arg any) {
	q.args = append(q.args, arg)
	q.where = append(q.where, fmt.Sprintf(condition, fmt.Sprintf("$%d", len(q.args))))
}

// page returns the SQL of a page of f. Its last two arguments, after those of the conditions, are the number of tasks, one
// more than the page has, which says whether there is a next one, and the offset.
func (q *listQuery) page(f todo.Filter) string {
	return fmt.Sprintf("select %s from todod.tasks where %s order by %s limit $%d offset $%d",
		taskColumns, strings.Join(q.where, " and "), orderBy(f.Order), len(q.args)+1, len(q.args)+2)
}

// pageArgs returns the arguments of page.
func (q *listQuery) pageArgs(f todo.Filter) []any {
	return append(slices.Clip(q.args), f.Limit+1, f.Offset)
}

// count returns the SQL that counts all that match.
func (q *listQuery) count() string {
	return "select count(*) from todod.tasks where " + strings.Join(q.where, " and ")
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
		if o.By == todo.ByDue && o.Desc {
			b.WriteString(" nulls last") // what ascending does by itself
		}
		b.WriteString(", ")
	}
	return b.String() + "id" + direction
}

// anyCase returns a regular expression that finds word in any case, by the rule of todo.Fold. The cases are spelt out
// here because what the database takes for the same letter depends on its version, its libraries and its locale.
func anyCase(word string) string {
	var b strings.Builder
	for _, r := range word {
		switch {
		case unicode.SimpleFold(r) != r:
			b.WriteByte('[')
			b.WriteRune(r)
			for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
				b.WriteRune(next)
			}
			b.WriteByte(']')
		case r < 0x80 && !unicode.IsDigit(r):
			b.WriteByte('\\') // before anything but a letter or digit: that character itself
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
