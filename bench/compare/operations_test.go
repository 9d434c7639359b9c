package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestRequests: what goes over the wire is a request that Go's server reads as it is meant.
func TestRequests(t *testing.T) {
	t.Parallel()
	d := dataset{users: 10, tasks: 40}
	for _, op := range operations {
		raw := op.request(d, "127.0.0.1:8000", 3, 1, "a.b.c", `"etag"`, "s")
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			t.Errorf("%s: %v", op.name, err)
			continue
		}
		body, err := io.ReadAll(req.Body)
		if err != nil || strings.Contains(string(body), "%") || (len(body) > 0) != (op.body != "") {
			t.Errorf("%s: the body is %q, %v", op.name, body, err)
		}
		token, path := req.Header.Get("Authorization"), req.URL.String()
		if req.Method != op.method || token != "Bearer a.b.c" || strings.Contains(path, "%") {
			t.Errorf("%s: %s %s, %v", op.name, req.Method, req.URL, req.Header)
		}
	}
}

// TestBusyTasks: they are there, and the user's own: ids count through all users again and again.
func TestBusyTasks(t *testing.T) {
	t.Parallel()
	for _, d := range []dataset{{1, 1}, {10, 40}, {1000, 1000}, {7, 17}} {
		for k := range d.busy() {
			id := d.busyTask(d.users, k)
			if id < 1 || id > d.users*d.tasks || (id-d.users)%d.users != 0 {
				t.Errorf("%v: task %d of the last user is %d", d, k, id)
			}
		}
	}
}

// TestScripts: pgbench's variables are all set, and its tasks are those of the requests.
func TestScripts(t *testing.T) {
	t.Parallel()
	d := dataset{users: 10, tasks: 40}
	for _, op := range operations {
		script := op.script(d, []string{"id", "title"})
		if strings.Contains(script, "$columns") || !strings.Contains(script, `\set user `) {
			t.Errorf("%s: %s", op.name, script)
		}
		want := fmt.Sprintf(`\set id random(0, 15) * %d + :number`, d.busyTask(0, 1))
		if op.aboutID && !strings.Contains(script, want) {
			t.Errorf("%s: %s is not in %s", op.name, want, script)
		}
	}
}
