package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// dialect is what differs here from other engines.
var dialect = &sqlstore.Dialect{
	EmailsApart: true,
	OneByOne:    true,
	Placeholder: "$",
	Position:    "strpos",
	Place:       `coalesce(position, 'm' || lpad(to_hex(9223372036854775807 - id), 16, '0'))`,
	Contains:    "%s @> to_jsonb(%s::bigint)",
}

// Tasks implements todo.Store.
func (s *Store) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (todo.Page, error) {
	if err := s.Searchable(ctx, owner, f); err != nil {
		return todo.Page{}, err
	}
	var page todo.Page
	sql, args := listTasks(owner, f)
	send := s.read
	if costsLittle(f) {
		send = s.readTogether
	}
	err := send(ctx, owner, statement{sql, args, func(rows pgx.Rows) (err error) {
		page, err = readPage(rows, owner, f)
		return err
	}})
	if err != nil {
		return todo.Page{}, err
	}
	page.CutTo(f.Limit)
	return page, nil
}

// costsLittle reports whether a page is read from the beginning of an index, and is short.
func costsLittle(f todo.Filter) bool {
	return len(f.Words) == 0 && !f.Count && f.Offset == 0 && f.Limit <= todo.DefaultLimit
}

// listTasks returns the SQL of a page of f, one task longer than the page has, which says whether there is a next one. The
// owner's state stands in front of every task; without tasks it stands alone. As long as it is the one that f.Unless
// names, the tasks are not looked at: PostgreSQL checks that once, before it begins to.
func listTasks(owner todo.UserID, f todo.Filter) (sql string, args []any) {
	l := sqlstore.NewList(dialect, owner, f)
	counted := "0::bigint"
	if f.Count {
		// In a first life, which most people are in, an index can tell without the tasks.
		count := "(select count(*) from todod.tasks where " + l.Where()
		counted = "case when not fresh then null when life_rev = 0 then " + count + ") else " + count +
			" and version > life_rev) end"
	}
	l.After(f)
	fresh := "true"
	if known := f.Unless; known != nil {
		fresh = fmt.Sprintf("(epoch, rev) is distinct from (%s::bigint, %s::bigint)", l.Arg(known.Epoch), l.Arg(known.Rev))
	}
	sql = fmt.Sprintf(`
		with s as materialized (select user_id, epoch, rev, erased_at, life_rev, %s as fresh from todod.users where user_id = $1),
		u as materialized (select user_id, epoch, rev, erased_at, life_rev, fresh, %s as total from s)
		select u.user_id, u.epoch, u.rev, u.erased_at, u.life_rev, u.fresh, u.total, t.* from u left join lateral (
			select %s from todod.tasks t where %s and t.version > u.life_rev and u.fresh order by %s limit %s offset %s
		) t on true`,
		fresh, counted, sqlstore.TaskOf("t"), l.Where(), l.OrderBy(), l.Arg(f.Limit+1), l.Arg(f.Offset))
	return sql, l.Args
}

// readPage reads the rows of listTasks. There are none for an owner who has never written anything.
func readPage(rows pgx.Rows, owner todo.UserID, f todo.Filter) (page todo.Page, err error) {
	page.Unchanged = f.Unless != nil && *f.Unless == todo.State{}
	page.Tasks = make([]todo.Task, 0, min(f.Limit+1, 64))
	err = eachRow(rows, func(r *rowReader) {
		sqlstore.ReadState(r, owner, &page.State)
		if page.Unchanged, page.Total = !r.Bool(), int(r.Int64()); !r.Null() {
			sqlstore.AddTask(&page.Tasks, r, owner)
		}
	})
	return page, err
}
