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
	store    Store
	mint     Mint
	now      func() time.Time
	secrets  func() [][]byte
	rotation *Rotation
}

// Rotation says how refresh tokens are replaced. Each can be used once: a refresh returns the next one, good for
// RefreshLifetime from then on, and a second use ends the session.
type Rotation struct {
	// Secrets are those in use, one at least: the next token is made with the first, and known by all.
	Secrets func() [][]byte
	// Grace is for how long a token that was used gives the same next one again, as long as that wasn't used itself: to
	// two tabs that refresh at once, or to a client that lost the answer.
	Grace time.Duration
}

// NewSessions returns Sessions that are kept in store. now is the clock. secrets are those in use, one at least: the first
// makes what is remembered of the networks that sessions begin in, and it is known by all. Without rotation, which is nil, a
// session lasts RefreshLifetime and keeps its token.
func NewSessions(
	store Store, mint Mint, now func() time.Time, secrets func() [][]byte, rotation *Rotation,
) *Sessions {
	return &Sessions{store: store, mint: mint, now: now, secrets: secrets, rotation: rotation}
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

// Start begins a session of p, who has just proved who they are elsewhere, by a normalised e-mail address. It keeps what
// seal returns for the session's id.
func (s *Sessions) Start(
	ctx context.Context, p Person, email string, from Client, seal func(sessionID string) []byte,
) (Tokens, error) {
	session, tokens, err := s.New(p)
	if err != nil {
		return Tokens{}, err
	}
	session.Sealed = seal(session.ID)
	if err := s.store.StartSession(ctx, s.begun(session, email, from), ""); err != nil {
		return Tokens{}, fmt.Errorf("start a session: %w", err)
	}
	return tokens, nil
}

// A Refresh is a refresh token that was found good, and what it refreshes.
type Refresh struct {
	Session Session
	token   refreshToken
	at      time.Time // when it was found good
}

// Look returns what a refresh token is for, Unauthenticated if that is no live session. Where tokens are rotated, one that
// was used before, and is past its grace, ends its session.
func (s *Sessions) Look(ctx context.Context, refresh string) (Refresh, error) {
	token, ok := parseRefreshToken(refresh)
	if !ok {
		return Refresh{}, badRefreshToken(errors.New("no refresh token"))
	}
	at := s.moment()
	session, err := s.store.Session(ctx, token.owner, token.sessionID(), at)
	switch {
	case err != nil:
		return Refresh{}, refreshFailed(err)
	case subtle.ConstantTimeCompare(session.RefreshHash, token.hash()) == 1:
		return Refresh{session, token, at}, nil
	case s.rotation == nil:
		return Refresh{}, badRefreshToken(&ReusedError{Owner: token.owner})
	}
	if _, ok := s.successor(token, session, at); !ok {
		return Refresh{}, s.reused(ctx, session)
	}
	return Refresh{session, token, at}, nil
}

// Renew returns a new access token for p, whose session r is of, and the refresh token to go on with. Where tokens are
// rotated and somebody was faster with this one, that is theirs, too, or without grace the session ends, and the error is
// Unauthenticated.
func (s *Sessions) Renew(ctx context.Context, r Refresh, p Person) (SignedIn, error) {
	if r.token.owner != p.ID {
		return SignedIn{}, badRefreshToken(errors.New("no refresh token of this person"))
	}
	at := s.moment()
	access, err := s.mint(p, r.Session.ID, at)
	if err != nil {
		return SignedIn{}, fmt.Errorf("refresh: %w", err)
	}
	if s.rotation == nil {
		return SignedIn{p, Tokens{Access: access, Refresh: r.token.String()}}, nil
	}
	next := r.token.next(s.rotation.Secrets()[0])
	session, rotated, err := s.store.RotateSession(ctx, p.ID, r.Session.ID, r.token.hash(), next.hash(), at, at.Add(RefreshLifetime))
	if err != nil {
		return SignedIn{}, refreshFailed(err)
	}
	if !rotated {
		var ok bool
		if next, ok = s.successor(r.token, session, r.at); !ok {
			return SignedIn{}, s.reused(ctx, session)
		}
	}
	return SignedIn{p, Tokens{Access: access, Refresh: next.String()}}, nil
}

// successor returns the present token of a session if it is the one that came after used, no longer than the grace before
// the time at.
func (s *Sessions) successor(used refreshToken, session Session, at time.Time) (refreshToken, bool) {
	given := session.ExpiresAt.Add(-RefreshLifetime)
	if s.rotation.Grace == 0 || !at.Before(given.Add(s.rotation.Grace)) {
		return refreshToken{}, false
	}
	for _, secret := range s.rotation.Secrets() {
		next := used.next(secret)
		if subtle.ConstantTimeCompare(session.RefreshHash, next.hash()) == 1 {
			return next, true
		}
	}
	return refreshToken{}, false
}

// reused ends a session of which a token came that had been replaced, and returns the answer to it.
func (s *Sessions) reused(ctx context.Context, session Session) error {
	if _, err := s.store.EndSession(ctx, session.Owner, session.ID); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return badRefreshToken(&ReusedError{Owner: session.Owner})
}

// refreshFailed returns err, with which a store answered about the session of a refresh token.
func refreshFailed(err error) error {
	if todo.CodeOf(err) == todo.NotFound {
		return badRefreshToken(errors.New("no such session, or it has ended"))
	}
	return fmt.Errorf("refresh: %w", err)
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
