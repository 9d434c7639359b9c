package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"todod/internal/todo"
)

// TicketLifetime is how long a ticket waits to be used.
const TicketLifetime = time.Minute

// A Grant is what a verified token lets its bearer do, and until when.
type Grant struct {
	Owner     todo.UserID
	SessionID string    // "" when the token names none
	AsOf      time.Time // when the token was issued; zero when it doesn't say
	ExpiresAt time.Time // when the token expires
}

// Ticket stands for the token that bought it, once, where a token can't be sent. It is known by hash alone.
type Ticket struct {
	Grant
	Hash  []byte    // SHA-256 of the ticket as the client has it
	Until time.Time // from then on it can't be used
}

// Tickets sells tickets and takes them back. It is safe for concurrent use.
type Tickets struct {
	store Store
	now   func() time.Time
}

// NewTickets returns Tickets that are kept in store, where every process on its database finds them. now is the clock.
func NewTickets(store Store, now func() time.Time) *Tickets { return &Tickets{store: store, now: now} }

// A TicketCore is what nobody can guess of a ticket.
type TicketCore [32]byte

// Issue returns a new ticket for g, and until when it can be used. core must be new.
func (t *Tickets) Issue(ctx context.Context, g Grant, core TicketCore) (ticket string, until time.Time, err error) {
	owned := ownedSecret{g.Owner, core}
	now := moment(t.now)
	until = now.Add(TicketLifetime)
	g.AsOf, g.ExpiresAt = g.AsOf.Truncate(time.Microsecond), g.ExpiresAt.Truncate(time.Microsecond)
	if err := t.store.IssueTicket(ctx, Ticket{Grant: g, Hash: owned.hash(), Until: until}, now); err != nil {
		return "", time.Time{}, fmt.Errorf("issue a ticket: %w", err)
	}
	return owned.String(), until, nil
}

// Redeem uses a ticket up and returns what the token that bought it grants, Unauthenticated if it is no good: none, used,
// too old, or of a token that has expired since.
func (t *Tickets) Redeem(ctx context.Context, ticket string) (Grant, error) {
	owned, ok := parseOwnedSecret(ticket)
	if !ok {
		return Grant{}, badTicket(errors.New("no ticket"))
	}
	now := moment(t.now)
	found, err := t.store.RedeemTicket(ctx, owned.owner, owned.hash(), now)
	switch {
	case todo.CodeOf(err) == todo.NotFound:
		return Grant{}, badTicket(errors.New("no such ticket, or it was used, or is too old"))
	case err != nil:
		return Grant{}, fmt.Errorf("redeem a ticket: %w", err)
	case !now.Before(found.ExpiresAt):
		return Grant{}, badTicket(errors.New("the token that bought the ticket has expired"))
	}
	return found.Grant, nil
}

// ParseTicket returns whose ticket it says it is, and its core; ok is false if it is in another form than Issue gives it.
func ParseTicket(ticket string) (owner todo.UserID, core TicketCore, ok bool) {
	owned, ok := parseOwnedSecret(ticket)
	return owned.owner, owned.secret, ok
}

// moment returns the time as stores keep it.
func moment(now func() time.Time) time.Time { return now().UTC().Truncate(time.Microsecond) }

// badTicket is the one answer to tickets that aren't good; cause is for the log.
func badTicket(cause error) error {
	return &todo.Error{Code: todo.Unauthenticated, Message: "Invalid or expired ticket", Cause: cause}
}

// NoTicket is the answer of a Store that has no such ticket, or none that can still be used.
func NoTicket() error { return &todo.Error{Code: todo.NotFound, Message: "Ticket not found"} }
