package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"todod/internal/todo"
)

// BetterAuth is a Provider over a Better Auth service that has the bearer() plugin: accounts and passwords are there, and
// todod stores neither. A session here stands for one there, whose token it keeps sealed. It must be closed.
type BetterAuth struct {
	service  *service
	sessions *Sessions
	secrets  func() [][]byte
	log      *slog.Logger
}

// BetterAuthConfig says which service, and how its sessions are kept.
type BetterAuthConfig struct {
	URL      string          // its origin, such as https://auth.example.com
	Secrets  func() [][]byte // those in use: the first seals what is kept, all open it; one at least
	Sessions *Sessions
	Now      func() time.Time
	Logger   *slog.Logger

	Through func(http.RoundTripper) http.RoundTripper // around all calls, such as what traces them; nil: nothing
}

// NewBetterAuth returns a provider over the service at cfg.URL, which need not be there yet.
func NewBetterAuth(cfg BetterAuthConfig) (*BetterAuth, error) {
	if _, err := newSealer(cfg.Secrets()); err != nil {
		return nil, err
	}
	service := newService(cfg.URL, cfg.Now, cfg.Logger)
	if cfg.Through != nil {
		service.client.Transport = cfg.Through(service.client.Transport)
	}
	return &BetterAuth{
		service: service, sessions: cfg.Sessions, secrets: cfg.Secrets, log: cfg.Logger,
	}, nil
}

// Close gives the connections to the service back. Nobody may use b any more.
func (b *BetterAuth) Close() error {
	b.service.close()
	return nil
}

// Register implements Provider. Where the service wants something done first, such as confirming the address, there are
// no tokens, and the person may be made up: it hides that way that an address is taken.
func (b *BetterAuth) Register(ctx context.Context, r Registration, from Client) (SignedIn, error) {
	r, err := r.normalise()
	if err != nil {
		return SignedIn{}, err
	}
	said, err := b.service.signUp(ctx, r, from)
	if err != nil {
		return SignedIn{}, err
	}
	return b.start(ctx, said, r.Email, from)
}

// Login implements Provider.
func (b *BetterAuth) Login(ctx context.Context, email, password string, from Client) (SignedIn, error) {
	email, ok := NormaliseEmail(email)
	if !ok {
		return SignedIn{}, badCredentials(errors.New("no e-mail address"))
	}
	said, err := b.service.signIn(ctx, email, password, from)
	if err != nil {
		return SignedIn{}, err
	}
	signedIn, err := b.start(ctx, said, email, from)
	switch {
	case todo.CodeOf(err) == todo.Invalid: // an address or a password such as it never lets anybody have
		return SignedIn{}, badCredentials(err)
	case err == nil && signedIn.Tokens.Access == "":
		return SignedIn{}, forbidden("Better Auth wants something else of this account first: sign in there")
	}
	return signedIn, err
}

// LoginFromKnown implements Provider. The service, which takes its own time, is asked about known networks alone.
func (b *BetterAuth) LoginFromKnown(ctx context.Context, email, password string, from Client) (SignedIn, error) {
	began := time.Now()
	normal, _ := NormaliseEmail(email)
	known, err := b.sessions.known(ctx, normal, from)
	if err != nil {
		return SignedIn{}, fmt.Errorf("log in: %w", err)
	}
	var in SignedIn
	if err = unknownNetwork(); known {
		in, err = b.Login(ctx, email, password, from)
	}
	if isRefusal(err) {
		pauseUntil(ctx, began.Add(leastRefusal))
	}
	return in, err
}

// start begins a session for whom the service lets in by a normalised e-mail address, if it does.
func (b *BetterAuth) start(ctx context.Context, said answer, email string, from Client) (SignedIn, error) {
	granted, err := said.granted()
	if err != nil || granted.token == "" {
		return SignedIn{Person: granted.person}, b.heard(err)
	}
	sealer, err := newSealer(b.secrets())
	var tokens Tokens
	if err == nil {
		tokens, err = b.sessions.Start(ctx, granted.person, email, from, func(session string) []byte {
			return sealer.seal(granted.person.ID, session, granted.token)
		})
	}
	if err != nil {
		b.signOut(ctx, granted.token, from) // nobody will ever use it
		return SignedIn{}, err
	}
	return SignedIn{Person: granted.person, Tokens: tokens}, nil
}

// open returns the token that was sealed with a session.
func (b *BetterAuth) open(session Session) (string, error) {
	sealer, err := newSealer(b.secrets())
	if err != nil {
		return "", err
	}
	return sealer.open(session.Owner, session.ID, session.Sealed)
}

// Refresh implements Provider. It asks the service whether the session still lives there and who its person is by now.
func (b *BetterAuth) Refresh(ctx context.Context, refresh string, from Client) (SignedIn, error) {
	found, err := b.sessions.Look(ctx, refresh)
	if err != nil {
		return SignedIn{}, err
	}
	session := found.Session
	token, err := b.open(session)
	if err != nil {
		return SignedIn{}, b.over(ctx, session, err)
	}
	person, alive, err := b.whose(ctx, token, from)
	switch {
	case err != nil:
		return SignedIn{}, b.heard(err)
	case !alive:
		return SignedIn{}, b.over(ctx, session, errors.New("the session has ended at better auth"))
	case person.ID != session.Owner:
		return SignedIn{}, b.over(ctx, session, errors.New("the session is somebody else's at better auth"))
	}
	return b.sessions.Renew(ctx, found, person)
}

// over ends a session that is none any more and returns the answer to its refresh token.
func (b *BetterAuth) over(ctx context.Context, session Session, cause error) error {
	if _, err := b.sessions.End(ctx, Caller{ID: session.Owner, SessionID: session.ID}, ""); err != nil {
		return err
	}
	return badRefreshToken(cause)
}

// Logout implements Provider. The session here ends first, so that it ends even if the service is away.
func (b *BetterAuth) Logout(ctx context.Context, who Caller, refresh string, from Client) error {
	ended, err := b.sessions.End(ctx, who, refresh)
	for _, session := range ended {
		token, sealErr := b.open(session)
		if sealErr != nil {
			b.log.Warn("a session was ended here, but not at Better Auth: it will expire there", "error", sealErr.Error())
			continue
		}
		b.signOut(ctx, token, from)
	}
	return err
}

// ChangePassword implements Provider: passwords are not here.
func (b *BetterAuth) ChangePassword(context.Context, Caller, string, string, Client) error {
	return forbidden("Your password is kept by Better Auth: change it there")
}

// ChangeProfile implements Provider: accounts are not here.
func (b *BetterAuth) ChangeProfile(context.Context, Caller, Profile) (Person, error) {
	return Person{}, forbidden("Your name and e-mail address are kept by Better Auth: change them there")
}

// forms returns the spellings of a session's token that the service may know it by. Signed, it is good where nothing else
// is taken (requireSignature); bare, it stays good when the secret that signed it is replaced.
func forms(token string) []string {
	bare, _, signed := strings.Cut(token, ".")
	if !signed {
		return []string{token}
	}
	return []string{token, bare}
}

// whose returns the person whose session the token is of at the service, false if it has ended.
func (b *BetterAuth) whose(ctx context.Context, token string, from Client) (person Person, alive bool, err error) {
	for _, form := range forms(token) {
		said, err := b.service.getSession(ctx, form, from)
		if err != nil {
			return Person{}, false, err
		}
		if person, alive, err = said.session(); err != nil || alive {
			return person, alive, err
		}
	}
	return Person{}, false, nil
}

// signOut ends the session of a token at the service, as well as that can be done: the person is not kept waiting for
// another try. Whoever asked may have gone away meanwhile.
func (b *BetterAuth) signOut(ctx context.Context, token string, from Client) {
	for _, form := range forms(token) {
		said, err := b.service.signOut(context.WithoutCancel(ctx), form, from)
		if err == nil {
			err = b.heard(said.refusal())
		}
		if err != nil {
			b.log.Warn("a session was ended here, but not at Better Auth: it will expire there", "error", err.Error())
			return
		}
	}
}

// heard returns err, and tells the log if somebody has to act on it.
func (b *BetterAuth) heard(err error) error {
	if errors.Is(err, errMisused) {
		b.log.Error("Better Auth is not set up as todod needs it: sign-in fails until it is", "error", err.Error())
	}
	return err
}

// Elsewhere is the Provider of a todod that only checks tokens: it turns everyone away who wants to sign in.
type Elsewhere struct {
	URL string // where they can, "" if that isn't known
}

// refuse returns the one answer.
func (e Elsewhere) refuse() error {
	if e.URL == "" {
		return forbidden("Nobody signs in here: this server only checks tokens")
	}
	return forbidden(fmt.Sprintf("Nobody signs in here: sign in at %s, whose tokens are accepted", e.URL))
}

// Register implements Provider.
func (e Elsewhere) Register(context.Context, Registration, Client) (SignedIn, error) {
	return SignedIn{}, e.refuse()
}

// Login implements Provider.
func (e Elsewhere) Login(context.Context, string, string, Client) (SignedIn, error) {
	return SignedIn{}, e.refuse()
}

// LoginFromKnown implements Provider.
func (e Elsewhere) LoginFromKnown(context.Context, string, string, Client) (SignedIn, error) {
	return SignedIn{}, e.refuse()
}

// Refresh implements Provider.
func (e Elsewhere) Refresh(context.Context, string, Client) (SignedIn, error) {
	return SignedIn{}, e.refuse()
}

// Logout implements Provider.
func (e Elsewhere) Logout(context.Context, Caller, string, Client) error { return e.refuse() }

// ChangePassword implements Provider.
func (e Elsewhere) ChangePassword(context.Context, Caller, string, string, Client) error {
	return e.refuse()
}

// ChangeProfile implements Provider.
func (e Elsewhere) ChangeProfile(context.Context, Caller, Profile) (Person, error) {
	return Person{}, e.refuse()
}
