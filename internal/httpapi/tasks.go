package httpapi

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"todod/internal/todo"
)

// taskBody is a task as clients write it: a new one, or what to change of one.
type taskBody struct {
	Title       string    `json:"title,omitempty" minLength:"1" maxLength:"200" doc:"Without the white space around it; required for a new task"`
	Description *string   `json:"description,omitempty" nullable:"true" maxLength:"1000"`
	Completed   bool      `json:"completed,omitempty"`
	Priority    priority  `json:"priority,omitempty" doc:"medium if a new task doesn't say"`
	DueDate     *dueInput `json:"due_date,omitempty" nullable:"true" doc:"An RFC 3339 date-time with any offset, or a bare date, which is a day"`
	DueAllDay   bool      `json:"due_all_day,omitempty" doc:"Makes the due date a day that stays that day in every time zone, or an instant"`

	reading
	patch todo.Patch
}

// read implements object.
func (b *taskBody) read(data []byte) {
	b.fault = readObject(data, taskMembers(&b.patch), refuse)
}

// taskMembers are the members of a task that clients may write, read into p.
func taskMembers(p *todo.Patch) members {
	return members{
		"title":       into(&p.Title, "a string"),
		"description": into(&p.Description, "a string or null"),
		"completed":   into(&p.Completed, "true or false"),
		"priority":    parsedInto(&p.Priority, "low, medium or high", todo.ParsePriority),
		"due_date":    parsedInto(&p.Due, "an RFC 3339 date-time, a date such as 2026-01-15, or null", todo.ParseDue),
		"due_all_day": into(&p.AllDay, "true or false"),
	}
}

// task is a task on the wire: every key is always there.
type task struct {
	ID          int64      `json:"id"`
	UserID      string     `json:"user_id"`
	Title       string     `json:"title"`
	Description *string    `json:"description" nullable:"true"`
	Completed   bool       `json:"completed"`
	Priority    priority   `json:"priority"`
	DueDate     *timestamp `json:"due_date" nullable:"true" doc:"UTC; the midnight of the day if due_all_day"`
	DueAllDay   bool       `json:"due_all_day"`
	CompletedAt *timestamp `json:"completed_at" nullable:"true"`
	CreatedAt   timestamp  `json:"created_at"`
	UpdatedAt   timestamp  `json:"updated_at"`
	Version     int64      `json:"version" doc:"Its owner's revision when it was last changed"`
}

// wire returns t as it goes out.
func wire(t todo.Task) task {
	out := task{
		ID: t.ID, UserID: string(t.Owner), Title: t.Title, Description: t.Description, Completed: t.Completed,
		Priority: priority(t.Priority.String()), CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt),
		Version: int64(t.Version), CompletedAt: (*timestamp)(t.CompletedAt),
	}
	if t.Due != nil {
		out.DueDate, out.DueAllDay = (*timestamp)(&t.Due.At), t.Due.AllDay
	}
	return out
}

// taskOutput answers with one task.
type taskOutput struct{ Body task }

// oneTask answers with t, unless there was an error.
func oneTask(t todo.Task, err error) (*taskOutput, error) {
	if err != nil {
		return nil, err
	}
	return &taskOutput{Body: wire(t)}, nil
}

// listOutput answers with a page of tasks.
type listOutput struct {
	Link       string `header:"Link" doc:"The path of the next page, rel=\"next\", while there is more"`
	TotalCount string `header:"X-Total-Count" doc:"How many tasks match in all, when asked with count=true"`
	Body       []task
}

// listTasks answers with the caller's tasks.
func (a *API) listTasks(ctx context.Context, in *listInput) (*listOutput, error) {
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, err := a.tasks.Tasks(ctx, caller(ctx).ID, filter)
	if err != nil {
		return nil, err
	}
	out := &listOutput{Body: make([]task, len(page.Tasks))}
	for i, t := range page.Tasks {
		out.Body[i] = wire(t)
	}
	if filter.Count {
		out.TotalCount = strconv.Itoa(page.Total)
	}
	if page.More {
		out.Link = nextLink(in.query, filter)
	}
	return out, nil
}

// nextLink returns the Link header (RFC 8288) to the page after the one that query asked for.
func nextLink(query url.Values, f todo.Filter) string {
	query.Set("limit", strconv.Itoa(f.Limit))
	query.Set("offset", strconv.Itoa(f.Offset+f.Limit))
	return fmt.Sprintf(`</api/v1/tasks?%s>; rel="next"`, query.Encode())
}

// createInput is a new task.
type createInput struct{ Body taskBody }

// createOutput answers with a new task and where it is.
type createOutput struct {
	Location string `header:"Location" doc:"The path of the new task"`
	Body     task
}

// createTask makes a task.
func (a *API) createTask(ctx context.Context, in *createInput) (*createOutput, error) {
	t, err := a.tasks.Create(ctx, caller(ctx), in.Body.patch)
	if err != nil {
		return nil, err
	}
	return &createOutput{Location: fmt.Sprintf("/api/v1/tasks/%d", t.ID), Body: wire(t)}, nil
}

// idInput names a task.
type idInput struct {
	ID taskID `path:"id" doc:"The task's id"`
}

// getTask answers with a task.
func (a *API) getTask(ctx context.Context, in *idInput) (*taskOutput, error) {
	return oneTask(a.tasks.Task(ctx, caller(ctx).ID, in.ID.n))
}

// updateInput is what to change of a task.
type updateInput struct {
	ID   taskID `path:"id" doc:"The task's id"`
	Body taskBody
}

// updateTask changes what the body names and keeps the rest.
func (a *API) updateTask(ctx context.Context, in *updateInput) (*taskOutput, error) {
	return oneTask(a.tasks.Update(ctx, caller(ctx), in.ID.n, in.Body.patch))
}

// toggleTask completes an open task and reopens a completed one.
func (a *API) toggleTask(ctx context.Context, in *idInput) (*taskOutput, error) {
	return oneTask(a.tasks.Toggle(ctx, caller(ctx), in.ID.n))
}

// deleteTask moves a task to the trash.
func (a *API) deleteTask(ctx context.Context, in *idInput) (*struct{}, error) {
	return nil, a.tasks.Delete(ctx, caller(ctx), in.ID.n)
}
