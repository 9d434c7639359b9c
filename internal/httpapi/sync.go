package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// tombstone is what goes out of an object that is in the trash or gone.
type tombstone struct {
	ID        int64     `json:"id"`
	Version   int64     `json:"version"`
	DeletedAt timestamp `json:"deleted_at"`
}

// changedObject is a task, list or label as a change left it: itself, or a tombstone.
type changedObject todo.Change

// MarshalJSON implements json.Marshaler.
func (c changedObject) MarshalJSON() ([]byte, error) {
	switch gone := todo.Change(c).Gone(); {
	case !gone && c.Object != nil:
		return appendObject(nil, c.Object), nil
	case !gone:
		return json.Marshal(wire(c.Task))
	}
	at := c.At
	if c.Task.DeletedAt != nil {
		at = *c.Task.DeletedAt
	}
	return json.Marshal(tombstone{ID: c.Task.ID, Version: int64(c.Rev), DeletedAt: timestamp(at)})
}

// Schema implements huma.SchemaProvider: which of the two it is, change describes.
func (changedObject) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// change is an entry of the log on the wire.
type change struct {
	Rev   int64          `json:"rev"`
	Op    string         `json:"op"`
	Kind  string         `json:"kind,omitempty"`
	Task  *changedObject `json:"task,omitempty"`
	List  *changedObject `json:"list,omitempty"`
	Label *changedObject `json:"label,omitempty"`

	Occurrence *occurrence `json:"occurrence,omitempty"`
}

// TransformSchema implements huma.SchemaTransformer: what a change left, its op tells.
func (change) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	of := func(left map[string]*huma.Schema, ops ...todo.Op) *huma.Schema {
		names := make([]any, len(ops))
		for i, op := range ops {
			names[i] = op.String()
		}
		left["rev"] = described(integer(1), "The owner's revision that it made")
		left["op"] = &huma.Schema{Type: huma.TypeString, Enum: names}
		left["kind"] = &huma.Schema{
			Type: huma.TypeString, Enum: kindNames(), Description: "What was changed: the member of this name. Absent where only tasks were asked for",
		}
		return &huma.Schema{Type: huma.TypeObject, Required: []string{"rev", "op"}, Properties: left}
	}
	gone := schemaOf[tombstone](r)
	return union(r, "op", map[string]*huma.Schema{
		"TaskChange": of(map[string]*huma.Schema{
			"task": schemaOf[task](r), "list": schemaOf[list](r), "label": schemaOf[label](r), "occurrence": schemaOf[occurrence](r),
		}, todo.Created, todo.Updated, todo.Completed, todo.Reopened, todo.Restored),
		"TaskRemoval": of(map[string]*huma.Schema{"task": gone, "list": gone, "label": gone}, todo.Deleted, todo.Purged),
	})
}

// wireChange returns c as it goes out. A task of which only the fact of its changes is left has been purged, whatever the
// change did.
//
// Its kind is said to those who asked for kinds, and always of what isn't a task.
func wireChange(c todo.Change, kinds bool) change {
	if c.Blank() {
		c.Op = todo.Purged
	}
	out := change{Rev: int64(c.Rev), Op: c.Op.String(), Occurrence: occurrenceOf(&c)}
	if kinds || c.Object != nil {
		out.Kind = c.Kind().String()
	}
	left := (*changedObject)(&c)
	switch c.Kind() {
	case todo.KindTask:
		out.Task = left
	case todo.KindList:
		out.List = left
	case todo.KindLabel:
		out.Label = left
	}
	return out
}

// syncInput says from where on a client wants to know.
type syncInput struct {
	Kinds kindSet `query:"kinds" doc:"What is told of, comma-separated: task, list, label. Absent: what since was of, or tasks only. Each change says its kind then"`
	Since string  `query:"since" doc:"next of the answer before; absent for everything there is"`
}

// syncOutput answers with what has changed.
type syncOutput struct{ Body syncPage }

// syncPage is what has changed since a client asked before.
type syncPage struct {
	Changes []change `json:"changes" doc:"The last one of each object"`
	Next    string   `json:"next" doc:"What to send as since next time"`
	HasMore bool     `json:"has_more" doc:"There is more already"`
}

// sync answers with what the caller doesn't know yet.
func (a *resources) sync(ctx context.Context, in *syncInput) (*syncOutput, error) {
	page, err := a.tasks.Sync(ctx, caller(ctx), in.Since, in.Kinds.asked())
	if err != nil {
		return nil, err
	}
	out := &syncOutput{}
	out.Body.Changes, out.Body.Next, out.Body.HasMore = make([]change, len(page.Changes)), page.Next, page.More
	for i, c := range page.Changes {
		out.Body.Changes[i] = wireChange(c, page.Kinds != 0)
	}
	return out, nil
}
