package httpapi

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

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
	Limit  number `query:"limit" minimum:"1" maximum:"1000" doc:"100 if absent"`
	Cursor string `query:"cursor" doc:"Go on where the page ended whose Link had it"`
}

// historyOutput answers with what happened to a task.
type historyOutput struct {
	Link string `header:"Link" doc:"The path of what happened before, rel=\"next\", while there is more"`
	Body []pastChange
}

// history answers with what happened to a task, in the trash or not, the newest first.
func (a *API) history(ctx context.Context, in *historyInput) (*historyOutput, error) {
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
	after, was := wire(c.Task), c.Before
	fields := map[string][2]any{}
	touched(fields, "title", was.Title, plain, after.Title)
	touched(fields, "description", was.Description, plain, orNil(after.Description))
	touched(fields, "completed", was.Completed, plain, after.Completed)
	touched(fields, "priority", was.Priority, func(p todo.Priority) any { return p.String() }, after.Priority)
	touched(fields, "due_date", was.Due, instant, orNil(after.DueDate))
	touched(fields, "due_all_day", was.AllDay, plain, after.DueAllDay)
	touched(fields, "completed_at", was.CompletedAt, instant, orNil(after.CompletedAt))
	touched(fields, "deleted_at", was.DeletedAt, instant, orNil((*timestamp)(c.Task.DeletedAt)))
	if c.Op == todo.Created {
		for name, value := range map[string]any{
			"title": after.Title, "description": orNil(after.Description), "completed": after.Completed,
			"priority": after.Priority, "due_date": orNil(after.DueDate), "due_all_day": after.DueAllDay,
		} {
			if value != nil {
				fields[name] = [2]any{nil, value}
			}
		}
	}
	return fields
}

// touched adds a field to fields if it was touched.
func touched[T any](fields map[string][2]any, name string, before todo.Opt[T], wire func(T) any, after any) {
	switch {
	case before.Null:
		fields[name] = [2]any{nil, after}
	case before.Set:
		fields[name] = [2]any{wire(before.V), after}
	}
}

// plain returns v as it is.
func plain[T any](v T) any { return v }

// instant returns t as it goes out.
func instant(t time.Time) any { return timestamp(t) }

// orNil returns what p points to, nil for nil.
func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
