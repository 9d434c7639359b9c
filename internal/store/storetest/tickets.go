package storetest

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// newTicket returns a ticket of owner that isn't stored yet and can be used for a minute from noon on.
func newTicket(owner todo.UserID) account.Ticket {
	return account.Ticket{
		Grant: account.Grant{
			Owner: owner, SessionID: "a session", AsOf: noon.Add(-time.Minute), ExpiresAt: noon.Add(10 * time.Minute),
		},
		Hash: newHash(), Until: noon.Add(time.Minute),
	}
}

// mustIssue stores tickets at noon.
func mustIssue(t *testing.T, s Store, tickets ...account.Ticket) {
	t.Helper()
	for _, ticket := range tickets {
		if err := s.IssueTicket(t.Context(), ticket, noon); err != nil {
			t.Fatal(err)
		}
	}
}

// testTicketIsGoodOnce: with all that the token said, or the little.
func testTicketIsGoodOnce(t *testing.T, s Store) {
	full := newTicket(newUser())
	bare := newTicket(full.Owner)
	bare.SessionID, bare.AsOf = "", time.Time{}
	mustIssue(t, s, full, bare)
	for _, want := range []account.Ticket{full, bare} {
		got, err := s.RedeemTicket(t.Context(), want.Owner, want.Hash, noon.Add(time.Minute-time.Microsecond))
		if err != nil || got.Owner != want.Owner || got.SessionID != want.SessionID || !got.AsOf.Equal(want.AsOf) ||
			!got.ExpiresAt.Equal(want.ExpiresAt) || !got.Until.Equal(want.Until) || !bytes.Equal(got.Hash, want.Hash) {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
		_, err = s.RedeemTicket(t.Context(), want.Owner, want.Hash, noon)
		wantCode(t, err, todo.NotFound)
	}
}

// testTicketExpires: and is forgotten when the next one is issued.
func testTicketExpires(t *testing.T, s Store) {
	old := newTicket(newUser())
	mustIssue(t, s, old)
	_, err := s.RedeemTicket(t.Context(), old.Owner, old.Hash, old.Until)
	wantCode(t, err, todo.NotFound)
	if err := s.IssueTicket(t.Context(), newTicket(old.Owner), old.Until); err != nil {
		t.Fatal(err)
	}
	_, err = s.RedeemTicket(t.Context(), old.Owner, old.Hash, noon)
	wantCode(t, err, todo.NotFound) // forgotten meanwhile
}

// testTicketsAreApart: even those with one hash; and erasing takes the owner's.
func testTicketsAreApart(t *testing.T, s Store) {
	ada, bob := newTicket(newUser()), newTicket(newUser())
	bob.Hash = ada.Hash
	mustIssue(t, s, ada)
	_, err := s.RedeemTicket(t.Context(), bob.Owner, ada.Hash, noon)
	wantCode(t, err, todo.NotFound)
	mustIssue(t, s, bob)
	got, err := s.RedeemTicket(t.Context(), bob.Owner, bob.Hash, noon)
	if err != nil || got.Owner != bob.Owner {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := s.Erase(t.Context(), ada.Owner, noon); err != nil {
		t.Fatal(err)
	}
	_, err = s.RedeemTicket(t.Context(), ada.Owner, ada.Hash, noon)
	wantCode(t, err, todo.NotFound)
}

// testTicketAtOnce: on a new ticket each round.
func testTicketAtOnce(t *testing.T, s Store) {
	for range 10 {
		ticket := newTicket(newUser())
		mustIssue(t, s, ticket)
		var let atomic.Int32
		atOnce(t, 8, func(int) error {
			_, err := s.RedeemTicket(context.Background(), ticket.Owner, ticket.Hash, noon)
			if err == nil {
				let.Add(1)
			} else if todo.CodeOf(err) != todo.NotFound {
				return err
			}
			return nil
		})
		if let.Load() != 1 {
			t.Fatalf("%d of 8 used one ticket", let.Load())
		}
	}
}

// testStates: of very many, in one go.
func testStates(t *testing.T, s Store) {
	owners := make([]todo.UserID, 120)
	for i := range owners {
		owners[i] = newUser()
		for range i % 3 {
			mustCreate(t, s, owners[i], titled("x"))
		}
	}
	states, err := s.States(t.Context(), owners)
	if err != nil || len(states) != len(owners) {
		t.Fatalf("%d states, %v", len(states), err)
	}
	for i, owner := range owners {
		want, err := s.State(t.Context(), owner)
		if got := states[owner]; err != nil || got != want || got.Rev != todo.Rev(i%3) {
			t.Errorf("%d: got %+v, want %+v, %v", i, got, want, err)
		}
	}
	if states, err := s.States(t.Context(), nil); err != nil || len(states) != 0 {
		t.Errorf("of nobody: %v, %v", states, err)
	}
}
