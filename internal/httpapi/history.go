package httpapi

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"todod/internal/todo"
)

// pastChange is something that happened to a task.
type pastChange struct {
	Rev     int64             `json:"rev" doc:"The owner's revision that it made"`
	Op      string            `json:"op" enum:"created,updated,completed,reopened,deleted,restored"`
	At      timestamp         `json:"at"`
	Changes map[string][2]any `json:"changes" doc:"What the fields that were touched were before, and became"`
}

// historyInput says which part of a task's history is wanted.
type historyInput struct {
	ID     taskID `path:"id" doc:"The task's id"`
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
	limit := in.Limit.or(todo.DefaultLimit)
	page, err := a.tasks.History(ctx, caller(ctx), in.ID.n, limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	out := &historyOutput{Body: make([]pastChange, len(page.Changes))}
	for i, c := range page.Changes {
		out.Body[i] = pastChange{Rev: int64(c.Rev), Op: c.Op.String(), At: timestamp(c.At), Changes: differences(c)}
	}
	if page.Next != "" {
		query := url.Values{"limit": {strconv.Itoa(limit)}, "cursor": {page.Next}}
		out.Link = fmt.Sprintf(`</api/v1/tasks/%d/history?%s>; rel="next"`, in.ID.n, query.Encode())
	}
	return out, nil
}

// differences returns the fields that c touched, as they were before and after. Before its creation a task had none.
func differences(c todo.Change) map[string][2]any {
	touched := make(map[string][2]any, len(c.Before))
	for _, f := range todo.TaskFields() {
		after := wireValue(f.Value(&c.Task))
		if before, ok := c.Before[f.Name]; ok {
			touched[f.Name] = [2]any{wireValue(before), after}
		} else if c.Op == todo.Created && f.Writable() && after != nil {
			touched[f.Name] = [2]any{nil, after}
		}
	}
	return touched
}
