package sqlite

import (
	"context"
	"database/sql"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// sessionColumns are the columns that rowReader.session reads, in its order.
const sessionColumns = `user_id, sid, refresh_hash, sealed, created_at, expires_at`

// session reads sessionColumns.
func (r *rowReader) session() account.Session {
	return account.Session{
		Owner: todo.UserID(r.text()), ID: r.text(), RefreshHash: r.bytes(), Sealed: r.bytes(),
		CreatedAt: r.time(), ExpiresAt: r.time(),
	}
}

// oneSession returns the session that a statement returns; no row is NoSession.
func oneSession(ctx context.Context, db querier, statement string, args ...any) (account.Session, error) {
	found, err := collect(ctx, db, (*rowReader).session, statement, args...)
	switch {
	case err != nil:
		return account.Session{}, translate(err)
	case len(found) == 0:
		return account.Session{}, account.NoSession()
	}
	return found[0], nil
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
			a, err := oneAccount(ctx, tx, getAccount, v.Owner)
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
	return oneSession(ctx, s.reader, getSession, owner, id, now.UnixMicro())
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
		v, refusal = oneSession(ctx, tx, rotateSession, owner, id, was, hash, now.UnixMicro(), expires.UnixMicro())
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
		v, err = oneSession(ctx, tx, endSession, owner, id)
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
