package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// tombstone is what goes out of a task that is in the trash or gone.
type tombstone struct {
	ID        int64     `json:"id"`
	Version   int64     `json:"version"`
	DeletedAt timestamp `json:"deleted_at"`
}

// changedTask is a task as a change left it: a task, or a tombstone.
type changedTask todo.Change

// MarshalJSON implements json.Marshaler.
func (c changedTask) MarshalJSON() ([]byte, error) {
	if !todo.Change(c).Gone() {
		return json.Marshal(wire(c.Task))
	}
	at := c.At
	if c.Task.DeletedAt != nil {
		at = *c.Task.DeletedAt
	}
	return json.Marshal(tombstone{ID: c.Task.ID, Version: int64(c.Rev), DeletedAt: timestamp(at)})
}

// Schema implements huma.SchemaProvider: which of the two it is, change describes.
func (changedTask) Schema(huma.Registry) *huma.Schema { return &huma.Schema{} }

// change is an entry of the log on the wire.
type change struct {
	Rev  int64       `json:"rev"`
	Op   string      `json:"op"`
	Task changedTask `json:"task"`
}

// TransformSchema implements huma.SchemaTransformer: what a change left, its op tells.
func (change) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	of := func(left *huma.Schema, ops ...todo.Op) *huma.Schema {
		names := make([]any, len(ops))
		for i, op := range ops {
			names[i] = op.String()
		}
		return &huma.Schema{Type: huma.TypeObject, Required: []string{"rev", "op", "task"}, Properties: map[string]*huma.Schema{
			"rev": described(integer(1), "The owner's revision that it made"), "op": {Type: huma.TypeString, Enum: names}, "task": left,
		}}
	}
	return union(r, "op", map[string]*huma.Schema{
		"TaskChange":  of(schemaOf[task](r), todo.Created, todo.Updated, todo.Completed, todo.Reopened, todo.Restored),
		"TaskRemoval": of(schemaOf[tombstone](r), todo.Deleted, todo.Purged),
	})
}

// wireChange returns c as it goes out. A task of which only the fact of its changes is left has been purged, whatever the
// change did.
func wireChange(c todo.Change) change {
	if c.Blank() {
		c.Op = todo.Purged
	}
	return change{Rev: int64(c.Rev), Op: c.Op.String(), Task: changedTask(c)}
}

// syncInput says from where on a client wants to know.
type syncInput struct {
	Since string `query:"since" doc:"next of the answer before; absent for everything there is"`
}

// syncOutput answers with what has changed.
type syncOutput struct{ Body syncPage }

// syncPage is what has changed since a client asked before.
type syncPage struct {
	Changes []change `json:"changes" doc:"The last one of each task"`
	Next    string   `json:"next" doc:"What to send as since next time"`
	HasMore bool     `json:"has_more" doc:"There is more already"`
}

// sync answers with what the caller doesn't know yet.
func (a *resources) sync(ctx context.Context, in *syncInput) (*syncOutput, error) {
	page, err := a.tasks.Sync(ctx, caller(ctx), in.Since)
	if err != nil {
		return nil, err
	}
	out := &syncOutput{}
	out.Body.Changes, out.Body.Next, out.Body.HasMore = make([]change, len(page.Changes)), page.Next, page.More
	for i, c := range page.Changes {
		out.Body.Changes[i] = wireChange(c)
	}
	return out, nil
}
