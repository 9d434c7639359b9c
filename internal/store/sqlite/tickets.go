package sqlite

import (
	"context"
	"database/sql"
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
	var asOf any
	if !t.AsOf.IsZero() {
		asOf = t.AsOf.UnixMicro()
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
	var redeemed []account.Ticket
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		redeemed, err = collect(ctx, tx, func(r *rowReader) account.Ticket {
			t := account.Ticket{Grant: account.Grant{Owner: owner}, Hash: hash}
			t.SessionID, t.AsOf, t.ExpiresAt, t.Until = r.text(), r.time(), r.time(), r.time()
			return t
		}, redeemTicket, owner, hash, now.UnixMicro())
		return err
	})
	switch {
	case err != nil:
		return account.Ticket{}, err
	case len(redeemed) == 0:
		return account.Ticket{}, account.NoTicket()
	}
	return redeemed[0], nil
}
