package account

import (
	"context"
	"time"

	"todod/internal/todo"
)

// Account is a person with a password of todod's own.
type Account struct {
	Person
	PasswordHash string // in PHC form, or as another system that the account came from wrote it
}

// Session is one signed-in client. Its refresh token is known by hash alone.
type Session struct {
	Owner       todo.UserID
	ID          string // the sid of its access tokens
	RefreshHash []byte // SHA-256 of the refresh token
	Sealed      []byte // what the provider wants to keep with it, encrypted; nil for none
	CreatedAt   time.Time
	ExpiresAt   time.Time // from then on it can't be refreshed

	// Network is what is remembered of where somebody signs in from who begins this session, "" for nothing. It is kept
	// with the person, and is "" in a session that was read.
	Network string
}

// KnownNetwork is a network that somebody signed in from.
type KnownNetwork struct {
	Network string // a hash of it, which nobody can tell it from
	SeenAt  time.Time
}

// How long, and how many of, the networks that somebody signed in from are known.
const (
	NetworkKnownFor   = 30 * 24 * time.Hour
	MostKnownNetworks = 8
)

// Summary are what there is of a person, at one moment.
type Summary struct {
	State   todo.State
	Account *Person   // nil for somebody who has no account here
	Claims  todo.User // what the newest token of theirs that wrote something said of them
	Since   time.Time // when this life of theirs was first heard of; zero for never
	Counts
}

// Counts says how many tasks a person has.
type Counts struct {
	Open, Completed int // none of them in the trash
	Overdue         int // open, and due before now, or on a day that is over where they are
	Trash           int
}

// A Store keeps accounts and sessions. Its errors are those of todo.Store; each method is one transaction. Times are in
// whole microseconds of UTC, e-mail addresses normalised. No method but Erase creates a row of tasks' owners: people become
// known there when they first write something.
type Store interface {
	// CreateAccount stores a with its first session, nil for none, which it starts as StartSession does. An address that is
	// taken, or an id, is a Conflict.
	CreateAccount(ctx context.Context, a Account, first *Session) error

	// AccountByEmail returns the account with this address, NotFound if there is none. Both take as many round trips.
	AccountByEmail(ctx context.Context, email string) (Account, error)

	// Account returns the account of owner, NotFound if there is none.
	Account(ctx context.Context, owner todo.UserID) (Account, error)

	// ChangeProfile stores what p sets and returns the account as it is then, NotFound if there is none. An address that
	// is taken is a Conflict.
	ChangeProfile(ctx context.Context, owner todo.UserID, p Profile) (Account, error)

	// UpgradePassword replaces the hash was by its equal in a better form, and does nothing if was is no longer the hash.
	UpgradePassword(ctx context.Context, owner todo.UserID, was, hash string) error

	// SetPassword replaces the hash was, which the present password was just checked against, and ends all sessions of owner
	// but the one named keep. It is NotFound, and does nothing, if there is no account or was is no longer its hash: of
	// several that replace it at once, one does. "" replaces any.
	SetPassword(ctx context.Context, owner todo.UserID, was, hash, keep string) error

	// Accounts returns up to limit people with accounts whose addresses sort after the given one, by address. It is for
	// operators.
	Accounts(ctx context.Context, after string, limit int) ([]Person, error)

	// StartSession stores s and forgets the owner's sessions that can't be refreshed any more. With checked, the hash that
	// their password was just checked against, it is NotFound if that is no longer the account's hash: so nobody gets in
	// by a password that is being replaced. "" is for those who have no account here. The session's network becomes the
	// latest that its owner is known to sign in from; of the others, the latest stay until there are MostKnownNetworks, none
	// for longer than NetworkKnownFor.
	StartSession(ctx context.Context, s Session, checked string) error

	// NetworkKnown reports whether somebody signed in from one of networks after the time since. Either takes as many round
	// trips.
	NetworkKnown(ctx context.Context, networks []string, since time.Time) (bool, error)

	// KnownNetworks returns the networks that owner is known to sign in from, the latest first.
	KnownNetworks(ctx context.Context, owner todo.UserID) ([]KnownNetwork, error)

	// Session returns the session called id if it is live at the time now, NotFound otherwise.
	Session(ctx context.Context, owner todo.UserID, id string, now time.Time) (Session, error)

	// RotateSession gives the session called id, which is live at the time now, a new refresh token, good until expires, if
	// its token is was. It returns the session as it is then, and whether it did that: of several at once, one does. A
	// session that isn't there or isn't live is NotFound.
	RotateSession(
		ctx context.Context, owner todo.UserID, id string, was, hash []byte, now, expires time.Time,
	) (session Session, rotated bool, err error)

	// EndSession ends a session, which need not be there, and returns it as it was, nil if there was none.
	EndSession(ctx context.Context, owner todo.UserID, id string) (*Session, error)

	// IssueTicket stores t and forgets the owner's tickets that can't be used any more at the time now.
	IssueTicket(ctx context.Context, t Ticket, now time.Time) error

	// RedeemTicket removes the ticket of owner with this hash and returns it, NotFound if there is none that can be used at
	// the time now. Of several that redeem it at once, one gets it.
	RedeemTicket(ctx context.Context, owner todo.UserID, hash []byte, now time.Time) (Ticket, error)

	// Sessions returns up to limit sessions of owner whose ids are above after, by id, expired ones included.
	Sessions(ctx context.Context, owner todo.UserID, after string, limit int) ([]Session, error)

	// Summary returns what there is of owner, all of it at one moment; now is what Counts go by, in the zone that says
	// which day it is.
	Summary(ctx context.Context, owner todo.UserID, now time.Time) (Summary, error)

	// Erase ends owner's life at the time at. Their account, sessions, known
	// networks and tickets go; all else is gone for everybody, owner
	// included, and what is left of it in the database todo.Maintenance.Tidy removes. From then on owner's tokens that were
	// issued until then are refused as Unauthenticated wherever they are used, reads included; later ones start from
	// nothing, with another epoch. Erasing nobody is no error.
	Erase(ctx context.Context, owner todo.UserID, at time.Time) error

	// EraseOwn does to by what Erase does, unless by's token belongs to a former life: then it does nothing and returns
	// TokenRevoked. Of several with the same token at once, one erases.
	EraseOwn(ctx context.Context, by todo.User, at time.Time) error
}
