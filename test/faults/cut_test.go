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
	on      string // what {id} is, or what it is about: aTask, aCompletedTask, inTrash; "" for nothing
	body    string // with {n} for a number that is another one each time, {rev} for the newest revision; "" for none
	status  int
	changes int64 // how many it makes; 0 for one
}

// What a write can be about.
const (
	aTask          = "a task"
	aCompletedTask = "a completed task"
	aRecurringTask = "a task that recurs"
	inTrash        = "a task in the trash"
	beforeAnother  = "a task that stands before another"
	aList          = "a list"
	behindAnother  = "a list that stands behind another"
	aLabel         = "a label"
	listInTrash    = "a list in the trash"
)

// writes are all routes that take an Idempotency-Key, as api/openapi.json names them. Whoever adds one adds it here.
var writes = map[string]write{
	"POST /api/v1/tasks":              {"", `{"title":"new {n}"}`, http.StatusCreated, 0},
	"PUT /api/v1/tasks/{id}":          {aTask, `{"title":"put {n}"}`, http.StatusOK, 0},
	"PATCH /api/v1/tasks/{id}":        {aTask, `{"description":"merged {n}"}`, http.StatusOK, 0},
	"DELETE /api/v1/tasks/{id}":       {aTask, "", http.StatusNoContent, 0},
	"PATCH /api/v1/tasks/{id}/toggle": {aTask, "", http.StatusOK, 0},
	"POST /api/v1/trash/{id}/restore": {inTrash, "", http.StatusOK, 0},
	"DELETE /api/v1/trash/{id}":       {inTrash, "", http.StatusNoContent, 0},

	"POST /api/v1/tasks/{id}/complete": {aRecurringTask, "", http.StatusOK, 0},
	"POST /api/v1/tasks/{id}/skip":     {aRecurringTask, `{"slot":null}`, http.StatusOK, 0},

	"POST /api/v1/tasks/{id}/move":      {beforeAnother, `{"before":null}`, http.StatusOK, 0},
	"POST /api/v1/lists":                {"", `{"name":"new {n}"}`, http.StatusCreated, 0},
	"PUT /api/v1/lists/{id}":            {aList, `{"name":"put {n}"}`, http.StatusOK, 0},
	"PATCH /api/v1/lists/{id}":          {aList, `{"archived":true}`, http.StatusOK, 0},
	"DELETE /api/v1/lists/{id}":         {aList, "", http.StatusNoContent, 0},
	"POST /api/v1/lists/{id}/move":      {behindAnother, `{"after":null}`, http.StatusOK, 0},
	"POST /api/v1/labels":               {"", `{"name":"new {n}"}`, http.StatusCreated, 0},
	"PUT /api/v1/labels/{id}":           {aLabel, `{"name":"put {n}"}`, http.StatusOK, 0},
	"PATCH /api/v1/labels/{id}":         {aLabel, `{"color":"#1e90ff"}`, http.StatusOK, 0},
	"DELETE /api/v1/labels/{id}":        {aLabel, "", http.StatusNoContent, 0},
	"POST /api/v1/trash/{id}/restore *": {listInTrash, "", http.StatusOK, 0},
	"DELETE /api/v1/trash/{id} *":       {listInTrash, "", http.StatusNoContent, 0},

	"POST /api/v1/tasks/batch": {aTask, `{"operations":[{"op":"create","ref":"new","task":{"title":"new {n}"}},
		{"op":"complete","ref":"new"},{"op":"delete","id":{id}},{"op":"delete","id":987654321}]}`, http.StatusOK, 3},
	"POST /api/v1/tasks/batch *":         {"", `{"atomic":true,"operations":[{"op":"create","task":{"title":"new {n}"}}]}`, http.StatusOK, 0},
	"POST /api/v1/tasks/complete-all":    {aTask, "", http.StatusOK, 0},
	"POST /api/v1/tasks/clear-completed": {aCompletedTask, "", http.StatusOK, 0},
	"POST /api/v1/undo":                  {aTask, `{"rev":{rev}}`, http.StatusOK, 0},

	"POST /api/todos":                  {"", `{"title":"todo {n}","dueDate":""}`, http.StatusCreated, 0},
	"PUT /api/todos/{id}":              {aTask, `{"title":"todo {n}","priority":"high"}`, http.StatusOK, 0},
	"DELETE /api/todos/{id}":           {aTask, "", http.StatusOK, 0},
	"PATCH /api/todos/{id}/complete":   {aTask, `{"completed":true}`, http.StatusOK, 0},
	"PATCH /api/todos/{id}/complete *": {aTask, "", http.StatusOK, 0}, // the same route without a body
}

// documentedWrites returns the routes of api/openapi.json that take an Idempotency-Key. The others keep no answer: it would
// be a secret, or they change no data that a retry could change twice.
func documentedWrites(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	type operation struct{ Parameters []struct{ Name, In string } }
	var doc struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var routes []string
	for path, methods := range doc.Paths {
		for method, op := range methods {
			for _, p := range op.Parameters {
				if p.In == "header" && p.Name == "Idempotency-Key" {
					routes = append(routes, strings.ToUpper(method)+" "+path)
				}
			}
		}
	}
	return routes
}

// TestEveryWriteIsTested: the tests of this package know all routes that take a key, and no others.
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
	// Go would repeat a request on a kept connection. What is cut is read as it went out.
	c.before.http.Transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	first := c.client.create(t, "first") // and none that is live: there are routes that are about all
	c.client.want(t, http.StatusNoContent, request{method: http.MethodDelete, path: fmt.Sprintf("/api/v1/tasks/%d", first.ID)})
	c.latest(t)
	c.rev = first.Version + 1 // nothing that is left says so
	return c
}

// latest reads what has changed since the last time and returns the changes' revisions.
func (c *cutter) latest(t *testing.T) (revs []int64) {
	t.Helper()
	for more := true; more && !t.Failed(); {
		var page syncPage
		page, more = pullKinds(t, c.client, c.token, "task,list,label")
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
	id := c.prepare(t)
	r.path = strings.ReplaceAll(path, "{id}", fmt.Sprint(id))
	c.latest(t)
	r.body = strings.NewReplacer("{n}", fmt.Sprint(c.n), "{id}", fmt.Sprint(id), "{rev}", fmt.Sprint(c.rev)).Replace(c.write.body)
	return r
}

// prepare makes what the next request is about and returns its id, 0 for nothing.
func (c *cutter) prepare(t *testing.T) (id int64) {
	t.Helper()
	switch c.write.on {
	case "":
		return 0
	case aList, listInTrash:
		id = c.make(t, "lists")
	case aLabel:
		id = c.make(t, "labels")
	case behindAnother:
		c.make(t, "lists")
		id = c.make(t, "lists")
	case beforeAnother:
		c.client.create(t, "another")
		fallthrough
	default:
		id = c.client.create(t, "on which it is done").ID
	}
	switch c.write.on {
	case inTrash:
		c.client.want(t, http.StatusNoContent, request{method: http.MethodDelete, path: fmt.Sprintf("/api/v1/tasks/%d", id)})
	case listInTrash:
		c.client.want(t, http.StatusNoContent, request{method: http.MethodDelete, path: fmt.Sprintf("/api/v1/lists/%d", id)})
	case aRecurringTask:
		body := `{"due_date":"2026-12-25","recurrence":{"rule":"FREQ=DAILY"}}`
		c.client.want(t, http.StatusOK, request{method: http.MethodPatch, path: fmt.Sprintf("/api/v1/tasks/%d", id), body: body})
	case aCompletedTask:
		c.client.want(t, http.StatusOK, request{method: http.MethodPatch, path: fmt.Sprintf("/api/v1/tasks/%d/toggle", id)})
	}
	return id
}

// make makes a list or label and returns its id.
func (c *cutter) make(t *testing.T, kind string) int64 {
	t.Helper()
	body := fmt.Sprintf(`{"name":"%d on which it is done"}`, c.n)
	return c.client.want(t, http.StatusCreated, request{method: http.MethodPost, path: "/api/v1/" + kind, body: body}).task(t).ID
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

// once retries r until it is answered, and looks whether the user's revision has risen by what one request makes. A second
// retry must get the same.
func (c *cutter) once(t *testing.T, r request, what string) answer {
	t.Helper()
	before := c.rev
	a, _ := c.client.untilAnswered(t, r)
	if again, _ := c.client.untilAnswered(t, r); !again.replayed() || again.essence() != a.essence() {
		t.Errorf("%s, the second retry is answered (replayed: %t)\n%s\nthe first\n%s", what, again.replayed(), again.essence(), a.essence())
	}
	if revs := c.latest(t); c.rev != before+max(c.write.changes, 1) || int64(len(revs)) > c.rev-before {
		t.Errorf("%s, %s %s made the revisions %v after %d", what, r.method, r.path, revs, before)
	}
	return a
}
