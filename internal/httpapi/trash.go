package httpapi

import (
	"context"
	"net/http"

	"todod/internal/todo"
)

// trashInput is what of the trash can be asked for.
type trashInput struct {
	Limit  number `query:"limit" minimum:"1" maximum:"1000" doc:"100 if absent"`
	Offset number `query:"offset" minimum:"0" doc:"Pass over so many; a cursor is steadier"`
	Cursor string `query:"cursor" doc:"Go on where the page ended whose Link had it"`
	Count  flag   `query:"count" doc:"Also answer X-Total-Count"`
}

// listTrash answers with the caller's tasks in the trash, the latest first.
func (a *resources) listTrash(ctx context.Context, in *trashInput) (*listOutput, error) {
	return a.listTasksOf(ctx, trashShape, todo.Filter{
		Trash: true, Order: todo.LatestDeletedFirst(), Limit: in.Limit.or(todo.DefaultLimit), Offset: in.Offset.or(0),
		Cursor: in.Cursor, Count: in.Count.value != nil && *in.Count.value,
	})
}

// restoreTask takes a task out of the trash.
func (a *resources) restoreTask(ctx context.Context, in *idInput) (*taskOutput, error) {
	return oneTask(withOptions(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Restore(ctx, caller(ctx), in.ID.n, opts)
	}))
}

// purgeTask removes a task in the trash for good.
func (a *resources) purgeTask(ctx context.Context, in *idInput) (*doneOutput, error) {
	return done(withOptions(ctx, http.StatusNoContent, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Purge(ctx, caller(ctx), in.ID.n, opts)
	}))
}
