package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// An objectField is how a field of lists and labels is on the wire, described once, as taskField is of tasks.
type objectField struct {
	answer *huma.Schema
	body   *huma.Schema // nil for a field that nobody writes
	read   func(*todo.ObjectPatch) func(jsontext.Value) string
}

// objectFields are the fields of lists and labels on the wire, by name. Which ones a kind has, the domain says.
var objectFields = map[string]objectField{
	"name": {
		answer: &huma.Schema{Type: huma.TypeString},
		body:   &huma.Schema{Type: huma.TypeString, MinLength: new(1), Description: "Without the white space around it"},
		read:   func(p *todo.ObjectPatch) func(jsontext.Value) string { return into(&p.Name, "a string") },
	},
	"color": {
		answer: &huma.Schema{Type: huma.TypeString, Nullable: true, Examples: []any{"#1e90ff"}},
		body:   &huma.Schema{Type: huma.TypeString, Nullable: true, Pattern: "^#[0-9A-Fa-f]{6}$", Examples: []any{"#1e90ff"}},
		read:   func(p *todo.ObjectPatch) func(jsontext.Value) string { return into(&p.Color, "a string or null") },
	},
	"archived": {
		answer: &huma.Schema{Type: huma.TypeBoolean},
		body:   &huma.Schema{Type: huma.TypeBoolean, Description: "Put away: it is only listed when asked for. Its tasks are listed like others"},
		read:   func(p *todo.ObjectPatch) func(jsontext.Value) string { return into(&p.Archived, "true or false") },
	},
	"position": {answer: &huma.Schema{Type: huma.TypeString, Description: "Where it stands, compared by bytes"}},
}

// maxName is how long the name of an object of each kind may be, in code points.
var maxName = map[todo.Kind]int{todo.KindList: todo.MaxListName, todo.KindLabel: todo.MaxLabelName}

// objectAnswered are the fields that every object of a kind has in an answer, in their order.
var objectAnswered = func() map[todo.Kind][]*todo.ObjectField {
	all := map[todo.Kind][]*todo.ObjectField{}
	for kind := range maxName {
		for _, f := range todo.ObjectFields(kind) {
			switch _, known := objectFields[f.Name]; {
			case known:
				all[kind] = append(all[kind], f)
			case f.Name != "deleted_at":
				panic("httpapi: the field " + f.Name + " of a " + kind.String() + " is not described")
			}
		}
	}
	return all
}()

// objectReaders returns what reads the members that clients may write of an object of a kind into p.
func objectReaders(k todo.Kind, p *todo.ObjectPatch) lookup {
	return func(name string) func(jsontext.Value) string {
		for _, f := range objectAnswered[k] {
			if f.Name == name && objectFields[name].read != nil {
				return objectFields[name].read(p)
			}
		}
		return nil
	}
}

// objectMembers describes the members that clients may write of an object of a kind.
func objectMembers(k todo.Kind) (all members) {
	for _, f := range objectAnswered[k] {
		field := objectFields[f.Name]
		if field.read == nil {
			continue
		}
		schema := new(*field.body)
		if f.Name == "name" {
			schema.MaxLength = new(maxName[k])
		}
		all = append(all, member{name: f.Name, schema: schema})
	}
	return all
}

// listBody is a list as clients write it, labelBody a label.
type (
	listBody struct {
		reading
		patch todo.ObjectPatch
	}
	labelBody struct {
		reading
		patch todo.ObjectPatch
	}
)

// read implements object.
func (b *listBody) read(data []byte) {
	b.fault = readMembers(data, objectReaders(todo.KindList, &b.patch), refuse)
}

// read implements object.
func (b *labelBody) read(data []byte) {
	b.fault = readMembers(data, objectReaders(todo.KindLabel, &b.patch), refuse)
}

// What clients write: new objects, and what to change of some.
type (
	newList    struct{ listBody }
	listPatch  struct{ listBody }
	newLabel   struct{ labelBody }
	labelPatch struct{ labelBody }
)

// TransformSchema implements huma.SchemaTransformer.
func (newList) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return objectBodySchema(todo.KindList, map[string]any{"name": "Groceries", "color": "#1e90ff"}, "name")
}

// TransformSchema implements huma.SchemaTransformer.
func (listPatch) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return objectBodySchema(todo.KindList, map[string]any{"archived": true})
}

// TransformSchema implements huma.SchemaTransformer.
func (newLabel) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return objectBodySchema(todo.KindLabel, map[string]any{"name": "urgent", "color": "#dc143c"}, "name")
}

// TransformSchema implements huma.SchemaTransformer.
func (labelPatch) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return objectBodySchema(todo.KindLabel, map[string]any{"color": nil})
}

// objectBodySchema describes an object of a kind in bodies.
func objectBodySchema(k todo.Kind, example map[string]any, required ...string) *huma.Schema {
	s := closed(objectMembers(k), required...)
	s.Examples = []any{example}
	return s
}

// A list, and a label, on the wire: every key is always there, but for deleted_at.
type (
	list  struct{ of todo.Object }
	label struct{ of todo.Object }
)

// wireList and wireLabel return o as it goes out.
func wireList(o todo.Object) list { return list{o} }

// wireLabel returns o as it goes out.
func wireLabel(o todo.Object) label { return label{o} }

// MarshalJSON implements json.Marshaler.
func (l list) MarshalJSON() ([]byte, error) { return appendObject(nil, &l.of), nil }

// MarshalJSON implements json.Marshaler.
func (l label) MarshalJSON() ([]byte, error) { return appendObject(nil, &l.of), nil }

// TransformSchema implements huma.SchemaTransformer.
func (list) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return objectSchema(todo.KindList, s, map[string]any{
		"id": 43, "user_id": "KtuE43PE", "name": "Groceries", "color": "#1e90ff", "archived": false, "position": "V00V00000000I",
		"created_at": "2026-11-22T18:47:03.120000Z", "updated_at": "2026-11-22T18:47:03.120000Z", "version": 18,
	})
}

// TransformSchema implements huma.SchemaTransformer.
func (label) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return objectSchema(todo.KindLabel, s, map[string]any{
		"id": 44, "user_id": "KtuE43PE", "name": "urgent", "color": "#dc143c",
		"created_at": "2026-11-22T18:47:03.120000Z", "updated_at": "2026-11-22T18:47:03.120000Z", "version": 19,
	})
}

// objectSchema describes an object of a kind in answers.
func objectSchema(k todo.Kind, s *huma.Schema, example map[string]any) *huma.Schema {
	s.Properties = map[string]*huma.Schema{
		"id": integer(1), "user_id": {Type: huma.TypeString},
		"created_at": timestamp{}.Schema(nil), "updated_at": timestamp{}.Schema(nil),
		"version":    {Type: huma.TypeInteger, Format: "int64", Description: "Its owner's revision when it was last changed"},
		"deleted_at": described(timestamp{}.Schema(nil), "When it went to the trash; absent unless it is there"),
	}
	s.Required = []string{"id", "user_id"}
	for _, f := range objectAnswered[k] {
		s.Properties[f.Name] = copied(objectFields[f.Name].answer)
		s.Required = append(s.Required, f.Name)
	}
	s.Required = append(s.Required, "created_at", "updated_at", "version")
	s.Examples = []any{example}
	return s
}

// appendObject appends o to dst, as its kind goes out.
func appendObject(dst []byte, o *todo.Object) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), o.ID, 10)
	dst = appendText(append(dst, `,"user_id":`...), string(o.Owner))
	for _, f := range objectAnswered[o.Kind] {
		dst = append(append(append(dst, `,"`...), f.Name...), `":`...)
		dst = appendValue(dst, f.Name, f.Ref(o))
	}
	return append(appendStamps(dst, o.CreatedAt, o.UpdatedAt, o.Version, o.DeletedAt), '}')
}

// appendStamps appends what every object ends with.
func appendStamps(dst []byte, created, updated time.Time, version todo.Rev, deleted *time.Time) []byte {
	dst = appendTime(append(dst, `,"created_at":`...), created)
	dst = appendTime(append(dst, `,"updated_at":`...), updated)
	dst = strconv.AppendInt(append(dst, `,"version":`...), int64(version), 10)
	if deleted != nil {
		dst = appendTime(append(dst, `,"deleted_at":`...), *deleted)
	}
	return dst
}

// objectOutput answers with one object.
type objectOutput[W any] struct {
	AnswerHeaders
	Applied string `header:"Preference-Applied" doc:"merge, if that was preferred"`
	Status  int
	Body    W
}

// oneObject answers with the object that came of a change.
func oneObject[W any](out todo.WriteResult, wire func(todo.Object) W, err error) (*objectOutput[W], error) {
	if err != nil {
		return nil, err
	}
	return &objectOutput[W]{AnswerHeaders: headersOf(out), Status: http.StatusOK, Body: wire(*out.Object)}, nil
}

// madeOutput answers with a new object and where it is.
type madeOutput[W any] struct {
	AnswerHeaders
	Location string `header:"Location" doc:"The path of what was made"`
	Body     W
}

// objectsOutput answers with all objects of a kind.
type objectsOutput[W any] struct {
	ETag   string `header:"ETag" doc:"For If-None-Match"`
	Status int
	Body   []W
}

// objectsOf answers with the caller's objects of a kind that keep lets through. ending tells the answer from others of the
// same state of their data.
func objectsOf[W any](
	ctx context.Context, a *resources, k todo.Kind, wire func(todo.Object) W, ending string, keep func(todo.Object) bool,
) (*objectsOutput[W], error) {
	all, state, err := a.tasks.Objects(ctx, caller(ctx), k, false)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(ending))
	out := &objectsOutput[W]{ETag: listTag(state, "-"+hex.EncodeToString(sum[:12])), Body: []W{}}
	for _, o := range all {
		if keep(o) {
			out.Body = append(out.Body, wire(o))
		}
	}
	out.Status, err = statusUnless(ctx, out.ETag)
	return out, err
}

// makeObject makes an object of a kind.
func makeObject[W any](
	ctx context.Context, a *resources, k todo.Kind, wire func(todo.Object) W, p todo.ObjectPatch,
) (*madeOutput[W], error) {
	out, err := withOptions(ctx, http.StatusCreated, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.CreateObject(ctx, caller(ctx), k, p, opts)
	})
	if err != nil {
		return nil, err
	}
	return &madeOutput[W]{headersOf(out), fmt.Sprintf("/api/v1/%ss/%d", k, out.Object.ID), wire(*out.Object)}, nil
}

// readObjectOf answers with an object of a kind.
func readObjectOf[W any](
	ctx context.Context, a *resources, k todo.Kind, wire func(todo.Object) W, id int64,
) (*objectOutput[W], error) {
	o, err := a.tasks.Object(ctx, caller(ctx), k, id)
	out, err := oneObject(todo.WriteResult{Object: &o}, wire, err)
	if err != nil {
		return nil, err
	}
	out.Status, err = statusUnless(ctx, out.ETag)
	return out, err
}

// changeObject changes what p names of an object of a kind and keeps the rest. If it may be merged and that is preferred, it
// goes over what was changed since in other fields.
func changeObject[W any](
	ctx context.Context, a *resources, k todo.Kind, wire func(todo.Object) W, id int64, p todo.ObjectPatch, mayMerge bool,
) (*objectOutput[W], error) {
	merged := false
	out, err := withOptions(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		if merged = mayMerge && wantsMerge(requestOptionsOf(ctx).r, opts); merged {
			return a.tasks.MergeObject(ctx, caller(ctx), k, id, p, opts)
		}
		return a.tasks.UpdateObject(ctx, caller(ctx), k, id, p, opts)
	})
	answer, err := oneObject(out, wire, err)
	if err == nil && merged {
		answer.Applied = "merge"
	}
	return answer, err
}

// deleteObject moves an object of a kind to the trash, and counts what that costs.
func (a *resources) deleteObject(ctx context.Context, k todo.Kind, id int64) (*doneOutput, error) {
	return done(a.paidAfter(ctx, http.StatusNoContent, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.DeleteObject(ctx, caller(ctx), k, id, opts)
	}))
}

// paidAfter has do make a change whose price is known when it is done. See changeSet.
func (a *resources) paidAfter(
	ctx context.Context, status int, do func(todo.WriteOptions) (todo.WriteResult, error),
) (todo.WriteResult, error) {
	return withOptions(ctx, status, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		leave, err := a.payInTurn(ctx)
		if err != nil {
			return todo.WriteResult{}, err
		}
		defer leave()
		out, err := do(opts)
		if err == nil && !out.Replayed {
			a.payAfter(ctx, out.Total-1)
		}
		return out, err
	})
}

// paidAlong has do make a change of one task, along with which relatives of it may be changed: few, and paid for afterwards.
func (a *resources) paidAlong(
	ctx context.Context, status int, do func(todo.WriteOptions) (todo.WriteResult, error),
) (todo.WriteResult, error) {
	out, err := withOptions(ctx, status, do)
	if err == nil && !out.Replayed {
		a.payAfter(ctx, out.Total-1)
	}
	return out, err
}
