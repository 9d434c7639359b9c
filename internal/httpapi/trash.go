package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// trashInput is what of the trash can be asked for.
type trashInput struct {
	Kind   oneKind `query:"kind" doc:"What is wanted: tasks, if absent. All there are of the others are on one page"`
	Limit  number  `query:"limit" minimum:"1" maximum:"1000" doc:"100 if absent"`
	Offset number  `query:"offset" minimum:"0" doc:"Pass over so many; a cursor is steadier"`
	Cursor string  `query:"cursor" doc:"Go on where the page ended whose Link had it"`
	Count  flag    `query:"count" doc:"Also answer X-Total-Count"`
}

// trashed is a task, list or label in the trash, or out of it again.
type trashed struct {
	task   todo.Task
	object *todo.Object
}

// MarshalJSON implements json.Marshaler.
func (t trashed) MarshalJSON() ([]byte, error) {
	if t.object != nil {
		return appendObject(nil, t.object), nil
	}
	return json.Marshal(wire(t.task))
}

// TransformSchema implements huma.SchemaTransformer: what all kinds have is required.
func (trashed) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	s.Properties = map[string]*huma.Schema{}
	for _, kind := range []*huma.Schema{schemaOf[label](r), schemaOf[list](r), schemaOf[task](r)} {
		for name, property := range r.SchemaFromRef(kind.Ref).Properties {
			s.Properties[name] = copied(property)
		}
	}
	s.Required = []string{"id", "user_id", "created_at", "updated_at", "version"}
	s.Description = "A task, or a list or label, which have a name instead of a title"
	s.Examples = []any{exampleTask}
	return s
}

// trashOutput answers with what is in the trash.
type trashOutput struct {
	ListHeaders
	Status int
	Body   []trashed
}

// listTrash answers with what the caller has in the trash, the latest first.
func (a *resources) listTrash(ctx context.Context, in *trashInput) (*trashOutput, error) {
	if k := in.Kind.kind; k != 0 && k != todo.KindTask {
		return a.listTrashOf(ctx, k, in)
	}
	page, headers, err := a.list(ctx, trashShape, todo.Filter{
		Trash: true, Order: todo.LatestDeletedFirst(), Limit: in.Limit.or(todo.DefaultLimit), Offset: in.Offset.or(0),
		Cursor: in.Cursor, Count: in.Count.value != nil && *in.Count.value,
	})
	if err != nil {
		return nil, err
	}
	out := &trashOutput{Status: statusOf(page), ListHeaders: headers, Body: make([]trashed, len(page.Tasks))}
	for i, t := range page.Tasks {
		out.Body[i].task = t
	}
	return out, nil
}

// listTrashOf answers with the lists or labels that the caller has in the trash. There are so few that pages are cut from all
// of them, by offset.
func (a *resources) listTrashOf(ctx context.Context, k todo.Kind, in *trashInput) (*trashOutput, error) {
	f := todo.Filter{Limit: in.Limit.or(todo.DefaultLimit), Offset: in.Offset.or(0)}
	if f.Limit < 1 || f.Limit > todo.MaxLimit {
		return nil, todo.InvalidFields(todo.FieldError{Field: "limit", Message: fmt.Sprintf("must be a whole number from 1 to %d", todo.MaxLimit)})
	}
	if in.Cursor != "" {
		return nil, todo.InvalidFields(todo.FieldError{Field: "cursor", Message: "must be one that came with the same query"})
	}
	all, state, err := a.tasks.Objects(ctx, caller(ctx), k, true)
	if err != nil {
		return nil, err
	}
	out := &trashOutput{Body: []trashed{}}
	out.ETag = listTag(state, listEnding(f, shape("trash of "+k.String()+" 1")))
	if in.Count.value != nil && *in.Count.value {
		out.TotalCount = strconv.Itoa(len(all))
	}
	all = all[min(f.Offset, len(all)):]
	if len(all) > f.Limit {
		all = all[:f.Limit]
		query := requestOptionsOf(ctx).r.URL.Query()
		query.Set("limit", strconv.Itoa(f.Limit))
		query.Set("offset", strconv.Itoa(f.Offset+f.Limit))
		out.Link = fmt.Sprintf(`<%s?%s>; rel="next"`, requestOptionsOf(ctx).r.URL.Path, query.Encode())
	}
	for _, o := range all {
		out.Body = append(out.Body, trashed{object: &o})
	}
	out.Status, err = statusUnless(ctx, out.ETag)
	return out, err
}

// trashedOutput answers with what came out of the trash.
type trashedOutput struct {
	AnswerHeaders
	Status int
	Body   trashed
}

// restoreTask takes a task, list or label out of the trash, a list with the tasks that went there with it.
func (a *resources) restoreTask(ctx context.Context, in *idInput) (*trashedOutput, error) {
	out, err := a.paidAfter(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Restore(ctx, caller(ctx), in.ID.n, opts)
	})
	if err != nil {
		return nil, err
	}
	return &trashedOutput{AnswerHeaders: headersOf(out), Status: http.StatusOK, Body: trashed{out.Task, out.Object}}, nil
}

// purgeTask removes a task, list or label in the trash for good.
func (a *resources) purgeTask(ctx context.Context, in *idInput) (*doneOutput, error) {
	return done(a.paidAfter(ctx, http.StatusNoContent, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Purge(ctx, caller(ctx), in.ID.n, opts)
	}))
}
