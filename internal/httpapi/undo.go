package httpapi

import (
	"context"
	"net/http"

	"todod/internal/todo"
)

// undoBody names what to take back.
type undoBody struct {
	Rev int64  `json:"rev,omitempty" minimum:"1" doc:"A revision: all changes that were made together with it"`
	Key string `json:"key,omitempty" maxLength:"255" doc:"An Idempotency-Key: all changes that its request made"`

	reading
	rev todo.Opt[int64]
	key todo.Opt[string]
}

// read implements object.
func (b *undoBody) read(data []byte) {
	b.fault = readObject(data, members{
		"rev": notNull(parsedInto(&b.rev, "a positive whole number", func(n int64) (int64, bool) { return n, n > 0 })),
		"key": notNull(parsedInto(&b.key, "an Idempotency-Key", func(s string) (string, bool) { return s, isKey(s) })),
	}, refuse)
	if b.fault == nil && (b.rev.V == 0) == (b.key.V == "") {
		b.fault = todo.InvalidFields(todo.FieldError{Field: "rev", Message: "or key must come, and not both"})
	}
}

// undoInput names what to take back.
type undoInput struct{ Body undoBody }

// changeSetOutput answers with changes that were made together.
type changeSetOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
	Body     struct {
		Changes   []change `json:"changes" doc:"In the order of their revisions, the first 100 of them; sync has the rest"`
		ChangeSet *int64   `json:"change_set" nullable:"true" doc:"The first of these revisions, for undo; null if nothing had to be changed"`
		Total     int      `json:"total" doc:"How many changes were made"`
		HasMore   bool     `json:"has_more" doc:"There are more than these"`
	}
}

// changeSet answers with changes that do made with the options of the request, and counts what they cost. To be told of them
// again costs no more than to ask.
func (a *API) changeSet(ctx context.Context, do func(todo.WriteOptions) (todo.ChangeSet, error)) (*changeSetOutput, error) {
	opts, err := requestOptionsOf(ctx).writeOptions(http.StatusOK)
	if err != nil {
		return nil, err
	}
	set, err := do(opts)
	if err != nil {
		return nil, err
	}
	if !set.Replayed {
		a.payAfter(ctx, set.Total)
	}
	out := &changeSetOutput{Replayed: replayHeader(set.Replayed)}
	out.Body.Total, out.Body.HasMore = set.Total, set.Total > len(set.Changes)
	out.Body.Changes = make([]change, len(set.Changes))
	for i, c := range set.Changes {
		out.Body.Changes[i] = wireChange(c)
	}
	if rev := int64(set.Rev); rev > 0 {
		out.Body.ChangeSet = &rev
	}
	return out, nil
}

// undo takes back changes that were made together.
func (a *API) undo(ctx context.Context, in *undoInput) (*changeSetOutput, error) {
	return a.changeSet(ctx, func(opts todo.WriteOptions) (todo.ChangeSet, error) {
		return a.tasks.Undo(ctx, caller(ctx), todo.Rev(in.Body.rev.V), in.Body.key.V, opts)
	})
}

// completeAll completes all open tasks.
func (a *API) completeAll(ctx context.Context, _ *struct{}) (*changeSetOutput, error) {
	return a.changeSet(ctx, func(opts todo.WriteOptions) (todo.ChangeSet, error) {
		return a.tasks.CompleteAll(ctx, caller(ctx), opts)
	})
}

// clearCompleted moves all completed tasks to the trash.
func (a *API) clearCompleted(ctx context.Context, _ *struct{}) (*changeSetOutput, error) {
	return a.changeSet(ctx, func(opts todo.WriteOptions) (todo.ChangeSet, error) {
		return a.tasks.ClearCompleted(ctx, caller(ctx), opts)
	})
}
