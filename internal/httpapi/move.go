package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// moveBody says where something is to stand.
type moveBody struct {
	reading
	move todo.Move
}

// neighbours are the members that say beside what.
func (b *moveBody) neighbours() members {
	return members{
		{
			name: "after", schema: nullable(described(integer(1), "What it is to stand behind; null: nothing, so that it is the first")),
			read: into(&b.move.After, "a whole number or null"),
		},
		{
			name: "before", schema: nullable(described(integer(1), "What it is to stand in front of; null: nothing, so that it is the last")),
			read: into(&b.move.Before, "a whole number or null"),
		},
	}
}

// taskMove is where a task is to stand.
type taskMove struct{ moveBody }

// members returns what a move of a task may say.
func (b *taskMove) members() members {
	return append(b.neighbours(),
		member{
			name: "list_id", schema: nullable(described(integer(1), "The list to put it into; absent: where it is")),
			read: into(&b.move.ListID, "a whole number or null"),
		},
		member{
			name: "parent_id", schema: nullable(described(integer(1), "The task to make it a part of; absent: as it is")),
			read: into(&b.move.ParentID, "a whole number or null"),
		})
}

// read implements object.
func (b *taskMove) read(data []byte) { b.fault = readObject(data, b.members(), refuse) }

// TransformSchema implements huma.SchemaTransformer.
func (b *taskMove) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(b.members())
	s.Description = "after or before, one of the two"
	s.Examples = []any{map[string]any{"after": 42}}
	return s
}

// listMove is where a list is to stand.
type listMove struct{ moveBody }

// read implements object.
func (b *listMove) read(data []byte) { b.fault = readObject(data, b.neighbours(), refuse) }

// TransformSchema implements huma.SchemaTransformer.
func (b *listMove) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := closed(b.neighbours())
	s.Description = "after or before, one of the two"
	s.Examples = []any{map[string]any{"before": nil}}
	return s
}

// moveTaskInput is where a task is to stand.
type moveTaskInput struct {
	ID   taskID `path:"id" doc:"The task's id"`
	Body taskMove
}

// moveTask puts a task somewhere else, with all that is under it. Its neighbours may get another position for that.
func (a *resources) moveTask(ctx context.Context, in *moveTaskInput) (*taskOutput, error) {
	return oneTask(a.paidAfter(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.MoveTask(ctx, caller(ctx), in.ID.n, in.Body.move, opts)
	}))
}

// moveListInput is where a list is to stand.
type moveListInput struct {
	ID   taskID `path:"id" doc:"The list's id"`
	Body listMove
}

// moveList puts a list somewhere else among the lists.
func (a *resources) moveList(ctx context.Context, in *moveListInput) (*objectOutput[list], error) {
	out, err := a.paidAfter(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.MoveList(ctx, caller(ctx), in.ID.n, in.Body.move, opts)
	})
	return oneObject(out, wireList, err)
}
