package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// sessionColumns are the columns that oneSession reads, in its order.
const sessionColumns = `user_id, sid, refresh_hash, sealed, created_at, expires_at`

// oneSession reads row; no row is NoSession.
func oneSession(row scanner) (account.Session, error) {
	var v account.Session
	var createdAt, expiresAt int64
	err := row.Scan(&v.Owner, &v.ID, &v.RefreshHash, &v.Sealed, &createdAt, &expiresAt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return account.Session{}, account.NoSession()
	case err != nil:
		return account.Session{}, translate(err)
	}
	v.CreatedAt, v.ExpiresAt = fromMicros(createdAt), fromMicros(expiresAt)
	return v, nil
}

const insertSession = `insert into sessions (user_id, sid, refresh_hash, sealed, created_at, expires_at)
	values (?1, ?2, ?3, ?4, ?5, ?6)`

// addSession stores v.
func addSession(ctx context.Context, tx *sql.Tx, v account.Session) error {
	_, err := tx.ExecContext(ctx, insertSession, v.Owner, v.ID, v.RefreshHash, v.Sealed, v.CreatedAt.UnixMicro(),
		v.ExpiresAt.UnixMicro())
	return err
}

const forgetSessions = `delete from sessions where user_id = ?1 and expires_at <= ?2`

// StartSession implements account.Store.
func (s *Store) StartSession(ctx context.Context, v account.Session, checked string) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if checked != "" {
			a, err := oneAccount(tx.QueryRowContext(ctx, getAccount, v.Owner))
			if err != nil {
				return err
			}
			if a.PasswordHash != checked {
				return account.NoSession()
			}
		}
		if _, err := tx.ExecContext(ctx, forgetSessions, v.Owner, v.CreatedAt.UnixMicro()); err != nil {
			return err
		}
		return addSession(ctx, tx, v)
	})
}

const getSession = `select ` + sessionColumns + ` from sessions where user_id = ?1 and sid = ?2 and expires_at > ?3`

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, owner todo.UserID, id string, now time.Time) (account.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return oneSession(s.reader.QueryRowContext(ctx, getSession, owner, id, now.UnixMicro()))
}

// endReused ends the session if rotateSession did not give it the new token ?3.
const (
	rotateSession = `update sessions set refresh_hash = ?4, expires_at = ?6
		where user_id = ?1 and sid = ?2 and refresh_hash = ?3 and expires_at > ?5
		returning ` + sessionColumns
	endReused = `delete from sessions where user_id = ?1 and sid = ?2 and refresh_hash <> ?3`
)

// RotateSession implements account.Store.
func (s *Store) RotateSession(
	ctx context.Context, owner todo.UserID, id string, was, hash []byte, now, expires time.Time,
) (account.Session, error) {
	var v account.Session
	var refusal error // is no error of the transaction: that the session ends has to be committed
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, refusal = oneSession(tx.QueryRowContext(ctx, rotateSession, owner, id, was, hash, now.UnixMicro(), expires.UnixMicro()))
		if refusal != nil && todo.CodeOf(refusal) != todo.NotFound {
			return refusal
		}
		_, err := tx.ExecContext(ctx, endReused, owner, id, hash)
		return err
	})
	if err != nil {
		return account.Session{}, err
	}
	return v, refusal
}

const endSession = `delete from sessions where user_id = ?1 and sid = ?2 returning ` + sessionColumns

// EndSession implements account.Store.
func (s *Store) EndSession(ctx context.Context, owner todo.UserID, id string) (*account.Session, error) {
	var v account.Session
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		v, err = oneSession(tx.QueryRowContext(ctx, endSession, owner, id))
		return err
	})
	switch {
	case todo.CodeOf(err) == todo.NotFound:
		return nil, nil //nolint:nilnil // no session: what the interface says
	case err != nil:
		return nil, err
	}
	return &v, nil
}
