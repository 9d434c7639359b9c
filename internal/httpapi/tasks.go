package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"todod/internal/todo"
)

// AnswerHeaders go out with a task.
type AnswerHeaders struct {
	ETag     string `header:"ETag" doc:"The version as an entity tag, for If-Match and If-None-Match"`
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
}

// headersOf returns the headers of what came of a change.
func headersOf(out todo.WriteResult) AnswerHeaders {
	version := out.Task.Version
	if out.Object != nil {
		version = out.Object.Version
	}
	return AnswerHeaders{ETag: etagOf(version), Replayed: replayHeader(out.Replayed)}
}

// replayHeader returns the value of Idempotency-Replayed.
func replayHeader(replayed bool) string {
	if replayed {
		return "true"
	}
	return "" // no header
}

// taskOutput answers with one task.
type taskOutput struct {
	AnswerHeaders
	Status int
	Body   task
}

// oneTask answers with the task that came of a change.
func oneTask(out todo.WriteResult, err error) (*taskOutput, error) {
	if err != nil {
		return nil, err
	}
	return &taskOutput{AnswerHeaders: headersOf(out), Status: http.StatusOK, Body: wire(out.Task)}, nil
}

// doneOutput answers a change of which there is nothing to show.
type doneOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
}

// done answers a change of which there is nothing to show.
func done(out todo.WriteResult, err error) (*doneOutput, error) {
	if err != nil {
		return nil, err
	}
	return &doneOutput{Replayed: replayHeader(out.Replayed)}, nil
}

// ListHeaders go out with a page of tasks.
type ListHeaders struct {
	ETag       string `header:"ETag" doc:"For If-None-Match"`
	Link       string `header:"Link" doc:"The path of the next page, rel=\"next\", while there is more"`
	TotalCount string `header:"X-Total-Count" doc:"How many tasks match in all, when asked with count=true"`
}

// listOutput answers with a page of tasks.
type listOutput struct {
	ListHeaders
	Status int
	Body   []task
}

// listTasks answers with the caller's tasks.
func (a *resources) listTasks(ctx context.Context, in *listInput) (*listOutput, error) {
	if err := a.settleZone(ctx, &in.TZ, in.DueBefore, in.DueAfter, in.StartBefore, in.StartAfter); err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	return a.listTasksOf(ctx, tasksShape, filter)
}

// listTasksOf answers with the page of f in this shape.
func (a *resources) listTasksOf(ctx context.Context, as shape, f todo.Filter) (*listOutput, error) {
	page, headers, err := a.list(ctx, as, f)
	if err != nil {
		return nil, err
	}
	out := &listOutput{Status: statusOf(page), ListHeaders: headers, Body: make([]task, len(page.Tasks))}
	for i, t := range page.Tasks {
		out.Body[i] = wire(t)
	}
	return out, nil
}

// list returns the page of f, which goes out in this shape, and its headers. A page that the caller has already is
// Unchanged and not read.
func (a *resources) list(ctx context.Context, as shape, f todo.Filter) (page todo.Page, headers ListHeaders, err error) {
	r, ending := requestOptionsOf(ctx).r, listEnding(f, as)
	if f.Unless, err = knownState(r.Header, ending); err != nil {
		return page, headers, err
	}
	if page, err = a.tasks.Tasks(ctx, caller(ctx), f); err != nil {
		return page, headers, err
	}
	headers.ETag = listTag(page.State, ending)
	if !page.Unchanged {
		page.Unchanged, err = unmodified(r.Header, headers.ETag)
	}
	if f.Count && !page.Unchanged {
		headers.TotalCount = strconv.Itoa(page.Total)
	}
	if page.More {
		headers.Link = nextLink(r.URL, f, page.Next)
	}
	return page, headers, err
}

// statusOf returns the status of an answer with this page.
func statusOf(page todo.Page) int {
	if page.Unchanged {
		return http.StatusNotModified
	}
	return http.StatusOK
}

// nextLink returns the Link header (RFC 8288) to the page after the one at u. A client that counts goes on counting, unless
// it came by a cursor.
func nextLink(u *url.URL, f todo.Filter, cursor string) string {
	query := u.Query()
	query.Set("limit", strconv.Itoa(f.Limit))
	if query.Has("offset") && f.Cursor == "" {
		query.Set("offset", strconv.Itoa(f.Offset+f.Limit))
	} else {
		query.Del("offset")
		query.Set("cursor", cursor)
	}
	return fmt.Sprintf(`<%s?%s>; rel="next"`, u.Path, query.Encode())
}

// createInput is a new task.
type createInput struct{ Body newTask }

// createOutput answers with a new task and where it is.
type createOutput struct {
	AnswerHeaders
	Location string `header:"Location" doc:"The path of the new task"`
	Body     task
}

// createTask makes a task.
func (a *resources) createTask(ctx context.Context, in *createInput) (*createOutput, error) {
	out, err := withOptions(ctx, http.StatusCreated, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Create(ctx, caller(ctx), in.Body.patch, opts)
	})
	if err != nil {
		return nil, err
	}
	return &createOutput{headersOf(out), "/api/v1/tasks/" + strconv.FormatInt(out.Task.ID, 10), wire(out.Task)}, nil
}

// idInput names a task.
type idInput struct {
	ID taskID `path:"id" doc:"The task's id"`
}

// getTask answers with a task.
func (a *resources) getTask(ctx context.Context, in *idInput) (*taskOutput, error) {
	t, err := a.tasks.Task(ctx, caller(ctx), in.ID.n)
	out, err := oneTask(todo.WriteResult{Task: t}, err)
	if err != nil {
		return nil, err
	}
	out.Status, err = statusUnless(ctx, out.ETag)
	return out, err
}

// statusUnless returns the status of an answer with this entity tag, which the caller may have already.
func statusUnless(ctx context.Context, etag string) (int, error) {
	if known, err := unmodified(requestOptionsOf(ctx).r.Header, etag); known || err != nil {
		return http.StatusNotModified, err
	}
	return http.StatusOK, nil
}

// updateInput is what to change of a task.
type updateInput struct {
	ID   taskID `path:"id" doc:"The task's id"`
	Body taskPatch
}

// updateTask changes what the body names and keeps the rest.
func (a *resources) updateTask(ctx context.Context, in *updateInput) (*taskOutput, error) {
	return oneTask(a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Update(ctx, caller(ctx), in.ID.n, in.Body.patch, opts)
	}))
}

// toggleTask completes an open task and reopens a completed one.
func (a *resources) toggleTask(ctx context.Context, in *idInput) (*taskOutput, error) {
	return oneTask(a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Toggle(ctx, caller(ctx), in.ID.n, opts)
	}))
}

// deleteTask moves a task to the trash.
func (a *resources) deleteTask(ctx context.Context, in *idInput) (*doneOutput, error) {
	return done(a.paidAlong(ctx, http.StatusNoContent, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Delete(ctx, caller(ctx), in.ID.n, opts)
	}))
}
