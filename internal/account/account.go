// Package account knows the people who sign in: how they register, sign in, refresh and sign out. A Provider does it,
// either over accounts of todod's own or over a Better Auth service; both keep their sessions in a Store.
package account

import (
	"context"
	"time"

	"todod/internal/todo"
)

// Person is somebody with an account.
type Person struct {
	ID        todo.UserID
	Email     string // as NormaliseEmail leaves it
	Name      string
	CreatedAt time.Time
}

// Tokens are what a signed-in client holds on to.
type Tokens struct {
	Access  string // a JWT, good for minutes
	Refresh string // opaque, good for days; only its hash is stored
}

// SignedIn is the outcome of a registration, a sign-in or a refresh. Without an access token the person is known, but has to do
// something outside todod first, such as following the link in an e-mail.
type SignedIn struct {
	Person Person
	Tokens Tokens
}

// Registration is what somebody says of themselves to get an account.
type Registration struct {
	Name, Email, Password string
}

// Client is where a sign-in comes from.
type Client struct {
	Address string // of the person's machine, as text, without a port
	Agent   string // what its program calls itself; "" when it doesn't say
}

// Caller is who calls, by a token of theirs that was verified; for Logout it may have expired.
type Caller struct {
	ID        todo.UserID
	SessionID string // "" when the token names none
}

// Profile is what a person may change of their account; a nil field keeps its value.
type Profile struct {
	Name, Email *string
}

// A Provider signs people in. Its errors are of type todo.Error: Invalid for a field that breaks a rule, Conflict for an
// e-mail address that is taken, Unauthenticated for credentials or tokens that are not good (one answer, whatever is
// wrong with them), Forbidden for what can't be done here or not yet, Limited for too many attempts, Unavailable when
// something it needs is away. Providers are safe for concurrent use.
type Provider interface {
	// Register makes an account and signs its person in.
	Register(ctx context.Context, r Registration, from Client) (SignedIn, error)

	// Login signs in who knows the password. A refusal takes the same time whether or not there is such an address, as far
	// as that is decided here.
	Login(ctx context.Context, email, password string, from Client) (SignedIn, error)

	// LoginFromKnown is Login for an e-mail address that has been tried too often. It lets in only who signed in by it from
	// the same network before, within NetworkKnownFor; everybody else is Unauthenticated, their password unseen, for
	// ErrUnknownNetwork. As far as that is decided here, nothing tells the two refusals apart to who is refused.
	LoginFromKnown(ctx context.Context, email, password string, from Client) (SignedIn, error)

	// Refresh returns a new access token for a live session, whose it is, and the refresh token to go on with: the same one,
	// unless tokens are rotated. Then each can be used once, and using one twice ends its session.
	Refresh(ctx context.Context, refresh string, from Client) (SignedIn, error)

	// Logout ends the session of who, and that of the refresh token; either may be empty. Ending a session that has
	// ended, or never was, is no error.
	Logout(ctx context.Context, who Caller, refresh string, from Client) error

	// ChangePassword replaces the password of who, who must know the current one, and ends all their other sessions.
	ChangePassword(ctx context.Context, who Caller, current, replacement string, from Client) error

	// ChangeProfile changes name and e-mail address.
	ChangeProfile(ctx context.Context, who Caller, p Profile) (Person, error)
}

// NoAccount is the answer of a Store that has no such account.
func NoAccount() error { return &todo.Error{Code: todo.NotFound, Message: "Account not found"} }

// NoSession is the answer of a Store that has no such session, or none that is live.
func NoSession() error { return &todo.Error{Code: todo.NotFound, Message: "Session not found"} }

// EmailTaken says that there is another account with this address; cause is what the database said.
func EmailTaken(cause error) error {
	return &todo.Error{Code: todo.Conflict, Message: "There is an account with this e-mail address already", Cause: cause}
}
