package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"todod/internal/todo"
)

// pastChange is something that happened to an object.
type pastChange struct {
	Rev     int64             `json:"rev" doc:"The owner's revision that it made"`
	Op      string            `json:"op" enum:"created,updated,completed,reopened,deleted,restored"`
	At      timestamp         `json:"at"`
	Changes map[string][2]any `json:"changes" doc:"What the fields that were touched were before, and became"`

	Occurrence *occurrence `json:"occurrence,omitempty" doc:"Of a recurring task: the time of it that has passed by the change; else absent"`
}

// historyInput says which part of a task's history is wanted.
type historyInput struct {
	ID     taskID `path:"id" doc:"The id"`
	Limit  number `query:"limit" minimum:"1" maximum:"1000" doc:"100 if absent. A page has 500 at most"`
	Cursor string `query:"cursor" doc:"Go on where the page ended whose Link had it"`
}

// historyOutput answers with what happened to a task.
type historyOutput struct {
	Link string `header:"Link" doc:"The path of what happened before, rel=\"next\", while there is more"`
	Body []pastChange
}

// getTaskHistory answers with what happened to a task, in the trash or not, the newest first.
func (a *resources) getTaskHistory(ctx context.Context, in *historyInput) (*historyOutput, error) {
	return a.history(ctx, todo.KindTask, in)
}

// history answers with what happened to an object of a kind.
func (a *resources) history(ctx context.Context, k todo.Kind, in *historyInput) (*historyOutput, error) {
	limit := in.Limit.or(todo.DefaultLimit)
	page, err := a.tasks.History(ctx, caller(ctx), k, in.ID.n, limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &historyOutput{Body: make([]pastChange, len(page.Changes))}
	for i, c := range page.Changes {
		out.Body[i] = pastChange{
			Rev: int64(c.Rev), Op: c.Op.String(), At: timestamp(c.At), Changes: differences(c), Occurrence: occurrenceOf(&c),
		}
	}
	if page.Next != "" {
		query := url.Values{"limit": {strconv.Itoa(limit)}, "cursor": {page.Next}}
		out.Link = fmt.Sprintf(`</api/v1/%ss/%d/history?%s>; rel="next"`, k, in.ID.n, query.Encode())
	}
	return out, nil
}

// differences returns the fields that c touched, as they were before and after. Before its creation a task had none.
func differences(c todo.Change) map[string][2]any {
	touched := make(map[string][2]any, len(c.Before))
	if c.Object != nil {
		for _, f := range todo.ObjectFields(c.Object.Kind) {
			differs(touched, &c, f.Name, f.Writable(), f.Value(c.Object))
		}
		return touched
	}
	for _, f := range slices.DeleteFunc(todo.TaskFields(), notOnWire) {
		differs(touched, &c, f.Name, f.Writable(), f.Value(&c.Task))
	}
	if p, moved := touched["position"]; moved {
		byAge := (&todo.Task{ID: c.Task.ID}).Place()
		touched["position"] = [2]any{cmp.Or(p[0], any(byAge)), cmp.Or(p[1], any(byAge))}
	}
	return touched
}

// differs adds a field that c touched, which has a value afterwards.
func differs(touched map[string][2]any, c *todo.Change, name string, writable bool, value any) {
	after := wireValue(value)
	if before, ok := c.Before[name]; ok {
		touched[name] = [2]any{wireValue(before), after}
	} else if ids, is := value.(todo.IDs); c.Op == todo.Created && writable && after != nil && !(is && len(ids) == 0) {
		touched[name] = [2]any{nil, after}
	}
}
