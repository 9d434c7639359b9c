package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/account"
	"todod/internal/todo"
)

const (
	forgetTickets = `delete from todod.tickets where user_id = $1 and expires_at <= $2`
	insertTicket  = `insert into todod.tickets (user_id, hash, sid, token_iat, token_exp, expires_at)
		values ($1, $2, $3, $4, $5, $6)`
	redeemTicket = `delete from todod.tickets where user_id = $1 and hash = $2 and expires_at > $3
		returning sid, token_iat, token_exp, expires_at`
)

// IssueTicket implements account.Store.
func (s *Store) IssueTicket(ctx context.Context, t account.Ticket, now time.Time) error {
	var asOf *time.Time
	if !t.AsOf.IsZero() {
		asOf = &t.AsOf
	}
	return s.transact(ctx, t.Owner, statement{sql: forgetTickets, args: []any{t.Owner, now}},
		statement{sql: insertTicket, args: []any{t.Owner, t.Hash, t.SessionID, asOf, t.ExpiresAt, t.Until}})
}

// RedeemTicket implements account.Store.
func (s *Store) RedeemTicket(ctx context.Context, owner todo.UserID, hash []byte, now time.Time) (account.Ticket, error) {
	t := account.Ticket{Grant: account.Grant{Owner: owner}, Hash: hash}
	found := false
	err := s.transact(ctx, owner, statement{redeemTicket, []any{owner, hash, now}, func(rows pgx.Rows) error {
		if found = rows.Next(); !found {
			return nil
		}
		var asOf *time.Time
		err := rows.Scan(&t.SessionID, &asOf, &t.ExpiresAt, &t.Until)
		if asOf != nil {
			t.AsOf = *asOf
		}
		return err
	}})
	switch {
	case err != nil:
		return account.Ticket{}, err
	case !found:
		return account.Ticket{}, account.NoTicket()
	}
	return t, nil
}
