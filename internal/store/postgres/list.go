package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/listsql"
	"todod/internal/todo"
)

// dialect is how lists are written here. Ascending puts nulls last by itself.
var dialect = &listsql.Dialect{
	Placeholder: "$",
	Time:        func(t time.Time) any { return t },
	NullsLast:   func(desc bool) bool { return !desc },
	Words: func(q *listsql.Query, words []string) {
		for _, word := range words {
			arg := q.Arg(anyCase(word))
			q.And("(title ~ " + arg + " or description ~ " + arg + ")")
		}
	},
}

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (todo.Page, error) {
	var page todo.Page
	sql, args := listTasks(owner, f)
	err := s.read(ctx, owner, statement{sql, args, func(rows pgx.Rows) (err error) {
		page, err = scanPage(rows, owner, f)
		return err
	}})
	if err != nil {
		return todo.Page{}, err
	}
	if page.More = len(page.Tasks) > f.Limit; page.More {
		page.Tasks = page.Tasks[:f.Limit]
	}
	return page, nil
}

// listTasks returns the SQL of a page of f, one task longer than the page has, which says whether there is a next one. The
// owner's state stands in front of every task; without tasks it stands alone. As long as it is the one that f.Unless
// names, the tasks are not looked at: PostgreSQL checks that once, before it begins to.
func listTasks(owner todo.UserID, f todo.Filter) (sql string, args []any) {
	q := listsql.New(dialect, owner, f)
	counted := "0::bigint"
	if f.Count {
		counted = "case when fresh then (select count(*) from todod.tasks where " + q.Where() + ") end"
	}
	q.After(f)
	fresh := "true"
	if known := f.Unless; known != nil {
		fresh = fmt.Sprintf("(epoch, rev) is distinct from (%s::bigint, %s::bigint)", q.Arg(known.Epoch), q.Arg(known.Rev))
	}
	sql = fmt.Sprintf(`
		with s as materialized (select epoch, rev, erased_at, %s as fresh from todod.users where user_id = $1),
		u as materialized (select epoch, rev, erased_at, fresh, %s as total from s)
		select u.epoch, u.rev, u.erased_at, u.fresh, u.total, t.* from u left join lateral (
			select %s from todod.tasks where %s and u.fresh order by %s limit %s offset %s
		) t on true`,
		fresh, counted, image, q.Where(), q.OrderBy(), q.Arg(f.Limit+1), q.Arg(f.Offset))
	return sql, q.Args
}

// scanPage reads the rows of listTasks. There are none for an owner who has never written anything.
func scanPage(rows pgx.Rows, owner todo.UserID, f todo.Filter) (page todo.Page, err error) {
	page.Unchanged = f.Unless != nil && *f.Unless == todo.State{}
	var at stateColumns
	var fresh bool
	var total *int64
	for rows.Next() {
		t, err := scanBeside(rows, owner, append(at.into(), &fresh, &total)...)
		if err != nil {
			return todo.Page{}, err
		}
		if t != nil {
			page.Tasks = append(page.Tasks, *t)
		}
		page.State, page.Unchanged = at.state(), !fresh
	}
	if total != nil {
		page.Total = int(*total)
	}
	return page, nil
}

// scanBeside reads a row of some columns that go to beside, and image after them, which are all null if there is no task.
func scanBeside(row pgx.Rows, owner todo.UserID, beside ...any) (*todo.Task, error) {
	var img taskImage
	columns := img.into()
	none := row.RawValues()[len(beside)] == nil
	if none {
		clear(columns) // nil takes nothing
	}
	if err := row.Scan(append(beside, columns...)...); err != nil || none {
		return nil, err
	}
	t := img.of(owner)
	return &t, nil
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
