package httpapi

import (
	"context"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/account"
	"todod/internal/todo"
)

// grantPath is where a form with an e-mail address and a password gets a token.
const grantPath = "/api/auth/token"

// passwordGrant is a sign-in as forms send it: the password grant of OAuth 2 (RFC 6749, section 4.3), which the
// documentation page and tools know how to ask for.
type passwordGrant struct {
	reading
	as credentials
}

// grantFields are the fields of a passwordGrant, as they are described. Others, such as those of a client, are ignored.
func grantFields() members {
	return members{
		{name: "grant_type", schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"password"}}},
		{name: "username", required: true, schema: described(triedEmailSchema, "The e-mail address")},
		{name: "password", required: true, schema: triedPasswordSchema},
	}
}

// read implements object.
func (g *passwordGrant) read(data []byte) {
	form, err := url.ParseQuery(string(data))
	if err != nil {
		g.fault = todo.InvalidFields(todo.FieldError{Field: "body", Message: "must be a form"})
		return
	}
	var faults []todo.FieldError
	for _, field := range grantFields() {
		switch values := form[field.name]; {
		case len(values) > 1:
			faults = append(faults, todo.FieldError{Field: field.name, Message: "must not come twice"})
		case field.required && len(values) == 0:
			faults = append(faults, todo.FieldError{Field: field.name, Message: "is required"})
		}
	}
	if grant := form.Get("grant_type"); grant != "" && grant != "password" {
		faults = append(faults, todo.FieldError{Field: "grant_type", Message: "must be password"})
	}
	g.fault = todo.InvalidFields(faults...)
	g.as.email, g.as.password = form.Get("username"), form.Get("password")
}

// TransformSchema implements huma.SchemaTransformer.
func (*passwordGrant) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return open(grantFields())
}

// tokenInput is a sign-in by a form.
type tokenInput struct {
	Body passwordGrant `contentType:"application/x-www-form-urlencoded"`
}

// accessToken is a token as OAuth 2 answers it (RFC 6749, section 5.1).
type accessToken struct {
	AccessToken  string `json:"access_token" doc:"For Authorization: Bearer"`
	TokenType    string `json:"token_type" enum:"bearer"`
	ExpiresIn    int    `json:"expires_in" doc:"Seconds"`
	RefreshToken string `json:"refresh_token" doc:"For POST /api/auth/refresh"`
}

// tokenOutput answers a sign-in by a form.
type tokenOutput struct{ Body accessToken }

// createToken signs in who knows the password, as login does.
func (a *resources) createToken(ctx context.Context, in *tokenInput) (*tokenOutput, error) {
	s, err := a.signIn(ctx, in.Body.as)
	if err != nil {
		return nil, err
	}
	return &tokenOutput{accessToken{
		AccessToken: s.Tokens.Access, TokenType: "bearer", ExpiresIn: int(account.AccessLifetime.Seconds()), RefreshToken: s.Tokens.Refresh,
	}}, nil
}
