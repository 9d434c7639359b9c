package httpapi

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/account"
	"todod/internal/todo"
)

// profileBody is what to change of the caller's account.
type profileBody struct {
	Name  string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Email string `json:"email,omitempty" format:"email" maxLength:"254" doc:"Compared without case"`

	reading
	profile account.Profile
}

// read implements object.
func (b *profileBody) read(data []byte) {
	b.fault = readObject(data, members{"name": textInto(&b.profile.Name), "email": textInto(&b.profile.Email)}, refuse)
}

// textInto returns what reads a string into dst; null is none.
func textInto(dst **string) func(jsontext.Value) string {
	return func(value jsontext.Value) string {
		var s todo.Opt[string]
		if message := into(&s, "a string")(value); message != "" || s.Null {
			return "must be a string"
		}
		*dst = &s.V
		return ""
	}
}

// profile is the caller's account on the wire.
type profile struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	CreatedAt timestamp `json:"created_at"`
}

// profileInput is what to change of the caller's account.
type profileInput struct{ Body profileBody }

// profileOutput answers with the caller's account.
type profileOutput struct{ Body profile }

// updateMe changes the caller's name or e-mail address. Tokens say so from the next refresh on.
func (a *API) updateMe(ctx context.Context, in *profileInput) (*profileOutput, error) {
	p, err := a.accounts.ChangeProfile(ctx, sessionOf(ctx), in.Body.profile)
	if err != nil {
		return nil, err
	}
	return &profileOutput{Body: profile{
		ID: string(p.ID), Email: p.Email, Name: p.Name, CreatedAt: timestamp(p.CreatedAt),
	}}, nil
}
