package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// slotBody says which occurrence of a recurring task is meant.
type slotBody struct {
	reading
	slot todo.Opt[todo.Date]
}

// members returns what may name an occurrence.
func (b *slotBody) members() members {
	return members{{
		name: "slot", read: parsedInto(&b.slot, "an RFC 3339 date-time, a date such as 2026-01-15, or null", todo.ParseDue),
		schema: nullable(&huma.Schema{
			Type: huma.TypeString, Description: "The slot of the recurrence that is meant, written like due_date. One that has passed already " +
				"changes nothing, so that two devices do it once; one that isn't reached yet is a 409. Absent or null: the present one",
			Examples: []any{"2026-12-25"},
		}),
	}}
}

// read implements object.
func (b *slotBody) read(data []byte) { b.fault = readObject(data, b.members(), refuse) }

// TransformSchema implements huma.SchemaTransformer.
func (b *slotBody) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return closed(b.members())
}

// date returns the slot, nil for none.
func (b *slotBody) date() *todo.Date {
	if !b.slot.Set || b.slot.Null {
		return nil
	}
	return &b.slot.V
}

// slotInput names a task, and which occurrence of it is meant.
type slotInput struct {
	ID   taskID `path:"id" doc:"The task's id"`
	Body slotBody
}

// completeTask completes an open task, or an occurrence of a recurring one.
func (a *resources) completeTask(ctx context.Context, in *slotInput) (*taskOutput, error) {
	return oneTask(a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Complete(ctx, caller(ctx), in.ID.n, in.Body.date(), opts)
	}))
}

// skipTask has an occurrence of a recurring task pass without being done.
func (a *resources) skipTask(ctx context.Context, in *slotInput) (*taskOutput, error) {
	return oneTask(a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Skip(ctx, caller(ctx), in.ID.n, in.Body.date(), opts)
	}))
}
