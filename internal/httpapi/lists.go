package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/todo"
)

// archived is which lists are meant: those that are put away, those that aren't, or any.
type archived struct{ value string }

// UnmarshalText reads exactly true, false or any.
func (a *archived) UnmarshalText(text []byte) error {
	switch a.value = string(text); a.value {
	case "true", "false", "any":
		return nil
	}
	return errors.New("must be true, false or any")
}

// Schema implements huma.SchemaProvider.
func (archived) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{"true", "false", "any"}}
}

// listsInput says which lists are wanted.
type listsInput struct {
	Archived archived `query:"archived" doc:"Only those that are archived, or are not, which is what is meant if absent; or any"`
}

// listLists answers with the caller's lists in their order.
func (a *resources) listLists(ctx context.Context, in *listsInput) (*objectsOutput[list], error) {
	return objectsOf(ctx, a, todo.KindList, wireList, "lists 1 "+in.Archived.value, func(o todo.Object) bool {
		return in.Archived.value == "any" || o.Archived == (in.Archived.value == "true")
	})
}

// createListInput is a new list.
type createListInput struct{ Body newList }

// createList makes a list, behind all others.
func (a *resources) createList(ctx context.Context, in *createListInput) (*madeOutput[list], error) {
	return makeObject(ctx, a, todo.KindList, wireList, in.Body.patch)
}

// listIDInput names a list.
type listIDInput struct {
	ID taskID `path:"id" doc:"The list's id"`
}

// getList answers with a list.
func (a *resources) getList(ctx context.Context, in *listIDInput) (*objectOutput[list], error) {
	return readObjectOf(ctx, a, todo.KindList, wireList, in.ID.n)
}

// listPatchInput is what to change of a list.
type listPatchInput struct {
	ID   taskID `path:"id" doc:"The list's id"`
	Body listPatch
}

// updateList changes what the body names and keeps the rest.
func (a *resources) updateList(ctx context.Context, in *listPatchInput) (*objectOutput[list], error) {
	return changeObject(ctx, a, todo.KindList, wireList, in.ID.n, in.Body.patch, false)
}

// patchList changes what the body names and keeps the rest.
func (a *resources) patchList(ctx context.Context, in *listPatchInput) (*objectOutput[list], error) {
	return changeObject(ctx, a, todo.KindList, wireList, in.ID.n, in.Body.patch, true)
}

// deleteList moves a list and its tasks to the trash.
func (a *resources) deleteList(ctx context.Context, in *listIDInput) (*doneOutput, error) {
	return a.deleteObject(ctx, todo.KindList, in.ID.n)
}

// getListHistory answers with what happened to a list, in the trash or not, the newest first.
func (a *resources) getListHistory(ctx context.Context, in *historyInput) (*historyOutput, error) {
	return a.history(ctx, todo.KindList, in)
}

// listLabels answers with the caller's labels by name.
func (a *resources) listLabels(ctx context.Context, _ *struct{}) (*objectsOutput[label], error) {
	return objectsOf(ctx, a, todo.KindLabel, wireLabel, "labels 1", func(todo.Object) bool { return true })
}

// createLabelInput is a new label.
type createLabelInput struct{ Body newLabel }

// createLabel makes a label.
func (a *resources) createLabel(ctx context.Context, in *createLabelInput) (*madeOutput[label], error) {
	return makeObject(ctx, a, todo.KindLabel, wireLabel, in.Body.patch)
}

// labelIDInput names a label.
type labelIDInput struct {
	ID taskID `path:"id" doc:"The label's id"`
}

// getLabel answers with a label.
func (a *resources) getLabel(ctx context.Context, in *labelIDInput) (*objectOutput[label], error) {
	return readObjectOf(ctx, a, todo.KindLabel, wireLabel, in.ID.n)
}

// labelPatchInput is what to change of a label.
type labelPatchInput struct {
	ID   taskID `path:"id" doc:"The label's id"`
	Body labelPatch
}

// updateLabel changes what the body names and keeps the rest.
func (a *resources) updateLabel(ctx context.Context, in *labelPatchInput) (*objectOutput[label], error) {
	return changeObject(ctx, a, todo.KindLabel, wireLabel, in.ID.n, in.Body.patch, false)
}

// patchLabel changes what the body names and keeps the rest.
func (a *resources) patchLabel(ctx context.Context, in *labelPatchInput) (*objectOutput[label], error) {
	return changeObject(ctx, a, todo.KindLabel, wireLabel, in.ID.n, in.Body.patch, true)
}

// deleteLabel moves a label to the trash. Tasks keep its id.
func (a *resources) deleteLabel(ctx context.Context, in *labelIDInput) (*doneOutput, error) {
	return a.deleteObject(ctx, todo.KindLabel, in.ID.n)
}

// getLabelHistory answers with what happened to a label, in the trash or not, the newest first.
func (a *resources) getLabelHistory(ctx context.Context, in *historyInput) (*historyOutput, error) {
	return a.history(ctx, todo.KindLabel, in)
}
