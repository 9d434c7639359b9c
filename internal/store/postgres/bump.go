package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/todo"
)

// bumpRevisions raises the revision of everybody who has written something in this life. Who hasn't gets another epoch
// instead: their row must go on saying so.
const bumpRevisions = `update todod.users set rev = case when rev > life_rev then rev + $1 else rev end,
	epoch = case when rev > life_rev then epoch else (random() * 9007199254740991)::bigint end`

// bumpIDs does the same for the ids of tasks. A sequence keeps what it was set to, whatever becomes of the transaction.
const bumpIDs = `select setval('todod.task_ids', last_value + $1) from todod.task_ids`

// bumpLockTimeout is how long is waited for those who are writing.
const bumpLockTimeout = 10 * time.Second

// BumpRevisions raises everybody's revision and the ids of tasks by todo.RevisionBump in the database at url, whose
// login must own the tables, and returns how many people that concerns. It is one transaction, in which the owner is
// exempt from the policies that are forced upon it; nobody else sees the table in that state. Doing it again does no
// harm.
func BumpRevisions(ctx context.Context, url string) (people int, err error) {
	conn, err := connectOnce(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what it was for is done or has failed by then
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, s := range []statement{
			{sql: "select set_config('lock_timeout', $1, true)", args: []any{strconv.FormatInt(bumpLockTimeout.Milliseconds(), 10)}},
			{sql: "alter table todod.users no force row level security"},
			{sql: bumpRevisions, args: []any{todo.RevisionBump}},
			{sql: "alter table todod.users force row level security"},
			{sql: bumpIDs, args: []any{todo.RevisionBump}},
		} {
			done, err := tx.Exec(ctx, s.sql, s.args...)
			if err != nil {
				return err
			}
			if done.Update() {
				people = int(done.RowsAffected())
			}
		}
		return nil
	})
	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr) && pgErr.Code == insufficientPrivilege:
		return 0, fmt.Errorf("raise revisions: the login of DATABASE_DIRECT_URL must own the tables: %w", err)
	case errors.As(err, &pgErr) && pgErr.Code == lockNotAvailable:
		return 0, fmt.Errorf("raise revisions: somebody is writing all the time; stop todod: %w", err)
	case err != nil:
		return 0, fmt.Errorf("raise revisions: %w", err)
	}
	return people, nil
}
