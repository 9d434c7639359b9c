package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/todo"
)

// profilePatch is what to change of the caller's account.
type profilePatch struct {
	reading
	profile account.Profile
}

// members returns what of an account its person may change here.
func (b *profilePatch) members() members {
	return members{
		{name: "name", schema: nameSchema, read: textInto(&b.profile.Name)},
		{name: "email", schema: emailSchema, read: textInto(&b.profile.Email)},
	}
}

// read implements object.
func (b *profilePatch) read(data []byte) { b.fault = readObject(data, b.members(), refuse) }

// TransformSchema implements huma.SchemaTransformer.
func (b *profilePatch) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return closed(b.members())
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

// me is who somebody is and how much there is of theirs, on the wire: every key is always there.
type me struct {
	ID        string     `json:"id"`
	Email     *string    `json:"email" nullable:"true" doc:"null if neither an account here nor a token has said"`
	Name      *string    `json:"name" nullable:"true" doc:"null if neither an account here nor a token has said"`
	CreatedAt *timestamp `json:"created_at" nullable:"true" doc:"Of the account here; without one, when they first wrote something, null for never"`
	Rev       int64      `json:"rev" doc:"Rises by one with every change of their data"`
	Tasks     taskCounts `json:"tasks"`
	Trash     int        `json:"trash" doc:"How many tasks are in the trash"`
}

// taskCounts are the numbers of somebody's tasks that are not in the trash.
type taskCounts struct {
	Total     int `json:"total"`
	Open      int `json:"open"`
	Completed int `json:"completed"`
	Overdue   int `json:"overdue" doc:"Open, and due before now, or on a day that is over"`
}

// wireMe returns o as it goes out.
func wireMe(o account.Overview) me {
	return me{
		ID: string(o.ID), Email: unlessEmpty(o.Email), Name: unlessEmpty(o.Name), CreatedAt: unlessZero(o.CreatedAt), Rev: int64(o.Rev),
		Trash: o.Trash, Tasks: taskCounts{Total: o.Open + o.Completed, Open: o.Open, Completed: o.Completed, Overdue: o.Overdue},
	}
}

// unlessEmpty returns nil for "".
func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// meOutput answers with who the caller is.
type meOutput struct{ Body me }

// meInput says where the caller is, for the answer.
type meInput struct {
	TZ zone `query:"tz" doc:"The time zone that says which day it is; UTC if absent"`
}

// getMe answers with who the caller is.
func (a *resources) getMe(ctx context.Context, in *meInput) (*meOutput, error) {
	o, err := a.personalData.Overview(ctx, caller(ctx), in.TZ.location())
	if err != nil {
		return nil, err
	}
	return &meOutput{Body: wireMe(o)}, nil
}

// profileInput is what to change of the caller's account.
type profileInput struct {
	meInput
	Body profilePatch
}

// updateMe changes the caller's name or e-mail address. Tokens say so from the next refresh on.
func (a *resources) updateMe(ctx context.Context, in *profileInput) (*meOutput, error) {
	if email := in.Body.profile.Email; email != nil { // the answer says whether it is taken, as that to a registration does
		if err := a.limitSignIn(ctx); err != nil {
			return nil, err
		}
		if err := a.limitEmail(ctx, *email); err != nil {
			return nil, err
		}
	}
	if err := a.personalData.Admit(ctx, caller(ctx)); err != nil {
		return nil, err
	}
	if _, err := a.accounts.ChangeProfile(ctx, sessionOf(ctx), in.Body.profile); err != nil {
		return nil, err
	}
	a.audit(ctx, audit.ProfileChanged)
	return a.getMe(ctx, &in.meInput)
}

// eraseMe erases the caller and everything of theirs.
func (a *resources) eraseMe(ctx context.Context, _ *struct{}) (*struct{}, error) {
	if err := a.limitAccount(ctx); err != nil {
		return nil, err
	}
	if err := a.personalData.Erase(ctx, caller(ctx), client(ctx)); err != nil {
		return nil, err
	}
	a.audit(ctx, audit.Erased)
	return &struct{}{}, nil
}
