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
	profile  account.Profile
	timeZone *string
}

// members returns what of an account its person may change here.
func (b *profilePatch) members() members {
	return members{
		{name: "name", schema: nameSchema, read: textInto(&b.profile.Name)},
		{name: "email", schema: emailSchema, read: textInto(&b.profile.Email)},
		{
			name: "time_zone", read: b.readTimeZone,
			schema: &huma.Schema{Type: huma.TypeString, Description: "By its IANA name", Examples: []any{"Europe/Berlin"}},
		},
	}
}

// readTimeZone reads the name of a time zone.
func (b *profilePatch) readTimeZone(value jsontext.Value) string {
	var z zone
	if message := textInto(&b.timeZone)(value); message != "" {
		return message
	}
	if err := z.UnmarshalText([]byte(*b.timeZone)); err != nil {
		return err.Error()
	}
	return ""
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
	TimeZone  string     `json:"time_zone" doc:"Where they are, by its IANA name: it says which day it is, and where dates begin; UTC if they haven't said"`
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
		Trash: o.Trash, TimeZone: o.TimeZone, Tasks: taskCounts{Total: o.Open + o.Completed, Open: o.Open, Completed: o.Completed, Overdue: o.Overdue},
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
	TZ zone `query:"tz" doc:"The time zone that says which day it is; the caller's own if absent"`
}

// getMe answers with who the caller is.
func (a *resources) getMe(ctx context.Context, in *meInput) (*meOutput, error) {
	o, err := a.personalData.Overview(ctx, caller(ctx), in.TZ.loc)
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

// updateMe changes the caller's name, e-mail address or time zone; the last only if the others can be changed, too. The time zone
// is kept here whoever keeps the account.
func (a *resources) updateMe(ctx context.Context, in *profileInput) (*meOutput, error) {
	if in.Body.timeZone == nil || in.Body.profile != (account.Profile{}) {
		if err := a.changeProfile(ctx, in.Body.profile); err != nil {
			return nil, err
		}
	}
	if name := in.Body.timeZone; name != nil {
		if err := a.tasks.SetTimeZone(ctx, caller(ctx), *name); err != nil {
			return nil, err
		}
	}
	return a.getMe(ctx, &in.meInput)
}

// changeProfile changes the caller's account. Tokens say so from the next refresh on.
func (a *resources) changeProfile(ctx context.Context, p account.Profile) error {
	if p.Email != nil { // the answer says whether it is taken, as that to a registration does
		if err := a.limitSignIn(ctx); err != nil {
			return err
		}
		if err := a.limitEmail(ctx, *p.Email); err != nil {
			return err
		}
	}
	if err := a.personalData.Admit(ctx, caller(ctx)); err != nil {
		return err
	}
	if _, err := a.accounts.ChangeProfile(ctx, sessionOf(ctx), p); err != nil {
		return err
	}
	a.audit(ctx, audit.ProfileChanged)
	return nil
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
