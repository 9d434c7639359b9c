package httpapi

import (
	"context"

	"todod/internal/todo"
)

// operationInput names a change by its key.
type operationInput struct {
	Key string `path:"key" doc:"The Idempotency-Key that the request had"`
}

// operation is a change that was carried out, and how it was answered.
type operation struct {
	Key    string    `json:"key"`
	Status int       `json:"status" doc:"Of the answer"`
	At     timestamp `json:"at"`
	Task   *task     `json:"task,omitempty" doc:"Of a write of one task: as that left it; absent if it was deleted, or has gone for good since"`
	List   *list     `json:"list,omitempty" doc:"The same of a list"`
	Label  *label    `json:"label,omitempty" doc:"The same of a label"`

	Changes []change `json:"changes" doc:"What it changed, in the order of the revisions, the first 100 of it; empty if nothing had to be"`
	Total   int      `json:"total" doc:"How many changes it made"`
	HasMore bool     `json:"has_more" doc:"There are more than these"`
}

// operationOutput answers with what came of a change.
type operationOutput struct{ Body operation }

// getOperation answers whether the change with a key was carried out, and what came of it.
func (a *resources) getOperation(ctx context.Context, in *operationInput) (*operationOutput, error) {
	if !isKey(in.Key) {
		return nil, todo.NoOperation()
	}
	op, err := a.tasks.Operation(ctx, caller(ctx), in.Key)
	if err != nil {
		return nil, err
	}
	out := &operationOutput{Body: operation{Key: op.Key, Status: op.Status, At: timestamp(op.At)}}
	out.Body.Total, out.Body.HasMore = op.Total, op.Total > len(op.Changes)
	out.Body.Changes = make([]change, len(op.Changes))
	for i, c := range op.Changes {
		out.Body.Changes[i] = wireChange(c, false)
	}
	if o := op.Object; o != nil && o.Name != "" && o.DeletedAt == nil {
		switch o.Kind {
		case todo.KindList:
			out.Body.List = new(wireList(*o))
		case todo.KindLabel:
			out.Body.Label = new(wireLabel(*o))
		case todo.KindTask:
		}
	}
	if op.Object == nil && op.Task.Title != "" && op.Task.DeletedAt == nil {
		t := wire(op.Task)
		out.Body.Task = &t
	}
	return out, nil
}
