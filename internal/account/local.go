package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"todod/internal/todo"
)

// Local is the Provider over accounts and passwords of todod's own.
type Local struct {
	store     Store
	sessions  *Sessions
	passwords *Passwords
}

var _ Provider = (*Local)(nil)

// NewLocal returns a Local whose accounts are kept where sessions are.
func NewLocal(sessions *Sessions, passwords *Passwords) *Local {
	return &Local{store: sessions.store, sessions: sessions, passwords: passwords}
}

// Register implements Provider.
func (l *Local) Register(ctx context.Context, r Registration, from Client) (SignedIn, error) {
	a, err := newAccount(ctx, l.passwords, r, from)
	if err != nil {
		return SignedIn{}, err
	}
	a.CreatedAt = l.sessions.moment()
	session, tokens, err := l.sessions.New(a.Person)
	if err != nil {
		return SignedIn{}, err
	}
	session = l.sessions.begun(session, a.Email, from)
	if err := l.store.CreateAccount(ctx, a, &session); err != nil {
		return SignedIn{}, fmt.Errorf("register: %w", err)
	}
	return SignedIn{a.Person, tokens}, nil
}

// Login implements Provider.
func (l *Local) Login(ctx context.Context, email, password string, from Client) (SignedIn, error) {
	return l.logIn(ctx, email, password, from, false)
}

// LoginFromKnown implements Provider. The same is done for every e-mail address, but that the password is compared with a
// hash if the network is known, and else nothing in its turn.
func (l *Local) LoginFromKnown(ctx context.Context, email, password string, from Client) (SignedIn, error) {
	return l.logIn(ctx, email, password, from, true)
}

// logIn carries out Login, or LoginFromKnown.
func (l *Local) logIn(ctx context.Context, email, password string, from Client, fromKnown bool) (SignedIn, error) {
	email, ok := NormaliseEmail(email)
	if !ok {
		email = "" // nobody's, which takes as long
	}
	for attempt := 1; ; attempt++ {
		in, err := l.login(ctx, email, Try{Password: password, From: from, Began: time.Now()}, fromKnown)
		if !errors.Is(err, errHashReplaced) || attempt == loginAttempts {
			return in, err
		}
	}
}

// loginAttempts is how often a sign-in is tried at most while others replace the account's hash, as several do that sign
// in at once by one that is due for an upgrade.
const loginAttempts = 4

// errHashReplaced is why a sign-in comes to nothing whose password was good a moment before.
var errHashReplaced = errors.New("the password's hash was replaced meanwhile")

// login is one attempt of logIn at a normalised address.
func (l *Local) login(ctx context.Context, email string, t Try, fromKnown bool) (SignedIn, error) {
	a, err := l.store.AccountByEmail(ctx, email)
	missing := todo.CodeOf(err) == todo.NotFound
	if err != nil && !missing {
		return SignedIn{}, fmt.Errorf("log in: %w", err)
	}
	if fromKnown {
		switch known, err := l.sessions.known(ctx, email, t.From); {
		case err != nil:
			return SignedIn{}, fmt.Errorf("log in: %w", err)
		case !known:
			return SignedIn{}, cmp.Or(l.passwords.RefuseSignIn(ctx, t), unknownNetwork())
		}
	}
	good, err := l.passwords.VerifySignIn(ctx, a.PasswordHash, t)
	switch {
	case err != nil:
		return SignedIn{}, err
	case missing:
		return SignedIn{}, badCredentials(errors.New("no such account"))
	case !good:
		return SignedIn{}, badCredentials(errors.New("wrong password"))
	}
	if a.PasswordHash, err = l.upgraded(ctx, a, t); err != nil {
		return SignedIn{}, err
	}
	session, tokens, err := l.sessions.New(a.Person)
	if err != nil {
		return SignedIn{}, err
	}
	switch err := l.store.StartSession(ctx, l.sessions.begun(session, email, t.From), a.PasswordHash); {
	case todo.CodeOf(err) == todo.NotFound:
		return SignedIn{}, badCredentials(errHashReplaced)
	case err != nil:
		return SignedIn{}, fmt.Errorf("log in: %w", err)
	}
	return SignedIn{a.Person, tokens}, nil
}

// upgraded returns the hash of a's password, which was just found good, having replaced it if it is of an older kind. Where
// there is no time for that now it stays as it is.
func (l *Local) upgraded(ctx context.Context, a Account, t Try) (string, error) {
	if !l.passwords.NeedsUpgrade(a.PasswordHash) {
		return a.PasswordHash, nil
	}
	hash, err := l.passwords.Hash(ctx, t.Password, t.From)
	if err != nil {
		return a.PasswordHash, nil //nolint:nilerr // the next sign-in will do it
	}
	if err := l.store.UpgradePassword(ctx, a.ID, a.PasswordHash, hash); err != nil {
		return "", fmt.Errorf("upgrade a password: %w", err)
	}
	return hash, nil
}

// Refresh implements Provider. The access token says what the account says now.
func (l *Local) Refresh(ctx context.Context, refresh string, _ Client) (SignedIn, error) {
	found, err := l.sessions.Look(ctx, refresh)
	if err != nil {
		return SignedIn{}, err
	}
	a, err := l.store.Account(ctx, found.Session.Owner)
	switch {
	case todo.CodeOf(err) == todo.NotFound:
		return SignedIn{}, badRefreshToken(err)
	case err != nil:
		return SignedIn{}, fmt.Errorf("refresh: %w", err)
	}
	return l.sessions.Renew(ctx, found, a.Person)
}

// Logout implements Provider.
func (l *Local) Logout(ctx context.Context, who Caller, refresh string, _ Client) error {
	_, err := l.sessions.End(ctx, who, refresh)
	return err
}

// ChangePassword implements Provider.
func (l *Local) ChangePassword(ctx context.Context, who Caller, current, replacement string, from Client) error {
	if err := todo.InvalidFields(checkPassword("newPassword", replacement)...); err != nil {
		return err
	}
	a, err := l.store.Account(ctx, who.ID)
	if err != nil {
		return ofNobody(err)
	}
	good, err := l.passwords.Verify(ctx, a.PasswordHash, current, from)
	switch {
	case err != nil:
		return err
	case !good:
		return wrongPassword()
	}
	hash, err := l.passwords.Hash(ctx, replacement, from)
	if err != nil {
		return err
	}
	err = l.store.SetPassword(ctx, who.ID, a.PasswordHash, hash, who.SessionID)
	if todo.CodeOf(err) == todo.NotFound {
		return wrongPassword() // by now: somebody was faster with it
	}
	return err
}

// wrongPassword is the answer to a change of a password by who doesn't know the current one.
func wrongPassword() error {
	return todo.InvalidFields(todo.FieldError{Field: "currentPassword", Message: "is not correct"})
}

// ChangeProfile implements Provider.
func (l *Local) ChangeProfile(ctx context.Context, who Caller, p Profile) (Person, error) {
	var faults []todo.FieldError
	if p.Name != nil {
		name, broken := normaliseName(*p.Name)
		p.Name, faults = &name, append(faults, broken...)
	}
	if p.Email != nil {
		email, broken := normaliseEmail(*p.Email)
		p.Email, faults = &email, append(faults, broken...)
	}
	if err := todo.InvalidFields(faults...); err != nil {
		return Person{}, err
	}
	a, err := l.store.ChangeProfile(ctx, who.ID, p)
	if err != nil {
		return Person{}, ofNobody(err)
	}
	return a.Person, nil
}

// newAccount returns the account that r asks for, without a time, or Invalid with every field at fault.
func newAccount(ctx context.Context, passwords *Passwords, r Registration, from Client) (Account, error) {
	r, err := r.normalise()
	if err != nil {
		return Account{}, err
	}
	hash, err := passwords.Hash(ctx, r.Password, from)
	return Account{Person: Person{ID: newUserID(), Email: r.Email, Name: r.Name}, PasswordHash: hash}, err
}

// alphanumerics are what user ids are made of, as Better Auth's are.
const alphanumerics = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// newUserID returns 32 random letters and digits: 190 bits.
func newUserID() todo.UserID {
	id := make([]byte, 0, 32)
	for random := make([]byte, 64); len(id) < cap(id); {
		_, _ = rand.Read(random) // never fails
		for _, b := range random {
			// Of 256 values the first 248 fall evenly on the 62 characters.
			if int(b) < 256-256%len(alphanumerics) && len(id) < cap(id) {
				id = append(id, alphanumerics[int(b)%len(alphanumerics)])
			}
		}
	}
	return todo.UserID(id)
}

// badCredentials is the one answer to a sign-in that fails; cause is for the log.
func badCredentials(cause error) error {
	return &todo.Error{Code: todo.Unauthenticated, Message: "Invalid email or password", Cause: cause}
}

// ofNobody returns err, of an operation on the caller's own account; that there is none is Forbidden, because their token
// is good for everything else.
func ofNobody(err error) error {
	if todo.CodeOf(err) == todo.NotFound {
		return &todo.Error{Code: todo.Forbidden, Message: "You have no account with a password here", Cause: err}
	}
	return err
}
