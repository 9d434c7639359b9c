package legacy

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// pageSize is how many rows one step reads, and so at most how many tasks one transaction writes.
const pageSize = 1000

// taskColumns and userColumns are the columns that are read where they are there.
var (
	taskColumns = []string{
		"id", "user_id", "title", "description", "completed", "priority", "due_date", "completed_at", "created_at", "updated_at",
	}
	userColumns = []string{"id", "email", "name", "created_at", "is_active"}
)

// A field is a value as the old database writes it; not Valid where it is null, or has no column.
type field = sql.NullString

// oldTask is a row of the old tasks.
type oldTask struct {
	id, owner, title, description, completed, priority, due, completedAt, createdAt, updatedAt field

	ownerKnown bool // the owner is among the old users
}

// oldUser is a row of the old users.
type oldUser struct {
	id, email, name, createdAt, active, hash field
}

// errStandstill is the end of pages that don't get ahead: ids of a kind that the database can't put in order with text.
var errStandstill = errors.New("its ids can't be read in order: they must be numbers, text or UUIDs")

// eachPageOfTasks calls f with all tasks, a page at a time: first those of nobody, then those of an owner one after the
// other, each in the order of their ids. orphans says that owners have to be looked for among the users.
func (old *Database) eachPageOfTasks(ctx context.Context, orphans bool, f func([]oldTask) error) error {
	read := func(condition string, args []any) ([]oldTask, error) {
		return old.pageOfTasks(ctx, orphans, condition, args)
	}
	owner, id := old.tasks.columns["user_id"], old.tasks.columns["id"]
	err := sweep(read, "t.user_id is null", "t.user_id is null and t.id > "+old.sql.param(1, id),
		func(t oldTask) []any { return []any{t.id.String} }, f)
	if err != nil {
		return err
	}
	return sweep(read, "t.user_id is not null",
		"(t.user_id, t.id) > ("+old.sql.param(1, owner)+", "+old.sql.param(2, id)+")",
		func(t oldTask) []any { return []any{t.owner.String, t.id.String} }, f)
}

// sweep calls f with all rows that meet the condition first, a page at a time. Each page is a step of its own, which begins
// where the last one ended: it reads what meets the condition next, whose parameters are the key of the last row. So no
// snapshot is held while f works, and what the old backend writes meanwhile may be seen or not.
func sweep[T any](
	read func(condition string, args []any) ([]T, error), first, next string, key func(T) []any, f func([]T) error,
) error {
	var last []any
	for condition := first; ; condition = next {
		page, err := read(condition, last)
		if err != nil || len(page) == 0 {
			return err
		}
		reached := key(page[len(page)-1])
		if slices.Equal(reached, last) {
			return errStandstill
		}
		last = reached
		if err := f(page); err != nil || len(page) < pageSize {
			return err
		}
	}
}

// pageOfTasks returns the first tasks that meet condition, whose parameters are args.
func (old *Database) pageOfTasks(ctx context.Context, orphans bool, condition string, args []any) (page []oldTask, err error) {
	known := "true"
	if orphans {
		known = "exists (select 1 from " + old.users.name + " u where " + old.sameUser() + ")"
	}
	query := old.selectAll(old.tasks, taskColumns, known) + " where " + condition + " order by t.user_id, t.id" + limit
	err = old.query(ctx, query, args, func(rows *sql.Rows) error {
		var t oldTask
		err := rows.Scan(&t.id, &t.owner, &t.title, &t.description, &t.completed, &t.priority, &t.due, &t.completedAt,
			&t.createdAt, &t.updatedAt, &t.ownerKnown)
		page = append(page, t)
		return err
	})
	return page, err
}

// sameUser returns the condition that task t belongs to user u. PostgreSQL compares columns of one type only.
func (old *Database) sameUser() string {
	if old.sql.typed && old.users.columns["id"] != old.tasks.columns["user_id"] {
		return old.users.text("u", "id") + " = " + old.tasks.text("t", "user_id")
	}
	return "u.id = t.user_id"
}

// eachPageOfUsers calls f with all users, a page at a time, in the order of their ids.
func (old *Database) eachPageOfUsers(ctx context.Context, f func([]oldUser) error) error {
	read := func(condition string, args []any) ([]oldUser, error) { return old.pageOfUsers(ctx, condition, args) }
	return sweep(read, "true", "t.id > "+old.sql.param(1, old.users.columns["id"]),
		func(u oldUser) []any { return []any{u.id.String} }, f)
}

// pageOfUsers returns the first users that meet condition, whose parameters are args.
func (old *Database) pageOfUsers(ctx context.Context, condition string, args []any) (page []oldUser, err error) {
	query := old.selectAll(old.users, userColumns, old.users.text("t", old.users.hashColumn())) +
		" where " + condition + " order by t.id" + limit
	err = old.query(ctx, query, args, func(rows *sql.Rows) error {
		var u oldUser
		err := rows.Scan(&u.id, &u.email, &u.name, &u.createdAt, &u.active, &u.hash)
		page = append(page, u)
		return err
	})
	return page, err
}

// limit ends the query of a page.
var limit = " limit " + strconv.Itoa(pageSize)

// selectAll returns a select of these columns as text, and of one more expression, from from, which is called t.
func (old *Database) selectAll(from table, columns []string, more string) string {
	expressions := make([]string, 0, len(columns)+1)
	for _, column := range columns {
		expressions = append(expressions, from.text("t", column))
	}
	return "select " + strings.Join(append(expressions, more), ", ") + " from " + from.name + " t"
}

// query calls scan for each row of a query, which is a step of its own.
func (old *Database) query(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	return old.step(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
