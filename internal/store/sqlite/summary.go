package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// getClaims reads what tokens said of an owner; countTasks counts in one pass over their tasks, ?3 being a day before ?2.
const (
	getClaims  = `select coalesce(email, ''), coalesce(name, ''), claims_at, created_at from users where user_id = ?1`
	countTasks = `
		select count(*) filter (where deleted_at is null and not completed),
			count(*) filter (where deleted_at is null and completed),
			count(*) filter (where deleted_at is null and not completed
				and (not due_all_day and due_date < ?2 or due_all_day and due_date <= ?3)),
			count(*) filter (where deleted_at is not null)
		from tasks where user_id = ?1`
)

// Summary implements account.Store.
func (s *Store) Summary(ctx context.Context, owner todo.UserID, now time.Time) (h account.Summary, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if h.State, err = stateOf(tx.QueryRowContext(ctx, getState, owner)); err != nil {
			return err
		}
		var claimsAt, since int64
		h.Claims.ID = owner
		err = tx.QueryRowContext(ctx, getClaims, owner).Scan(&h.Claims.Email, &h.Claims.Name, &claimsAt, &since)
		switch {
		case err == nil:
			h.Claims.AsOf, h.Since = fromMicros(claimsAt), fromMicros(since)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		a, err := oneAccount(tx.QueryRowContext(ctx, getAccount, owner))
		switch {
		case err == nil:
			h.Account = &a.Person
		case todo.CodeOf(err) != todo.NotFound:
			return err
		}
		return tx.QueryRowContext(ctx, countTasks, owner, now.UnixMicro(), now.Add(-24*time.Hour).UnixMicro()).
			Scan(&h.Open, &h.Completed, &h.Overdue, &h.Trash)
	})
	return h, err
}

const listSessions = `select ` + sessionColumns + ` from sessions where user_id = ?1 and sid > ?2 order by sid limit ?3`

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, owner todo.UserID, after string, limit int) (all []account.Session, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		one := func(rows *sql.Rows) (account.Session, error) { return oneSession(rows) }
		all, err = collect(ctx, tx, one, listSessions, owner, after, limit)
		return err
	})
	return all, err
}

const listImports = `select source, old_id, task_id, created_at from imports
	where user_id = ?1 and (source, old_id) > (?2, ?3) order by source, old_id limit ?4`

// Imports implements todo.Imports.
func (s *Store) Imports(ctx context.Context, owner todo.UserID, after todo.Import, limit int) (all []todo.Import, err error) {
	err = s.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		one := func(rows *sql.Rows) (i todo.Import, err error) {
			var createdAt int64
			err = rows.Scan(&i.Source, &i.OldID, &i.TaskID, &createdAt)
			i.CreatedAt = fromMicros(createdAt)
			return i, err
		}
		all, err = collect(ctx, tx, one, listImports, owner, after.Source, after.OldID, limit)
		return err
	})
	return all, err
}
