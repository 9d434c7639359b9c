package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/todo"
)

// A text is a member of a body that must be there and be a string.
type text struct {
	dst   *string
	names []string // its spellings, the documented one first
}

// readTexts reads data as an object that has all of these texts in one spelling or another; others are ignored. Its error
// is an Error of code Invalid that names everything at fault.
func readTexts(data []byte, texts ...text) error {
	known, seen := members{}, map[*string]bool{}
	for _, t := range texts {
		for _, name := range t.names {
			known[name] = func(value jsontext.Value) string {
				var s string
				switch {
				case value.Kind() != '"' || json.Unmarshal(value, &s) != nil:
					return "must be a string"
				case seen[t.dst] && s != *t.dst:
					return "must not differ from its other spelling"
				}
				*t.dst, seen[t.dst] = s, true
				return ""
			}
		}
	}
	if err := readObject(data, known, ignore); err != nil {
		return err
	}
	var missing []todo.FieldError
	for _, t := range texts {
		if !seen[t.dst] {
			missing = append(missing, todo.FieldError{Field: t.names[0], Message: "is required"})
		}
	}
	return todo.InvalidFields(missing...)
}

// registerBody is what somebody says of themselves to get an account.
type registerBody struct {
	_        struct{} `additionalProperties:"true"`
	Name     string   `json:"name" minLength:"1" maxLength:"200"`
	Email    string   `json:"email" format:"email" maxLength:"254" doc:"Compared without case"`
	Password string   `json:"password" format:"password" minLength:"8" maxLength:"128"`

	reading
	registration account.Registration
}

// read implements object.
func (b *registerBody) read(data []byte) {
	r := &b.registration
	b.fault = readTexts(data, text{&r.Name, []string{"name"}}, text{&r.Email, []string{"email"}},
		text{&r.Password, []string{"password"}})
}

// loginBody is how somebody shows who they are.
type loginBody struct {
	_        struct{} `additionalProperties:"true"`
	Email    string   `json:"email"`
	Password string   `json:"password" format:"password"`

	reading
	email, password string
}

// read implements object.
func (b *loginBody) read(data []byte) {
	b.fault = readTexts(data, text{&b.email, []string{"email"}}, text{&b.password, []string{"password"}})
}

// refreshBody has a refresh token.
type refreshBody struct {
	_          struct{} `additionalProperties:"true"`
	Token      string   `json:"refreshToken,omitempty" doc:"The refresh token; one without is as good as a wrong one"`
	SnakeToken string   `json:"refresh_token,omitempty" doc:"The same"`

	reading
	token string
}

// read implements object. A token that is missing is a bad one, not a bad request: what clients do about the two differs.
func (b *refreshBody) read(data []byte) {
	token := func(value jsontext.Value) string {
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
	}
	b.fault = readObject(data, members{"refreshToken": token, "refresh_token": token}, ignore)
}

// passwordBody replaces a password.
type passwordBody struct {
	_            struct{} `additionalProperties:"true"`
	Current      string   `json:"currentPassword,omitempty" format:"password" doc:"Required"`
	New          string   `json:"newPassword,omitempty" format:"password" minLength:"8" maxLength:"128" doc:"Required"`
	SnakeCurrent string   `json:"current_password,omitempty" format:"password" doc:"currentPassword"`
	SnakeNew     string   `json:"new_password,omitempty" format:"password" doc:"newPassword"`

	reading
	current, replacement string
}

// read implements object.
func (b *passwordBody) read(data []byte) {
	b.fault = readTexts(data, text{&b.current, []string{"currentPassword", "current_password"}},
		text{&b.replacement, []string{"newPassword", "new_password"}})
}

// person is somebody with an account, on the wire.
type person struct {
	ID             string     `json:"id"`
	Email          string     `json:"email"`
	Name           string     `json:"name"`
	CreatedAt      *timestamp `json:"createdAt" nullable:"true" doc:"null if Better Auth, which keeps the account, doesn't say"`
	SnakeCreatedAt *timestamp `json:"created_at" nullable:"true"`
}

// wirePerson returns p as it goes out to frontends.
func wirePerson(p account.Person) person {
	at := unlessZero(p.CreatedAt)
	return person{ID: string(p.ID), Email: p.Email, Name: p.Name, CreatedAt: at, SnakeCreatedAt: at}
}

// signInOutput answers a registration or a sign-in.
type signInOutput struct {
	Status int
	Body   struct {
		User              person  `json:"user"`
		Token             *string `json:"token" nullable:"true" doc:"The access token; null while the person has something else to do first"`
		RefreshToken      *string `json:"refreshToken" nullable:"true"`
		SnakeRefreshToken *string `json:"refresh_token" nullable:"true"`
		Message           string  `json:"message,omitempty" doc:"What to do when there are no tokens yet"`
	}
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
type registerInput struct{ Body registerBody }

// register makes an account and signs its person in.
func (a *API) register(ctx context.Context, in *registerInput) (*signInOutput, error) {
	if in.Body.registration.Check() == nil { // else nothing comes of it, and its e-mail address may be anybody's
		if err := a.limitEmail(ctx, in.Body.registration.Email); err != nil {
			return nil, err
		}
	}
	s, err := a.accounts.Register(ctx, in.Body.registration, client(ctx))
	if err != nil {
		return nil, a.refusedSignIn(ctx, audit.RegistrationRefused, in.Body.registration.Email, err)
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
type loginInput struct{ Body loginBody }

// login signs in who knows the password.
func (a *API) login(ctx context.Context, in *loginInput) (*signInOutput, error) {
	if err := a.limitEmail(ctx, in.Body.email); err != nil {
		return nil, err
	}
	s, err := a.accounts.Login(ctx, in.Body.email, in.Body.password, client(ctx))
	if err != nil {
		return nil, a.refusedSignIn(ctx, audit.SignInRefused, in.Body.email, err)
	}
	recordOf(ctx).user = s.Person.ID
	a.audit(ctx, audit.SignedIn)
	return signedIn(http.StatusOK, s), nil
}

// refreshInput has a refresh token.
type refreshInput struct{ Body refreshBody }

// tokensOutput answers with tokens.
type tokensOutput struct {
	Body struct {
		Token             string `json:"token" doc:"The access token, a JWT that is good for 15 minutes"`
		RefreshToken      string `json:"refreshToken" doc:"What gets the next one: the same as before, unless tokens are rotated"`
		SnakeRefreshToken string `json:"refresh_token"`
	}
}

// refresh answers with a new access token.
func (a *API) refresh(ctx context.Context, in *refreshInput) (*tokensOutput, error) {
	t, err := a.accounts.Refresh(ctx, in.Body.token, client(ctx))
	if err != nil {
		return nil, a.refusedRefresh(ctx, err)
	}
	out := &tokensOutput{}
	out.Body.Token, out.Body.RefreshToken, out.Body.SnakeRefreshToken = t.Access, t.Refresh, t.Refresh
	return out, nil
}

// logoutInput says whose session is to end: by the bearer token, or by a refresh token in a body.
type logoutInput struct {
	Body refreshBody

	header http.Header
}

// Resolve implements huma.Resolver.
func (in *logoutInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.header = r.Header
	return nil
}

// messageOutput says that something was done.
type messageOutput struct {
	Body struct {
		Message string `json:"message"`
	}
}

// said returns the answer with this message.
func said(message string) *messageOutput {
	out := &messageOutput{}
	out.Body.Message = message
	return out
}

// logout ends the session of a bearer token, which may have expired meanwhile, and that of a refresh token.
func (a *API) logout(ctx context.Context, in *logoutInput) (*messageOutput, error) {
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
type passwordInput struct{ Body passwordBody }

// changePassword replaces the caller's password and ends their other sessions.
func (a *API) changePassword(ctx context.Context, in *passwordInput) (*messageOutput, error) {
	if err := a.limitAccount(ctx); err != nil {
		return nil, err
	}
	if err := a.personalData.Admit(ctx, caller(ctx)); err != nil {
		return nil, err
	}
	err := a.accounts.ChangePassword(ctx, sessionOf(ctx), in.Body.current, in.Body.replacement)
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
