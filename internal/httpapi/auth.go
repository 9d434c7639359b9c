package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/todo"
)

// text returns a member that must be there and be a string, read into dst. If it has two spellings and both come, they
// must agree.
func text(dst *string, schema *huma.Schema, name, other string) member {
	seen := false
	return member{name: name, other: other, schema: schema, required: true, read: func(value jsontext.Value) string {
		var s string
		switch {
		case value.Kind() != '"' || json.Unmarshal(value, &s) != nil:
			return "must be a string"
		case seen && s != *dst:
			return "must not differ from its other spelling"
		}
		*dst, seen = s, true
		return ""
	}}
}

// How accounts are described. The limits are those of package account, in whose words a request hears of them.
var (
	nameSchema = &huma.Schema{
		Type: huma.TypeString, MinLength: new(1), MaxLength: new(account.MaxName), Examples: []any{"Alice"},
	}
	emailSchema = &huma.Schema{
		Type: huma.TypeString, Format: "email", MaxLength: new(account.MaxEmail), Description: "Compared without case",
		Examples: []any{"alice@example.com"},
	}
	newPasswordSchema = &huma.Schema{
		Type: huma.TypeString, Format: "password", MinLength: new(account.MinPassword), MaxLength: new(account.MaxPassword),
		Examples: []any{"correct horse battery"},
	}
	// Of what is only compared with what is stored, any is as good as another: the answer is a 401.
	triedEmailSchema    = &huma.Schema{Type: huma.TypeString, Examples: emailSchema.Examples}
	triedPasswordSchema = &huma.Schema{Type: huma.TypeString, Format: "password", Examples: newPasswordSchema.Examples}
)

// registration is what somebody says of themselves to get an account.
type registration struct {
	reading
	as account.Registration
}

// members returns what a registration may say.
func (b *registration) members() members {
	return members{
		text(&b.as.Name, nameSchema, "name", ""), text(&b.as.Email, emailSchema, "email", ""),
		text(&b.as.Password, newPasswordSchema, "password", ""),
	}
}

// read implements object.
func (b *registration) read(data []byte) { b.fault = readObject(data, b.members(), ignore) }

// TransformSchema implements huma.SchemaTransformer.
func (b *registration) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return open(b.members())
}

// credentials are how somebody shows who they are.
type credentials struct {
	reading
	email, password string
}

// members returns what credentials are made of.
func (b *credentials) members() members {
	return members{
		text(&b.email, triedEmailSchema, "email", ""), text(&b.password, triedPasswordSchema, "password", ""),
	}
}

// read implements object.
func (b *credentials) read(data []byte) { b.fault = readObject(data, b.members(), ignore) }

// TransformSchema implements huma.SchemaTransformer.
func (b *credentials) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return open(b.members())
}

// refreshToken is a body with a refresh token.
type refreshToken struct {
	reading
	token string
}

// members returns what a body with a refresh token may have. A token that is missing is a bad one, not a bad request: what
// clients do about the two differs.
func (b *refreshToken) members() members {
	schema := &huma.Schema{Type: huma.TypeString, Description: "One without is as good as a wrong one"}
	return members{{name: "refreshToken", other: "refresh_token", schema: schema, read: func(value jsontext.Value) string {
		var s string
		if value.Kind() == 'n' {
			return ""
		}
		if value.Kind() != '"' || json.Unmarshal(value, &s) != nil {
			return "must be a string"
		}
		if s != "" {
			b.token = s
		}
		return ""
	}}}
}

// read implements object.
func (b *refreshToken) read(data []byte) { b.fault = readObject(data, b.members(), ignore) }

// TransformSchema implements huma.SchemaTransformer.
func (b *refreshToken) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return open(b.members())
}

// passwordChange replaces a password.
type passwordChange struct {
	reading
	current, replacement string
}

// members returns what a change of a password is made of.
func (b *passwordChange) members() members {
	return members{
		text(&b.current, triedPasswordSchema, "currentPassword", "current_password"),
		text(&b.replacement, newPasswordSchema, "newPassword", "new_password"),
	}
}

// read implements object.
func (b *passwordChange) read(data []byte) { b.fault = readObject(data, b.members(), ignore) }

// TransformSchema implements huma.SchemaTransformer.
func (b *passwordChange) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return open(b.members())
}

// person is somebody with an account, on the wire.
type person struct {
	ID             string     `json:"id"`
	Email          string     `json:"email"`
	Name           string     `json:"name"`
	CreatedAt      *timestamp `json:"createdAt" nullable:"true" doc:"null if Better Auth, which keeps the account, doesn't say"`
	SnakeCreatedAt *timestamp `json:"created_at" nullable:"true" hidden:"true"`
}

// wirePerson returns p as it goes out to frontends.
func wirePerson(p account.Person) person {
	at := unlessZero(p.CreatedAt)
	return person{ID: string(p.ID), Email: p.Email, Name: p.Name, CreatedAt: at, SnakeCreatedAt: at}
}

// session is what a registration or a sign-in gets.
type session struct {
	User              person  `json:"user"`
	Token             *string `json:"token" nullable:"true" doc:"The access token; null while the person has something else to do first"`
	RefreshToken      *string `json:"refreshToken" nullable:"true" doc:"What gets the next access token; null with token"`
	SnakeRefreshToken *string `json:"refresh_token" nullable:"true" hidden:"true"`
	Message           string  `json:"message,omitempty" doc:"What to do when there are no tokens yet"`
}

// signInOutput answers a registration or a sign-in.
type signInOutput struct {
	Status int
	Body   session
}

// signedIn returns the answer with this status, or 202 as long as the person has something left to do.
func signedIn(status int, s account.SignedIn) *signInOutput {
	out := &signInOutput{Status: status}
	out.Body.User = wirePerson(s.Person)
	if s.Tokens.Access == "" {
		out.Status = http.StatusAccepted
		out.Body.Message = "Almost there: if an e-mail was sent to you, follow the link in it, then sign in"
		return out
	}
	out.Body.Token, out.Body.RefreshToken, out.Body.SnakeRefreshToken = &s.Tokens.Access, &s.Tokens.Refresh, &s.Tokens.Refresh
	return out
}

// registerInput is a registration.
type registerInput struct{ Body registration }

// register makes an account and signs its person in.
func (a *resources) register(ctx context.Context, in *registerInput) (*signInOutput, error) {
	if in.Body.as.Check() == nil { // else nothing comes of it, and its e-mail address may be anybody's
		if err := a.limitEmail(ctx, in.Body.as.Email); err != nil {
			return nil, err
		}
	}
	s, err := a.accounts.Register(ctx, in.Body.as, client(ctx))
	if err != nil {
		return nil, a.refusedSignIn(ctx, audit.RegistrationRefused, in.Body.as.Email, err)
	}
	if s.Tokens.Access == "" { // nobody's id: it may be made up
		a.audit(ctx, audit.RegistrationPending)
		return signedIn(http.StatusCreated, s), nil
	}
	recordOf(ctx).user = s.Person.ID
	a.audit(ctx, audit.Registered)
	return signedIn(http.StatusCreated, s), nil
}

// loginInput is a sign-in.
type loginInput struct{ Body credentials }

// login signs in who knows the password.
func (a *resources) login(ctx context.Context, in *loginInput) (*signInOutput, error) {
	s, err := a.signIn(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return signedIn(http.StatusOK, s), nil
}

// signIn signs in who has good credentials, within the limits of their e-mail address. Once that has been tried too often
// by everybody together, it does so for who signed in from the same network before, and refuses all else as too much: with
// a wrong password, too, as nobody is to find out that way from where somebody signs in.
func (a *resources) signIn(ctx context.Context, c credentials) (account.SignedIn, error) {
	tooMany, err := a.countEmail(ctx, c.email)
	if err != nil {
		return account.SignedIn{}, err
	}
	login := a.accounts.Login
	if tooMany != nil {
		login = a.accounts.LoginFromKnown
	}
	s, err := login(ctx, c.email, c.password, client(ctx))
	if err != nil {
		if !errors.Is(err, account.ErrUnknownNetwork) {
			err = a.refusedSignIn(ctx, audit.SignInRefused, c.email, err)
		}
		if tooMany != nil && slices.Contains([]todo.Code{todo.Unauthenticated, todo.Limited}, todo.CodeOf(err)) {
			err = tooMany()
		}
		return s, err
	}
	recordOf(ctx).user = s.Person.ID
	a.audit(ctx, audit.SignedIn)
	return s, nil
}

// refreshInput has a refresh token.
type refreshInput struct{ Body refreshToken }

// tokens let their bearer in.
type tokens struct {
	Token             string `json:"token" doc:"The access token, a JWT that is good for 15 minutes"`
	RefreshToken      string `json:"refreshToken" doc:"What gets the next one: the same as before, unless tokens are rotated"`
	SnakeRefreshToken string `json:"refresh_token" hidden:"true"`
}

// tokensOutput answers with tokens.
type tokensOutput struct{ Body tokens }

// refresh answers with a new access token.
func (a *resources) refresh(ctx context.Context, in *refreshInput) (*tokensOutput, error) {
	s, err := a.renew(ctx, in.Body.token)
	if err != nil {
		return nil, err
	}
	t, out := s.Tokens, &tokensOutput{}
	out.Body.Token, out.Body.RefreshToken, out.Body.SnakeRefreshToken = t.Access, t.Refresh, t.Refresh
	return out, nil
}

// renew returns a new access token for the session of a refresh token, and the refresh token to go on with.
func (a *resources) renew(ctx context.Context, token string) (account.SignedIn, error) {
	s, err := a.accounts.Refresh(ctx, token, client(ctx))
	if err != nil {
		return account.SignedIn{}, a.refusedRefresh(ctx, err)
	}
	return s, nil
}

// logoutInput says whose session is to end: by the bearer token, or by a refresh token in a body.
type logoutInput struct {
	Body refreshToken

	header http.Header
}

// Resolve implements huma.Resolver.
func (in *logoutInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.header = r.Header
	return nil
}

// message says that something was done.
type message struct {
	Message string `json:"message" doc:"In words for people"`
}

// messageOutput says that something was done.
type messageOutput struct{ Body message }

// said returns the answer with this message.
func said(text string) *messageOutput { return &messageOutput{message{text}} }

// logout ends the session of a bearer token, which may have expired meanwhile, and that of a refresh token.
func (a *resources) logout(ctx context.Context, in *logoutInput) (*messageOutput, error) {
	token, sent, err := auth.Bearer(in.header)
	var p auth.Principal
	if err == nil && sent {
		p, err = a.verifier.VerifyLapsed(ctx, token)
	}
	if p.Subject == "" && in.Body.token == "" {
		return nil, a.refuse(ctx, sent, err)
	}
	recordOf(ctx).user = todo.UserID(p.Subject)
	who := account.Caller{ID: todo.UserID(p.Subject), SessionID: p.SessionID}
	if err := a.accounts.Logout(ctx, who, in.Body.token, client(ctx)); err != nil {
		return nil, err
	}
	a.audit(ctx, audit.SignedOut)
	return said("Signed out"), nil
}

// passwordInput replaces a password.
type passwordInput struct{ Body passwordChange }

// changePassword replaces the caller's password and ends their other sessions.
func (a *resources) changePassword(ctx context.Context, in *passwordInput) (*messageOutput, error) {
	if err := a.limitAccount(ctx); err != nil {
		return nil, err
	}
	if err := a.personalData.Admit(ctx, caller(ctx)); err != nil {
		return nil, err
	}
	err := a.accounts.ChangePassword(ctx, sessionOf(ctx), in.Body.current, in.Body.replacement, client(ctx))
	if err != nil {
		return nil, a.refusedPassword(ctx, err)
	}
	a.audit(ctx, audit.PasswordChanged)
	return said("Password changed; your other sessions have ended"), nil
}

// client returns where a request comes from.
func client(ctx context.Context) account.Client {
	rec := recordOf(ctx)
	from := account.Client{Agent: rec.agent}
	if rec.client.IsValid() {
		from.Address = rec.client.String()
	}
	return from
}
