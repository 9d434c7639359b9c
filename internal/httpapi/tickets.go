package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/todo"
)

// ticketTag marks, in an operation's metadata, a route that takes a ticket instead of a token.
const ticketTag = "ticket"

// ticketed makes a route take a ticket in its query instead of a token.
func ticketed(op *huma.Operation) {
	mark(op, ticketTag, true)
	op.Security = []map[string][]string{{ticketTag: {}}}
}

// ticketOutput answers with a ticket.
type ticketOutput struct{ Body eventTicket }

// eventTicket opens one event stream.
type eventTicket struct {
	Ticket    string    `json:"ticket" doc:"Opens one event stream, as ticket in its query"`
	ExpiresAt timestamp `json:"expires_at" doc:"From then on it can't be used any more"`
}

// ticketInput has the token that a ticket shall stand for.
type ticketInput struct{ token string }

// Resolve implements huma.Resolver.
func (in *ticketInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.token, _, _ = auth.Bearer(r.Header) // which was found good before
	return nil
}

// createEventTicket answers with a ticket that lets its bearer do for a moment what the caller's token does: open one stream. Its
// core is a tag for that token, so that every process knows whether it may still stand for it.
func (a *resources) createEventTicket(ctx context.Context, in *ticketInput) (*ticketOutput, error) {
	p := principal(ctx)
	if _, err := a.tasks.Head(ctx, caller(ctx)); err != nil { // the token may be of a former life
		return nil, err
	}
	tag, err := a.verifier.TagFor(in.token)
	if err != nil {
		return nil, a.refuse(ctx, true, err) // its secret was removed meanwhile
	}
	ticket, until, err := a.tickets.Issue(ctx, account.Grant{
		Owner: todo.UserID(p.Subject), SessionID: p.SessionID, AsOf: p.IssuedAt, ExpiresAt: p.ExpiresAt,
	}, account.TicketCore(tag))
	if err != nil {
		return nil, err
	}
	out := &ticketOutput{}
	out.Body.Ticket, out.Body.ExpiresAt = ticket, timestamp(until)
	return out, nil
}

// identify returns whom r speaks for: by its token, or by a ticket where op takes one and there is no token.
func (a *admission) identify(r *http.Request, op *huma.Operation) (auth.Principal, error) {
	cost := a.priceAtTheDoor(op, r)
	if op.Metadata[ticketTag] == nil || len(r.Header.Values("Authorization")) > 0 {
		return a.authenticate(r, cost)
	}
	ticket := r.URL.Query().Get("ticket")
	if ticket == "" {
		return a.authenticate(r, cost)
	}
	if err := checkStream(op, r); err != nil {
		if limited := a.limitAddress(r.Context(), 1); limited != nil {
			err = limited
		}
		return auth.Principal{}, err
	}
	return a.redeem(r.Context(), ticket, cost)
}

// checkStream returns an error unless r asks for a stream, and in a way that can be answered, so that nothing else uses a
// ticket up.
func checkStream(op *huma.Operation, r *http.Request) error {
	if r.Method != http.MethodGet {
		return &refusal{
			status: http.StatusMethodNotAllowed, detail: "A ticket opens a stream, by GET", reason: "a ticket without a stream",
			header: map[string]string{"Allow": http.MethodGet},
		}
	}
	if err := checkQuery(op, r.URL, recordOf(r.Context()).frontend); err != nil {
		return err
	}
	var since revision
	if text := r.URL.Query().Get("since"); text != "" {
		if err := since.UnmarshalText([]byte(text)); err != nil {
			return todo.InvalidFields(todo.FieldError{Field: "since", Message: err.Error()})
		}
	}
	return nil
}

// redeem uses a ticket up and returns whom it speaks for. One that isn't good costs its address what a bad token costs.
func (a *admission) redeem(ctx context.Context, ticket string, cost int) (auth.Principal, error) {
	if err := a.limitAddress(ctx, 0); err != nil {
		return auth.Principal{}, err
	}
	if _, core, ok := account.ParseTicket(ticket); ok && !a.verifier.KeyInUse(auth.KeyTag(core)) {
		return auth.Principal{}, a.refuse(ctx, true, &auth.Refusal{Reason: "the ticket fits no secret"})
	}
	g, err := a.tickets.Redeem(ctx, ticket)
	switch {
	case todo.CodeOf(err) == todo.Unauthenticated:
		return auth.Principal{}, a.refuse(ctx, true, &auth.Refusal{Reason: err.Error()})
	case err != nil:
		return auth.Principal{}, err
	}
	p := auth.Principal{Subject: string(g.Owner), SessionID: g.SessionID, IssuedAt: g.AsOf, ExpiresAt: g.ExpiresAt}
	return p, a.limitUser(ctx, p, cost)
}
