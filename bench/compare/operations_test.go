package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestRequests: what goes over the wire is a request that Go's server reads as it is meant, whomever it is for.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, routes := range []map[string]route{tododRoutes(), fastAPIRoutes, pocketBaseRoutes} {
		for name, r := range routes {
			raw := r.request(dataset{users: 10, tasks: 40}, "127.0.0.1:8000", "a.b.c", turn{user: 3, number: 1, learned: `"etag"`})
			req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			body, err := io.ReadAll(req.Body)
			if err != nil || (len(body) > 0) != (r.body != "") {
				t.Errorf("%s: the body is %q, %v", name, body, err)
			}
			if token := req.Header.Get("Authorization"); req.Method != r.method || token != "Bearer a.b.c" {
				t.Errorf("%s: %s %s, %v", name, req.Method, req.URL, req.Header)
			}
			if strings.Contains(raw, "$") {
				t.Errorf("%s: something is not put in: %s", name, raw)
			}
		}
	}
}

// tododRoutes returns todod's routes by operation.
func tododRoutes() map[string]route {
	routes := map[string]route{}
	for _, op := range operations {
		routes[op.name] = op.route
	}
	return routes
}

// TestRoutesAlternate: when a task has its turn again, what it gets is another request.
func TestRoutesAlternate(t *testing.T) {
	t.Parallel()
	d := dataset{users: 10, tasks: 40}
	for _, body := range []string{`{"title":"$text"}`, `{"completed":$flag}`} {
		r := route{path: "/tasks/$id", body: body}
		first, second := r.in(d, turn{user: 1}), r.in(d, turn{user: 1, number: d.busy()})
		if first.path != second.path || first.body == second.body {
			t.Errorf("%+v comes after %+v", second, first)
		}
		if got, want := r.turns(d), 2*d.busy(); got != want {
			t.Errorf("%s repeats after %d turns, want %d", body, got, want)
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
		if op.aboutTask() && !strings.Contains(script, want) {
			t.Errorf("%s: %s is not in %s", op.name, want, script)
		}
	}
}
