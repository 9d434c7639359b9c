package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/account"
	"todod/internal/todo"
)

// sessionColumns are the columns that oneSession reads, in its order.
const sessionColumns = `user_id, sid, refresh_hash, sealed, created_at, expires_at`

// oneSession returns what scans at most one row of sessionColumns into v, and sets found if there was one.
func oneSession(v *account.Session, found *bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		if *found = rows.Next(); !*found {
			return nil
		}
		return rows.Scan(&v.Owner, &v.ID, &v.RefreshHash, &v.Sealed, &v.CreatedAt, &v.ExpiresAt)
	}
}

// foundSession returns v, or why there is none.
func foundSession(v account.Session, found bool, err error) (account.Session, error) {
	switch {
	case err != nil:
		return account.Session{}, err
	case !found:
		return account.Session{}, account.NoSession()
	}
	return v, nil
}

// sessionArgs returns the arguments of insertSession.
func sessionArgs(v account.Session) []any {
	return []any{v.Owner, v.ID, v.RefreshHash, v.Sealed, v.CreatedAt, v.ExpiresAt}
}

// startChecked stores a session if the account's password still has the hash $7, and locks the account until the
// transaction ends: a password that is being replaced at the same moment is waited for, and then found to be replaced.
const (
	insertSession = `insert into todod.sessions (user_id, sid, refresh_hash, sealed, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`
	startChecked = `with a as (select from todod.accounts where user_id = $1 and password_hash = $7 for share)
		insert into todod.sessions (user_id, sid, refresh_hash, sealed, created_at, expires_at)
		select $1, $2, $3, $4, $5, $6 from a
		returning ` + sessionColumns
	forgetSessions = `delete from todod.sessions where user_id = $1 and expires_at <= $2`
)

// StartSession implements account.Store.
func (s *Store) StartSession(ctx context.Context, v account.Session, checked string) error {
	found := true
	start := statement{sql: insertSession, args: sessionArgs(v)}
	if checked != "" {
		start = statement{startChecked, append(sessionArgs(v), checked), oneSession(&v, &found)}
	}
	err := s.transact(ctx, v.Owner, statement{sql: forgetSessions, args: []any{v.Owner, v.CreatedAt}}, start)
	_, err = foundSession(v, found, err)
	return err
}

const getSession = `select ` + sessionColumns + ` from todod.sessions where user_id = $1 and sid = $2 and expires_at > $3`

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, owner todo.UserID, id string, now time.Time) (account.Session, error) {
	var v account.Session
	var found bool
	err := s.read(ctx, owner, statement{getSession, []any{owner, id, now}, oneSession(&v, &found)})
	return foundSession(v, found, err)
}

// endReused ends the session if rotateSession did not give it the new token $3. It is a statement of its own so that it
// sees what rotateSession waited for: of two that rotate at once, the second comes here and ends the session.
const (
	rotateSession = `update todod.sessions set refresh_hash = $4, expires_at = $6
		where user_id = $1 and sid = $2 and refresh_hash = $3 and expires_at > $5
		returning ` + sessionColumns
	endReused = `delete from todod.sessions where user_id = $1 and sid = $2 and refresh_hash <> $3`
)

// RotateSession implements account.Store.
func (s *Store) RotateSession(
	ctx context.Context, owner todo.UserID, id string, was, hash []byte, now, expires time.Time,
) (account.Session, error) {
	var v account.Session
	var found bool
	err := s.transact(ctx, owner,
		statement{rotateSession, []any{owner, id, was, hash, now, expires}, oneSession(&v, &found)},
		statement{sql: endReused, args: []any{owner, id, hash}})
	return foundSession(v, found, err)
}

const endSession = `delete from todod.sessions where user_id = $1 and sid = $2 returning ` + sessionColumns

// EndSession implements account.Store.
func (s *Store) EndSession(ctx context.Context, owner todo.UserID, id string) (*account.Session, error) {
	var v account.Session
	var found bool
	err := s.transact(ctx, owner, statement{endSession, []any{owner, id}, oneSession(&v, &found)})
	if err != nil || !found {
		return nil, err
	}
	return &v, nil
}
