package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// todoBody is a todo as frontends write it: a new one, or what to change of one. They send more than is known here, such
// as the whole todo as they got it.
type todoBody struct {
	reading
	patch todo.Patch
	camel todo.Patch // what came as dueDate and dueAllDay
}

// A todoField is how a member of a todo comes in that is not as in a task.
type todoField struct {
	schema *huma.Schema // nil for a spelling that isn't described
	read   func(*todoBody) func(jsontext.Value) string
}

// The due date of a todo in bodies. Both spellings come in; if they differ, the one that is not what the todo has already
// is meant.
var (
	looseDueSchema = nullable(&huma.Schema{Type: huma.TypeString, Examples: []any{"2026-12-25"}, Description: "A bare date or " +
		"a midnight without a zone, which are days; a date-time, in UTC unless it has an offset; empty or null for none"})
	looseAllDaySchema = &huma.Schema{Type: huma.TypeBoolean, Description: "Makes the due date a day that stays that day in " +
		"every time zone, or an instant; a due date written as a day is one"}
	loosePrioritySchema = &huma.Schema{Type: huma.TypeString, Enum: priorities, Description: "In any case; medium if a new todo doesn't say"}
)

// todoFields are the members of a todo that come in otherwise than in a task, by name.
var todoFields = map[string]todoField{
	"priority": {loosePrioritySchema, func(b *todoBody) func(jsontext.Value) string {
		return parsedInto(&b.patch.Priority, "low, medium or high", parseAnyCase)
	}},
	"dueDate":  {looseDueSchema, func(b *todoBody) func(jsontext.Value) string { return looseDue(&b.camel.Due) }},
	"due_date": {nil, func(b *todoBody) func(jsontext.Value) string { return looseDue(&b.patch.Due) }},
	"dueAllDay": {looseAllDaySchema, func(b *todoBody) func(jsontext.Value) string {
		return into(&b.camel.AllDay, "true or false")
	}},
	"due_all_day": {nil, func(b *todoBody) func(jsontext.Value) string { return into(&b.patch.AllDay, "true or false") }},
}

// todoMembers describes what a todo may have.
func todoMembers() members {
	var all members
	for name, f := range todoFields {
		all = append(all, member{name: name, schema: f.schema})
	}
	for _, m := range taskMembers() {
		if _, ok := all.of(m.name); !ok && !notInTodos[m.name] {
			all = append(all, m)
		}
	}
	return all
}

// notInTodos are the members of a task that todos don't have: the frontends of old know nothing of them, and whatever they
// send under these names means something else.
var notInTodos = map[string]bool{
	"start_date": true, "start_all_day": true, "list_id": true, "parent_id": true, "label_ids": true, "due_zone": true, "recurrence": true,
}

// read implements object.
func (b *todoBody) read(data []byte) {
	b.fault = readMembers(data, func(name string) func(jsontext.Value) string {
		if f, ok := todoFields[name]; ok {
			return f.read(b)
		}
		if !notInTodos[name] {
			return taskReaders(&b.patch, nil)(name)
		}
		return nil
	}, ignore)
}

// newTodo is a new todo.
type newTodo struct{ todoBody }

// TransformSchema implements huma.SchemaTransformer.
func (newTodo) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := open(todoMembers(), "title")
	s.Examples = []any{map[string]any{"title": "Buy milk", "dueDate": "2026-12-25", "priority": "high"}}
	return s
}

// todoPatch is what to change of a todo.
type todoPatch struct{ todoBody }

// TransformSchema implements huma.SchemaTransformer.
func (todoPatch) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	s := open(todoMembers())
	s.Examples = []any{map[string]any{"title": "Buy oat milk"}}
	return s
}

// looseDue returns what reads a due date into dst: as parseLooseDue does, and an empty one as none, which is what an
// untouched field of a form sends.
func looseDue(dst *todo.Opt[todo.Date]) func(jsontext.Value) string {
	return emptyIsNull(parsedInto(dst, "a date such as 2026-01-15, a date-time, or null", parseLooseDue))
}

// ambiguous reports whether two spellings of a member disagree.
func (b *todoBody) ambiguous() bool {
	return b.camel.Due.Set && b.patch.Due.Set && !sameDue(b.camel.Due, b.patch.Due) ||
		b.camel.AllDay.Set && b.patch.AllDay.Set && b.camel.AllDay != b.patch.AllDay
}

// over returns what b changes of a task that is as stored, which matters only if b is ambiguous. Every todo goes out with
// both spellings, so whoever edits one of them and sends it all back sends the other as it was. Where neither spelling
// is what is stored nobody can tell, and the error is an Error of code Invalid.
func (b *todoBody) over(stored todo.Task) (todo.Patch, error) {
	p, due, allDay := b.patch, todo.Null[todo.Date](), false
	if stored.Due != nil {
		due, allDay = todo.Some(*stored.Due), stored.Due.AllDay
	}
	var faults []todo.FieldError
	var ok bool
	if p.Due, ok = edited(b.camel.Due, b.patch.Due, due, sameDue); !ok {
		faults = append(faults, todo.FieldError{Field: "dueDate", Message: "must not differ from due_date"})
	}
	if p.AllDay, ok = edited(b.camel.AllDay, b.patch.AllDay, todo.Some(allDay), same); !ok {
		faults = append(faults, todo.FieldError{Field: "dueAllDay", Message: "must not differ from due_all_day"})
	}
	if p.Due.V.AllDay && p.AllDay == todo.Some(false) {
		p.AllDay = todo.Opt[bool]{} // sent back with a date that was picked since
	}
	return p, todo.InvalidFields(faults...)
}

// edited returns the one of two spellings of a member that is meant: the one that came, or of two that differ the one
// that is not as stored. It reports false if neither is.
func edited[V any](camel, snake, stored todo.Opt[V], equal func(a, b todo.Opt[V]) bool) (todo.Opt[V], bool) {
	switch {
	case !snake.Set:
		return camel, true
	case !camel.Set, equal(camel, snake), equal(camel, stored):
		return snake, true
	}
	return camel, equal(snake, stored)
}

// same reports whether a and b, which are there, are the same.
func same[V comparable](a, b todo.Opt[V]) bool { return a == b }

// sameDue reports whether a and b, which are there, are the same due date, none included.
func sameDue(a, b todo.Opt[todo.Date]) bool {
	return a.Null == b.Null && a.V.AllDay == b.V.AllDay && a.V.At.Equal(b.V.At)
}

// todoItem is a todo on the wire: a task with both spellings of every key that has two.
type todoItem struct {
	ID               int64      `json:"id"`
	UserID           string     `json:"userId"`
	Title            string     `json:"title"`
	Description      *string    `json:"description" nullable:"true"`
	Completed        bool       `json:"completed"`
	Priority         priority   `json:"priority"`
	DueDate          *dueOutput `json:"dueDate" nullable:"true" doc:"UTC, or the midnight of the day without a zone if dueAllDay"`
	DueAllDay        bool       `json:"dueAllDay"`
	CompletedAt      *timestamp `json:"completedAt" nullable:"true"`
	CreatedAt        timestamp  `json:"createdAt"`
	UpdatedAt        timestamp  `json:"updatedAt"`
	Version          int64      `json:"version" doc:"Its owner's revision when it was last changed"`
	SnakeUserID      string     `json:"user_id" hidden:"true"`
	SnakeDueDate     *dueOutput `json:"due_date" nullable:"true" hidden:"true"`
	SnakeDueAllDay   bool       `json:"due_all_day" hidden:"true"`
	SnakeCompletedAt *timestamp `json:"completed_at" nullable:"true" hidden:"true"`
	SnakeCreatedAt   timestamp  `json:"created_at" hidden:"true"`
	SnakeUpdatedAt   timestamp  `json:"updated_at" hidden:"true"`
}

// wireTodo returns t as it goes out to frontends.
func wireTodo(t todo.Task) todoItem {
	due, allDay := (*dueOutput)(t.Due), t.Due != nil && t.Due.AllDay
	done, created, updated := (*timestamp)(t.CompletedAt), timestamp(t.CreatedAt), timestamp(t.UpdatedAt)
	return todoItem{
		ID: t.ID, Title: t.Title, Description: t.Description, Completed: t.Completed, Priority: priority(t.Priority.String()),
		Version: int64(t.Version), UserID: string(t.Owner), DueDate: due, DueAllDay: allDay, CompletedAt: done, CreatedAt: created,
		UpdatedAt: updated, SnakeUserID: string(t.Owner), SnakeDueDate: due, SnakeDueAllDay: allDay, SnakeCompletedAt: done,
		SnakeCreatedAt: created, SnakeUpdatedAt: updated,
	}
}

// todoOutput answers with one todo.
type todoOutput struct {
	AnswerHeaders
	Status int
	Body   todoItem
}

// oneTodo answers with the todo that came of a change.
func oneTodo(out todo.WriteResult, err error) (*todoOutput, error) {
	if err != nil {
		return nil, err
	}
	return &todoOutput{AnswerHeaders: headersOf(out), Status: http.StatusOK, Body: wireTodo(out.Task)}, nil
}

// todosInput is what a list of todos can be asked for. An empty parameter counts as absent.
type todosInput struct {
	Status    state  `query:"status" doc:"pending is another word for active"`
	Priority  string `query:"priority" enum:"all,low,medium,high" doc:"In any case"`
	DueBefore moment `query:"due_before" doc:"As at /api/v1/tasks"`
	DueAfter  moment `query:"due_after" doc:"As at /api/v1/tasks"`
	TZ        zone   `query:"tz" doc:"As at /api/v1/tasks"`
	Limit     number `query:"limit" minimum:"1" maximum:"1000" doc:"1000 if absent"`
	Offset    number `query:"offset" minimum:"0" doc:"Pass over so many"`
}

// filter returns what in asks for, or an Error of code Invalid.
func (in *todosInput) filter() (todo.Filter, error) {
	count, limit := true, in.Limit.or(todo.MaxLimit)
	list := listInput{
		Completed: flag{in.Status.completed}, DueBefore: in.DueBefore, DueAfter: in.DueAfter, TZ: in.TZ,
		Limit: number{&limit}, Offset: in.Offset, Count: flag{&count},
	}
	if priority := strings.ToLower(in.Priority); priority != "all" {
		list.Priority = priority
	}
	return list.filter()
}

// todosOutput answers with a page of todos.
type todosOutput struct {
	ETag   string `header:"ETag" doc:"For If-None-Match"`
	Status int
	Body   todoPage
}

// todoPage is a page of todos.
type todoPage struct {
	Todos  []todoItem `json:"todos"`
	Total  int        `json:"total" doc:"How many match in all"`
	Limit  int        `json:"limit"`
	Offset int        `json:"offset"`
}

// listTodos answers with the caller's todos, newest first.
func (a *resources) listTodos(ctx context.Context, in *todosInput) (*todosOutput, error) {
	if err := a.settleZone(ctx, &in.TZ, in.DueBefore, in.DueAfter); err != nil {
		return nil, err
	}
	filter, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, headers, err := a.list(ctx, todosShape, filter)
	if err != nil {
		return nil, err
	}
	out := &todosOutput{Status: statusOf(page), ETag: headers.ETag}
	out.Body.Total, out.Body.Limit, out.Body.Offset = page.Total, filter.Limit, filter.Offset
	out.Body.Todos = make([]todoItem, len(page.Tasks))
	for i, t := range page.Tasks {
		out.Body.Todos[i] = wireTodo(t)
	}
	return out, nil
}

// createTodoInput is a new todo.
type createTodoInput struct{ Body newTodo }

// createTodoOutput answers with a new todo and where it is.
type createTodoOutput struct {
	AnswerHeaders
	Location string `header:"Location" doc:"The path of the new todo"`
	Body     todoItem
}

// createTodo makes a todo.
func (a *resources) createTodo(ctx context.Context, in *createTodoInput) (*createTodoOutput, error) {
	patch, err := in.Body.over(todo.Task{})
	if err != nil {
		return nil, err
	}
	out, err := withOptions(ctx, http.StatusCreated, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Create(ctx, caller(ctx), patch, opts)
	})
	if err != nil {
		return nil, err
	}
	return &createTodoOutput{headersOf(out), "/api/todos/" + strconv.FormatInt(out.Task.ID, 10), wireTodo(out.Task)}, nil
}

// getTodo answers with a todo.
func (a *resources) getTodo(ctx context.Context, in *idInput) (*todoOutput, error) {
	t, err := a.tasks.Task(ctx, caller(ctx), in.ID.n)
	out, err := oneTodo(todo.WriteResult{Task: t}, err)
	if err != nil {
		return nil, err
	}
	out.Status, err = statusUnless(ctx, out.ETag)
	return out, err
}

// updateTodoInput is what to change of a todo.
type updateTodoInput struct {
	ID   taskID `path:"id" doc:"The todo's id"`
	Body todoPatch
}

// updateTodo changes what the body names and keeps the rest. What a body means whose spellings disagree depends on how the
// todo is, which is looked at in the same transaction.
func (a *resources) updateTodo(ctx context.Context, in *updateTodoInput) (*todoOutput, error) {
	return oneTodo(a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		if in.Body.ambiguous() {
			return a.tasks.UpdateAs(ctx, caller(ctx), in.ID.n, opts, in.Body.over)
		}
		patch, err := in.Body.over(todo.Task{})
		if err != nil {
			return todo.WriteResult{}, err
		}
		return a.tasks.Update(ctx, caller(ctx), in.ID.n, patch, opts)
	}))
}

// deleteTodoOutput says that a todo is gone.
type deleteTodoOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
	Body     message
}

// deleteTodo moves a todo to the trash.
func (a *resources) deleteTodo(ctx context.Context, in *idInput) (*deleteTodoOutput, error) {
	deleted, err := a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		return a.tasks.Delete(ctx, caller(ctx), in.ID.n, opts)
	})
	if err != nil {
		return nil, err
	}
	return &deleteTodoOutput{replayHeader(deleted.Replayed), message{"Todo deleted"}}, nil
}

// completion says whether a todo is done.
type completion struct {
	reading
	patch todo.Patch
}

// members returns what a completion says.
func (c *completion) members() members {
	return members{{
		name: "completed", required: true, schema: &huma.Schema{Type: huma.TypeBoolean}, read: into(&c.patch.Completed, "true or false"),
	}}
}

// read implements object.
func (c *completion) read(data []byte) { c.fault = readObject(data, c.members(), ignore) }

// TransformSchema implements huma.SchemaTransformer.
func (c *completion) TransformSchema(huma.Registry, *huma.Schema) *huma.Schema {
	return open(c.members())
}

// completeInput is whether a todo is done, or nothing.
type completeInput struct {
	ID   taskID `path:"id" doc:"The todo's id"`
	Body completion
}

// completeTodo completes or reopens a todo as the body says. Without a body it does the one or the other.
func (a *resources) completeTodo(ctx context.Context, in *completeInput) (*todoOutput, error) {
	return oneTodo(a.paidAlong(ctx, http.StatusOK, func(opts todo.WriteOptions) (todo.WriteResult, error) {
		if !in.Body.patch.Completed.Set {
			return a.tasks.Toggle(ctx, caller(ctx), in.ID.n, opts)
		}
		return a.tasks.Update(ctx, caller(ctx), in.ID.n, in.Body.patch, opts)
	}))
}
