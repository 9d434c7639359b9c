package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A write is how a route that writes is called so that it changes something.
type write struct {
	on     string // what {id} is: aTask, inTrash; "" for a route without
	body   string // with {n} for a number that is another one each time; "" for none
	status int
}

// What a write can be about.
const (
	aTask   = "a task"
	inTrash = "a task in the trash"
)

// writes are all routes that write, as api/openapi.json names them. Whoever adds a route adds it here.
var writes = map[string]write{
	"POST /api/v1/tasks":               {"", `{"title":"new {n}"}`, http.StatusCreated},
	"PUT /api/v1/tasks/{id}":           {aTask, `{"title":"put {n}"}`, http.StatusOK},
	"PATCH /api/v1/tasks/{id}":         {aTask, `{"description":"merged {n}"}`, http.StatusOK},
	"DELETE /api/v1/tasks/{id}":        {aTask, "", http.StatusNoContent},
	"PATCH /api/v1/tasks/{id}/toggle":  {aTask, "", http.StatusOK},
	"POST /api/v1/trash/{id}/restore":  {inTrash, "", http.StatusOK},
	"DELETE /api/v1/trash/{id}":        {inTrash, "", http.StatusNoContent},
	"POST /api/todos":                  {"", `{"title":"todo {n}","dueDate":""}`, http.StatusCreated},
	"PUT /api/todos/{id}":              {aTask, `{"title":"todo {n}","priority":"high"}`, http.StatusOK},
	"DELETE /api/todos/{id}":           {aTask, "", http.StatusOK},
	"PATCH /api/todos/{id}/complete":   {aTask, `{"completed":true}`, http.StatusOK},
	"PATCH /api/todos/{id}/complete *": {aTask, "", http.StatusOK}, // the same route without a body
}

// keyless are the routes that keep no answer, by how their paths begin: it would be a secret, or they change no data.
var keyless = []string{"/api/auth/", "/api/v1/events/ticket"}

// documentedWrites returns the routes that write, of api/openapi.json.
func documentedWrites(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var routes []string
	for path, methods := range doc.Paths {
		for method := range methods {
			route := strings.ToUpper(method) + " " + path
			keeps := method != "get"
			for _, beginning := range keyless {
				keeps = keeps && !strings.HasPrefix(path, beginning)
			}
			if keeps {
				routes = append(routes, route)
			}
		}
	}
	return routes
}

// TestEveryWriteIsTested: the tests of this package know all routes that write, and no others.
func TestEveryWriteIsTested(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, route := range documentedWrites(t) {
		documented[route] = true
		if _, known := writes[route]; !known {
			t.Errorf("%s is not in writes", route)
		}
	}
	for route := range writes {
		if !documented[strings.TrimSuffix(route, " *")] {
			t.Errorf("%s is no route", route)
		}
	}
}

// TestCutReplies: whatever part of the reply a client gets, asking again with the key gets it the first answer, and the
// change is made once.
func TestCutReplies(t *testing.T) {
	onSystems(t, func(t *testing.T, s *system) {
		for route, w := range writes {
			t.Run(route, func(t *testing.T) {
				t.Parallel()
				c := newCutter(t, s, route, w)
				for n := range 41 {
					if everyByte || n < 2 || n == 12 || n == 40 {
						c.cutAfter(t, n)
					}
				}
				for range disappear {
					c.disappear(t)
				}
			})
		}
	}, onSQLite, onPostgres)
}

// A cutter calls one route through a door that cuts.
type cutter struct {
	route  string
	write  write
	door   *door
	before *client // sends through the door
	client *client // of the same user, directly
	token  string  // of sync, at the user's newest revision
	rev    int64   // which is this
	n      int
}

// newCutter returns a cutter for a user of its own.
func newCutter(t *testing.T, s *system, route string, w write) *cutter {
	t.Helper()
	c := &cutter{route: route, write: w, door: newDoor(t, s.anyURL()), client: newClient(t, route, s.anyURL)}
	c.before = newClient(t, route, func() string { return c.door.URL })
	c.before.http.Transport = &http.Transport{DisableKeepAlives: true} // Go would repeat a request on a kept one
	c.client.create(t, "first")
	c.latest(t)
	return c
}

// latest reads what has changed since the last time and returns the changes' revisions.
func (c *cutter) latest(t *testing.T) (revs []int64) {
	t.Helper()
	for more := true; more && !t.Failed(); {
		var page syncPage
		page, more = pull(t, c.client, c.token)
		c.token = page.Next
		for _, change := range page.Changes {
			revs = append(revs, change.Rev)
			c.rev = change.Rev
		}
	}
	return revs
}

// next returns the next request, on a task made for it.
func (c *cutter) next(t *testing.T) request {
	t.Helper()
	c.n++
	method, path, _ := strings.Cut(strings.TrimSuffix(c.route, " *"), " ")
	r := request{method: method, key: fmt.Sprintf("key-%d", c.n)}
	r.body = strings.ReplaceAll(c.write.body, "{n}", fmt.Sprint(c.n))
	var id int64
	if c.write.on != "" {
		id = c.client.create(t, "on which it is done").ID
	}
	if c.write.on == inTrash {
		c.client.want(t, http.StatusNoContent, request{method: http.MethodDelete, path: fmt.Sprintf("/api/v1/tasks/%d", id)})
	}
	r.path = strings.ReplaceAll(path, "{id}", fmt.Sprint(id))
	c.latest(t)
	return r
}

// cutAfter cuts the reply after n bytes.
func (c *cutter) cutAfter(t *testing.T, n int) {
	t.Helper()
	r := c.next(t)
	c.door.limit.Store(int64(n))
	if a, err := c.before.send(r); err == nil {
		t.Fatalf("%d bytes are an answer: %+v", n, a)
	}
	first := c.door.cut(t)
	if first.status != c.write.status || first.replayed() {
		t.Fatalf("the reply that was cut is %s", first.essence())
	}
	retried := c.once(t, r, fmt.Sprintf("cut after %d bytes", n))
	if !retried.replayed() || retried.essence() != first.essence() {
		t.Errorf("cut after %d bytes, the retry is answered (replayed: %t)\n%s\nthe first was\n%s", n, retried.replayed(),
			retried.essence(), first.essence())
	}
}

// disappear hangs up at about the time at which the request is carried out, so that the retry may come during that.
func (c *cutter) disappear(t *testing.T) {
	t.Helper()
	r := c.next(t)
	c.door.limit.Store(vanish)
	if a, err := c.before.send(r); err == nil {
		t.Fatalf("an answer came through: %+v", a)
	}
	time.Sleep(rand.N(2 * time.Millisecond))
	if got := c.once(t, r, "gone before the reply"); got.status != c.write.status {
		t.Errorf("gone before the reply, the retry is answered %s", got.essence())
	}
}

// once retries r until it is answered, and looks whether the user's revision has risen by one. A second retry must get the
// same.
func (c *cutter) once(t *testing.T, r request, what string) answer {
	t.Helper()
	before := c.rev
	a, _ := c.client.untilAnswered(t, r)
	if again, _ := c.client.untilAnswered(t, r); !again.replayed() || again.essence() != a.essence() {
		t.Errorf("%s, the second retry is answered (replayed: %t)\n%s\nthe first\n%s", what, again.replayed(), again.essence(), a.essence())
	}
	if revs := c.latest(t); len(revs) != 1 || revs[0] != before+1 {
		t.Errorf("%s, %s %s made the revisions %v after %d", what, r.method, r.path, revs, before)
	}
	return a
}
