package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// undoRequest names what to take back.
type undoRequest struct {
	reading
	rev todo.Opt[int64]
	key todo.Opt[string]
}

// members returns what may name changes.
func (b *undoRequest) members() members {
	return members{
		{
			name: "rev", schema: described(integer(1), "A revision: all changes that were made together with it"),
			read: notNull(parsedInto(&b.rev, "a positive whole number", positive)),
		},
		{
			name: "key", schema: described(keySchema(), "An Idempotency-Key: all changes that its request made"),
			read: notNull(parsedInto(&b.key, "an Idempotency-Key", func(s string) (string, bool) { return s, isKey(s) })),
		},
	}
}

// TransformSchema implements huma.SchemaTransformer.
func (b *undoRequest) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(b.members())
	s.Description = "One of the two"
	s.Examples = []any{map[string]any{"rev": 7}}
	return s
}

// read implements object.
func (b *undoRequest) read(data []byte) {
	b.fault = readObject(data, b.members(), refuse)
	if b.fault == nil && (b.rev.V == 0) == (b.key.V == "") {
		b.fault = todo.InvalidFields(todo.FieldError{Field: "rev", Message: "or key must come, and not both"})
	}
}

// undoInput names what to take back.
type undoInput struct{ Body undoRequest }

// changeSetOutput answers with changes that were made together.
type changeSetOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
	Body     changeSet
}

// changeSet is changes that were made together.
type changeSet struct {
	Changes   []change `json:"changes" doc:"In the order of their revisions, the first 100 of them; sync has the rest"`
	ChangeSet *int64   `json:"change_set" nullable:"true" doc:"The first of these revisions, for undo; null if nothing had to be changed"`
	Total     int      `json:"total" doc:"How many changes were made"`
	HasMore   bool     `json:"has_more" doc:"There are more than these"`
}

// changeSet answers with changes that do made with the options of the request, and counts what they cost. To be told of them
// again costs no more than to ask. What came in while another set of the caller's was made is only begun if something is left when
// that is paid.
func (a *resources) changeSet(ctx context.Context, do func(todo.WriteOptions) (todo.ChangeSet, error)) (*changeSetOutput, error) {
	opts, err := requestOptionsOf(ctx).writeOptions(http.StatusOK)
	if err != nil {
		return nil, err
	}
	leave, err := a.payInTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
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
		out.Body.Changes[i] = wireChange(c, false)
	}
	if rev := int64(set.Rev); rev > 0 {
		out.Body.ChangeSet = &rev
	}
	return out, nil
}

// payInTurn waits until nothing else of the caller's is done that is paid for afterwards; leave lets the next begin.
func (a *resources) payInTurn(ctx context.Context) (leave func(), err error) {
	by := caller(ctx).ID
	if err := a.till.enter(ctx, by); err != nil {
		return nil, err
	}
	if err := a.owes(ctx); err != nil {
		a.till.leave(by)
		return nil, err
	}
	return func() { a.till.leave(by) }, nil
}

// undo takes back changes that were made together.
func (a *resources) undo(ctx context.Context, in *undoInput) (*changeSetOutput, error) {
	return a.changeSet(ctx, func(opts todo.WriteOptions) (todo.ChangeSet, error) {
		return a.tasks.Undo(ctx, caller(ctx), todo.Rev(in.Body.rev.V), in.Body.key.V, opts)
	})
}

// completeAllTasks completes all open tasks.
func (a *resources) completeAllTasks(ctx context.Context, _ *struct{}) (*changeSetOutput, error) {
	return a.changeSet(ctx, func(opts todo.WriteOptions) (todo.ChangeSet, error) {
		return a.tasks.CompleteAll(ctx, caller(ctx), opts)
	})
}

// clearCompletedTasks moves all completed tasks to the trash.
func (a *resources) clearCompletedTasks(ctx context.Context, _ *struct{}) (*changeSetOutput, error) {
	return a.changeSet(ctx, func(opts todo.WriteOptions) (todo.ChangeSet, error) {
		return a.tasks.ClearCompleted(ctx, caller(ctx), opts)
	})
}
