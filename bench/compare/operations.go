package main

import (
	"fmt"
	"net/http"
	"strings"
)

// An operation is one kind of request, and the statement that does the least of the same.
type operation struct {
	name    string
	method  string
	path    string // %d is the id of a task
	body    string // %s is a text that no request before had
	status  int    // of a good answer
	tagged  bool   // sends the ETag of the answer as it is
	aboutID bool   // path has an id
	sql     string // pgbench's script: :user, :id and :text are variables, $columns those of a task
}

// page is the path of the list that is measured.
const page = "/api/v1/tasks?limit=50"

// newest is the statement of that list.
const newest = `select $columns from bench.tasks where user_id = :user and deleted_at is null
	order by created_at desc, id desc limit 50;`

// operations are all there are, in the order in which they are measured: reads before writes.
var operations = []operation{
	{
		name: "get", method: http.MethodGet, path: "/api/v1/tasks/%d", aboutID: true, status: http.StatusOK,
		sql: `select $columns from bench.tasks where user_id = :user and id = :id and deleted_at is null;`,
	},
	{name: "list50", method: http.MethodGet, path: page, status: http.StatusOK, sql: newest},
	// The statement is the whole list: that is what an answer of 304 saves.
	{
		name: "list50-unchanged", method: http.MethodGet, path: page, tagged: true, status: http.StatusNotModified,
		sql: newest,
	},
	{
		name: "create", method: http.MethodPost, path: "/api/v1/tasks", status: http.StatusCreated,
		body: `{"title":"Buy milk and bread","description":"The sort we had last time","priority":"high"}`,
		sql: `insert into bench.tasks (user_id, version, title, description, priority, created_at, updated_at)
			values (:user, 1, 'Buy milk and bread', 'The sort we had last time', 3, now(), now()) returning $columns;`,
	},
	{
		name: "toggle", method: http.MethodPatch, path: "/api/v1/tasks/%d/toggle", aboutID: true, status: http.StatusOK,
		sql: `update bench.tasks set version = version + 1, completed = not completed,
			completed_at = case when completed then null else now() end, updated_at = now()
			where user_id = :user and id = :id and deleted_at is null returning $columns;`,
	},
	{
		name: "update", method: http.MethodPatch, path: "/api/v1/tasks/%d", aboutID: true, status: http.StatusOK,
		body: `{"title":"Buy milk and bread, %s"}`,
		sql: `update bench.tasks set version = version + 1, title = :text, updated_at = now()
			where user_id = :user and id = :id and deleted_at is null returning $columns;`,
	},
}

// operationNames returns the names of all operations.
func operationNames() []string {
	names := make([]string, len(operations))
	for i, op := range operations {
		names[i] = op.name
	}
	return names
}

// each returns how often the requests of op go through all users before they repeat.
func (op operation) each(d dataset) int {
	switch {
	case op.changes():
		return 2 * d.busy() // so that each title is followed by another one of the same task
	case op.aboutID:
		return d.busy()
	}
	return 1
}

// changes tells whether each request of op must have a text of its own.
func (op operation) changes() bool { return strings.Contains(op.body, "%s") }

// request returns the request of a user in one of the turns through all users, as it goes over the wire to host. sample
// makes its text differ from those of other samples.
func (op operation) request(d dataset, host string, user, turn int, token, tag, sample string) string {
	var b strings.Builder
	path, body := op.path, op.body
	if op.aboutID {
		path = fmt.Sprintf(path, d.busyTask(user, turn%d.busy()))
	}
	if op.changes() {
		body = fmt.Sprintf(body, fmt.Sprintf("%s-%d", sample, turn))
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", op.method, path, host, token)
	if tag != "" {
		fmt.Fprintf(&b, "If-None-Match: %s\r\n", tag)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return b.String()
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
	b.WriteString(strings.ReplaceAll(op.sql, "$columns", strings.Join(columns, ", ")))
	b.WriteString("\n")
	return b.String()
}
