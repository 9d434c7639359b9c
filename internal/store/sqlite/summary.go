package sqlite

import (
	"context"
	"database/sql"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// getClaims reads what tokens said of an owner; countTasks counts in one pass over their tasks, ?3 being a day before ?2.
const (
	getClaims  = `select email, name, claims_at, created_at from users where user_id = ?1`
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
		if h.State, err = stateOf(ctx, tx, owner); err != nil {
			return err
		}
		h.Claims.ID = owner
		err = query(ctx, tx, func(r *rowReader) {
			h.Claims.Email, h.Claims.Name, h.Claims.AsOf, h.Since = r.text(), r.text(), r.time(), r.time()
		}, getClaims, string(owner))
		if err != nil {
			return err
		}
		a, err := oneAccount(ctx, tx, getAccount, string(owner))
		switch {
		case err == nil:
			h.Account = &a.Person
		case todo.CodeOf(err) != todo.NotFound:
			return err
		}
		return query(ctx, tx, func(r *rowReader) {
			h.Open, h.Completed, h.Overdue, h.Trash = int(r.int64()), int(r.int64()), int(r.int64()), int(r.int64())
		}, countTasks, string(owner), now.UnixMicro(), now.Add(-24*time.Hour).UnixMicro())
	})
	return h, err
}

const listSessions = `select ` + sessionColumns + ` from sessions where user_id = ?1 and sid > ?2 order by sid limit ?3`

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, owner todo.UserID, after string, limit int) ([]account.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	all, err := collect(ctx, s.reader, (*rowReader).session, listSessions, string(owner), after, limit)
	return all, translate(err)
}

const listImports = `select source, old_id, task_id, created_at from imports
	where user_id = ?1 and (source, old_id) > (?2, ?3) order by source, old_id limit ?4`

// Imports implements todo.Imports.
func (s *Store) Imports(ctx context.Context, owner todo.UserID, after todo.Import, limit int) ([]todo.Import, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	read := func(r *rowReader) todo.Import {
		return todo.Import{Source: r.text(), OldID: r.text(), TaskID: r.int64(), CreatedAt: r.time()}
	}
	all, err := collect(ctx, s.reader, read, listImports, string(owner), after.Source, after.OldID, limit)
	return all, translate(err)
}
