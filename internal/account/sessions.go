package account

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"todod/internal/todo"
)

// How long what a sign-in gives is good.
const (
	AccessLifetime  = 15 * time.Minute
	RefreshLifetime = 7 * 24 * time.Hour
)

// A Mint signs an access token for p in the session with this id. It is issued at the time at and good for AccessLifetime.
type Mint func(p Person, sessionID string, at time.Time) (string, error)

// Sessions starts, refreshes and ends sessions; what a session lasts for is the same whoever carries out the sign-in. Its
// errors are those of a Provider. It is safe for concurrent use.
type Sessions struct {
	store  Store
	mint   Mint
	now    func() time.Time
	rotate bool
}

// NewSessions returns Sessions that are kept in store. now is the clock. With rotate, every refresh token can be used once:
// a refresh returns the next one, good for RefreshLifetime from then on, and a second use ends the session. Without it a
// session lasts RefreshLifetime and keeps its token.
func NewSessions(store Store, mint Mint, now func() time.Time, rotate bool) *Sessions {
	return &Sessions{store: store, mint: mint, now: now, rotate: rotate}
}

// moment returns the time as stores keep it.
func (s *Sessions) moment() time.Time { return moment(s.now) }

// New returns a session of p that isn't stored yet, and its tokens.
func (s *Sessions) New(p Person) (Session, Tokens, error) {
	token, at := newRefreshToken(p.ID), s.moment()
	access, err := s.mint(p, token.sessionID(), at)
	if err != nil {
		return Session{}, Tokens{}, fmt.Errorf("start a session: %w", err)
	}
	session := Session{
		Owner: p.ID, ID: token.sessionID(), RefreshHash: token.hash(), CreatedAt: at, ExpiresAt: at.Add(RefreshLifetime),
	}
	return session, Tokens{Access: access, Refresh: token.String()}, nil
}

// Start begins a session of p, who has just proved who they are elsewhere. It keeps what seal returns for the session's id.
func (s *Sessions) Start(ctx context.Context, p Person, seal func(sessionID string) []byte) (Tokens, error) {
	session, tokens, err := s.New(p)
	if err != nil {
		return Tokens{}, err
	}
	session.Sealed = seal(session.ID)
	if err := s.store.StartSession(ctx, session, ""); err != nil {
		return Tokens{}, fmt.Errorf("start a session: %w", err)
	}
	return tokens, nil
}

// Look returns the live session of a refresh token, Unauthenticated if it has none. Where tokens are rotated, one that was
// used before ends its session.
func (s *Sessions) Look(ctx context.Context, refresh string) (Session, error) {
	token, ok := parseRefreshToken(refresh)
	if !ok {
		return Session{}, badRefreshToken(errors.New("no refresh token"))
	}
	session, err := s.store.Session(ctx, token.owner, token.sessionID(), s.moment())
	switch {
	case todo.CodeOf(err) == todo.NotFound:
		return Session{}, badRefreshToken(errors.New("no such session, or it has ended"))
	case err != nil:
		return Session{}, fmt.Errorf("look for a session: %w", err)
	case subtle.ConstantTimeCompare(session.RefreshHash, token.hash()) == 1:
		return session, nil
	case s.rotate:
		if _, err := s.store.EndSession(ctx, token.owner, session.ID); err != nil {
			return Session{}, fmt.Errorf("end a session: %w", err)
		}
	}
	return Session{}, badRefreshToken(&ReusedError{Owner: token.owner})
}

// Renew returns a new access token for p in the session of a refresh token, which Look has just found, and the refresh
// token to go on with. Where tokens are rotated and somebody was faster with this one, that ends the session, and the error
// is Unauthenticated.
func (s *Sessions) Renew(ctx context.Context, refresh string, p Person) (Tokens, error) {
	token, ok := parseRefreshToken(refresh)
	if !ok || token.owner != p.ID {
		return Tokens{}, badRefreshToken(errors.New("no refresh token of this person"))
	}
	at := s.moment()
	access, err := s.mint(p, token.sessionID(), at)
	if err != nil {
		return Tokens{}, fmt.Errorf("refresh: %w", err)
	}
	if !s.rotate {
		return Tokens{Access: access, Refresh: refresh}, nil
	}
	next := token.next()
	_, err = s.store.RotateSession(ctx, token.owner, token.sessionID(), token.hash(), next.hash(), at, at.Add(RefreshLifetime))
	switch {
	case todo.CodeOf(err) == todo.NotFound:
		return Tokens{}, badRefreshToken(&ReusedError{Owner: token.owner})
	case err != nil:
		return Tokens{}, fmt.Errorf("refresh: %w", err)
	}
	return Tokens{Access: access, Refresh: next.String()}, nil
}

// End ends the session of who and that of the refresh token, either of which may be missing, and returns those that it
// ended. Sessions that have ended before, and tokens that are none, are no error.
func (s *Sessions) End(ctx context.Context, who Caller, refresh string) ([]Session, error) {
	callers := []Caller{who}
	if token, ok := parseRefreshToken(refresh); ok {
		callers = append(callers, Caller{token.owner, token.sessionID()})
	}
	var ended []Session
	for _, c := range callers {
		if c.ID == "" || c.SessionID == "" {
			continue
		}
		session, err := s.store.EndSession(ctx, c.ID, c.SessionID)
		if err != nil {
			return ended, fmt.Errorf("end a session: %w", err)
		}
		if session != nil {
			ended = append(ended, *session)
		}
	}
	return ended, nil
}

// A ReusedError is why a token of a live session is refused that is not the session's present one: two have it.
type ReusedError struct{ Owner todo.UserID }

// Error says what happened.
func (*ReusedError) Error() string { return "a refresh token was used that had been replaced" }

// badRefreshToken is the one answer to refresh tokens that aren't good; cause is for the log.
func badRefreshToken(cause error) error {
	return &todo.Error{Code: todo.Unauthenticated, Message: "Invalid or expired refresh token", Cause: cause}
}
