package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/account"
	"todod/internal/todo"
)

// getSummary counts in one pass over the owner's tasks. $3 is a day before $2.
const getSummary = `
	with counts as (
		select count(*) filter (where deleted_at is null and not completed) as open,
			count(*) filter (where deleted_at is null and completed) as completed,
			count(*) filter (where deleted_at is null and not completed
				and (not due_all_day and due_date < $2 or due_all_day and due_date <= $3)) as overdue,
			count(*) filter (where deleted_at is not null) as trash
		from todod.tasks where user_id = $1
	)
	select u.user_id, u.epoch, u.rev, u.erased_at, coalesce(u.email, ''), coalesce(u.name, ''), u.claims_at, u.created_at,
		a.email, coalesce(a.name, ''), a.created_at, counts.*
	from counts left join todod.users u on u.user_id = $1 left join todod.accounts a on a.user_id = $1`

// Summary implements account.Store.
func (s *Store) Summary(ctx context.Context, owner todo.UserID, now time.Time) (h account.Summary, err error) {
	args := []any{owner, now, now.Add(-24 * time.Hour)}
	err = s.read(ctx, owner, statement{getSummary, args, func(rows pgx.Rows) error {
		h = account.Summary{Claims: todo.User{ID: owner}} // this may be the second attempt
		return eachRow(rows, func(r *rowReader) {
			h.State = r.state(owner)
			h.Claims.Email, h.Claims.Name, h.Claims.AsOf, h.Since = r.text(), r.text(), r.time(), r.time()
			email := r.nullText()
			p := account.Person{ID: owner, Name: r.text(), CreatedAt: r.time()}
			if email != nil {
				p.Email = *email
				h.Account = &p
			}
			h.Open, h.Completed, h.Overdue, h.Trash = int(r.int64()), int(r.int64()), int(r.int64()), int(r.int64())
		})
	}})
	return h, err
}

const listSessions = `select ` + sessionColumns + ` from todod.sessions where user_id = $1 and sid > $2 order by sid limit $3`

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, owner todo.UserID, after string, limit int) (all []account.Session, err error) {
	err = s.read(ctx, owner, statement{listSessions, []any{owner, after, limit}, func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v account.Session, err error) {
			return v, row.Scan(&v.Owner, &v.ID, &v.RefreshHash, &v.Sealed, &v.CreatedAt, &v.ExpiresAt)
		})
		return err
	}})
	return all, err
}

const listImports = `select source, old_id, task_id, created_at from todod.imports
	where user_id = $1 and (source, old_id) > ($2, $3) order by source, old_id limit $4`

// Imports implements todo.Imports.
func (s *Store) Imports(ctx context.Context, owner todo.UserID, after todo.Import, limit int) (all []todo.Import, err error) {
	args := []any{owner, after.Source, after.OldID, limit}
	err = s.read(ctx, owner, statement{listImports, args, func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i todo.Import, err error) {
			return i, row.Scan(&i.Source, &i.OldID, &i.TaskID, &i.CreatedAt)
		})
		return err
	}})
	return all, err
}
