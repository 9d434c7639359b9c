package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// An operation is one kind of request, and the statement that does the least of the same.
type operation struct {
	name  string
	route        // todod's
	sql   string // pgbench's script: :user, :id and :text are variables, $columns those of a task
}

// page is the path of the list that is measured.
const page = "/api/v1/tasks?limit=50"

// newTask is the body of a create.
const newTask = `{"title":"Buy milk and bread","description":"The sort we had last time","priority":"high"}`

// newTitle is the body of an update.
const newTitle = `{"title":"Buy milk and bread, $text"}`

// newest is the statement of that list.
const newest = `select $columns from bench.tasks where user_id = :user and deleted_at is null
	order by created_at desc, id desc limit 50;`

// operations are all there are, in the order in which they are measured: reads before writes.
var operations = []operation{
	{
		name: "get", route: route{method: http.MethodGet, path: "/api/v1/tasks/$id", status: http.StatusOK},
		sql: `select $columns from bench.tasks where user_id = :user and id = :id and deleted_at is null;`,
	},
	{name: "list50", route: route{method: http.MethodGet, path: page, status: http.StatusOK}, sql: newest},
	// The statement is the whole list: that is what an answer of 304 saves.
	{
		name: "list50-unchanged", sql: newest, route: route{
			method: http.MethodGet, path: page, header: "If-None-Match: $learned", learn: (*server).pageTag,
			status: http.StatusNotModified,
		},
	},
	{
		name: "create", route: route{method: http.MethodPost, path: "/api/v1/tasks", body: newTask, status: http.StatusCreated},
		sql: `insert into bench.tasks (user_id, version, title, description, priority, created_at, updated_at)
			values (:user, 1, 'Buy milk and bread', 'The sort we had last time', 3, now(), now()) returning $columns;`,
	},
	{
		name: "toggle", route: route{method: http.MethodPatch, path: "/api/v1/tasks/$id/toggle", status: http.StatusOK},
		sql: `update bench.tasks set version = version + 1, completed = not completed,
			completed_at = case when completed then null else now() end, updated_at = now()
			where user_id = :user and id = :id and deleted_at is null returning $columns;`,
	},
	{
		name: "recur", route: route{method: http.MethodPatch, path: "/api/v1/tasks/$next/toggle", status: http.StatusOK},
		sql: `update bench.tasks set version = version + 1, due_date = due_date + interval '1 day', updated_at = now()
			where user_id = :user and id = :id + $users and deleted_at is null returning $columns;`,
	},
	{
		name: "update", sql: `update bench.tasks set version = version + 1, title = :text, updated_at = now()
			where user_id = :user and id = :id and deleted_at is null returning $columns;`,
		route: route{method: http.MethodPatch, path: "/api/v1/tasks/$id", body: newTitle, status: http.StatusOK},
	},
}

// pageTag asks todod for the tag of a user's list.
func (s *server) pageTag(ctx context.Context, user int) (string, error) {
	a, err := ask(ctx, http.MethodGet, s.url+page, http.StatusOK, s.bearer(user))
	return a.header.Get("ETag"), err
}

// operationNames returns the names of all operations.
func operationNames() []string {
	names := make([]string, len(operations))
	for i, op := range operations {
		names[i] = op.name
	}
	return names
}

// script returns what pgbench executes for op. columns are those that a task has.
func (op operation) script(d dataset, columns []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\\set number random(1, %d)\n\\set user %d + :number\n", d.users, firstUser)
	if strings.Contains(op.sql, ":id") {
		fmt.Fprintf(&b, "\\set id random(0, %d) * %d + :number\n", d.busy()-1, d.stride()*d.users)
	}
	if strings.Contains(op.sql, ":text") {
		b.WriteString("\\set text random(1000000000000000000, 9000000000000000000)\n")
	}
	b.WriteString(strings.NewReplacer("$columns", strings.Join(columns, ", "), "$users", strconv.Itoa(d.users)).Replace(op.sql))
	b.WriteString("\n")
	return b.String()
}
