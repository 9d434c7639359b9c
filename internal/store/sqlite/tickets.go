package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

const (
	forgetTickets = `delete from tickets where user_id = ?1 and expires_at <= ?2`
	insertTicket  = `insert into tickets (user_id, hash, sid, token_iat, token_exp, expires_at)
		values (?1, ?2, ?3, ?4, ?5, ?6)`
	redeemTicket = `delete from tickets where user_id = ?1 and hash = ?2 and expires_at > ?3
		returning sid, token_iat, token_exp, expires_at`
)

// IssueTicket implements account.Store.
func (s *Store) IssueTicket(ctx context.Context, t account.Ticket, now time.Time) error {
	var asOf *int64
	if !t.AsOf.IsZero() {
		asOf = micros(&t.AsOf)
	}
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, forgetTickets, t.Owner, now.UnixMicro()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, insertTicket, t.Owner, t.Hash, t.SessionID, asOf, t.ExpiresAt.UnixMicro(), t.Until.UnixMicro())
		return err
	})
}

// RedeemTicket implements account.Store.
func (s *Store) RedeemTicket(ctx context.Context, owner todo.UserID, hash []byte, now time.Time) (account.Ticket, error) {
	t := account.Ticket{Grant: account.Grant{Owner: owner}, Hash: hash}
	var asOf *int64
	var expires, until int64
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, redeemTicket, owner, hash, now.UnixMicro()).Scan(&t.SessionID, &asOf, &expires, &until)
		if errors.Is(err, sql.ErrNoRows) {
			return account.NoTicket()
		}
		return err
	})
	if err != nil {
		return account.Ticket{}, err
	}
	if at := nullableTime(asOf); at != nil {
		t.AsOf = *at
	}
	t.ExpiresAt, t.Until = fromMicros(expires), fromMicros(until)
	return t, nil
}
