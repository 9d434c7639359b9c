package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// How much happens in one history.
const (
	historyClients = 4
	historyCalls   = 8 // of each client
)

// TestLinearizable has clients change one task at random, several at once, with and without versions and keys, and asks
// porcupine whether what they were told could have happened one after the other, each between its request and its answer.
func TestLinearizable(t *testing.T) {
	onSystems(t, func(t *testing.T, s *system) {
		swallowing := newDoor(t, s.anyURL())
		swallowing.limit.Store(0)
		var next atomic.Int64
		var counts [6]atomic.Int64
		var running sync.WaitGroup
		for range 4 {
			running.Go(func() {
				for n := next.Add(1); n <= histories && !t.Failed(); n = next.Add(1) {
					h := &history{system: s, swallowing: swallowing, user: fmt.Sprintf("user%d", n)}
					h.run(t)
					h.check(t)
					h.count(&counts)
				}
			})
		}
		running.Wait()
		t.Logf("%d histories of %d calls: %d changes, %d replays, %d × 412, %d × 404, %d × 304, %d × later", histories,
			historyClients*historyCalls, counts[0].Load(), counts[1].Load(), counts[2].Load(), counts[3].Load(),
			counts[4].Load(), counts[5].Load())
		for i, what := range []string{"changes", "replays", "412", "404", "304"} {
			if counts[i].Load() < histories/25 {
				t.Errorf("there were only %d %s", counts[i].Load(), what)
			}
		}
	}, onSQLite, onPostgres, onThree)
}

// The calls there are.
const (
	reading = iota
	listing
	toggling
	putting
	deleting
	restoring
)

// A call is the input of an operation.
type call struct {
	kind    int
	title   string // to put
	ifMatch int64  // the version that is required, 0 for any
	known   int64  // listing: the version of the list that the client has, 0 for none
	slot    int    // which of the shared keys it has, 0 for none
	retried bool   // with a key of its own, after a first attempt whose reply was lost
}

// An image is the task as an answer shows it.
type image struct {
	completed bool
	title     string
	version   int64
}

// A result is the output of an operation.
type result struct {
	status   int
	seen     image // zero if none was shown
	replayed bool
}

// A state is the model: one task, and what its user's keys remember.
type state struct {
	image   // version is the user's revision, too, as it is their only task
	trashed bool
	kept    [2]image // by slot; version 0 for a key that was not used yet
}

// success returns the status of a call that is carried out.
func (c call) success() int {
	if c.kind == deleting {
		return http.StatusNoContent
	}
	return http.StatusOK
}

// step tells whether a call in state s can have this result, and the state after it.
func step(s state, c call, r result) (bool, state) {
	if r.status == http.StatusConflict {
		return true, s // come back later: nothing was done
	}
	if c.slot > 0 && s.kept[c.slot-1].version > 0 {
		return r == result{c.success(), shown(c, s.kept[c.slot-1]), true}, s
	}
	if r.replayed && !c.retried {
		return false, s
	}
	after, want := carryOut(s, c)
	if c.slot > 0 && want.status == c.success() {
		after.kept[c.slot-1] = after.image
	}
	want.replayed = r.replayed // a first attempt may have been carried out or not
	return r == want, after
}

// shown returns what the answer to c shows of the task.
func shown(c call, i image) image {
	if c.kind == deleting {
		return image{}
	}
	return i
}

// withOptions returns what c makes of s, and its result.
func carryOut(s state, c call) (state, result) {
	switch {
	case c.kind == listing && c.known == s.version:
		return s, result{status: http.StatusNotModified}
	case c.kind == listing && s.trashed:
		return s, result{status: http.StatusOK}
	case s.trashed != (c.kind == restoring):
		return s, result{status: http.StatusNotFound}
	case c.ifMatch > 0 && c.ifMatch != s.version:
		return s, result{status: http.StatusPreconditionFailed, seen: s.image}
	}
	switch c.kind {
	case toggling:
		s.completed = !s.completed
	case putting:
		if s.title == c.title {
			return s, result{status: http.StatusOK, seen: s.image} // nothing to change
		}
		s.title = c.title
	case deleting, restoring:
		s.trashed = !s.trashed
	case reading, listing:
		return s, result{status: http.StatusOK, seen: s.image}
	}
	s.version++
	return s, result{status: c.success(), seen: shown(c, s.image)}
}

// model is step for porcupine. Every history begins with a task that was just made, the first change of its user.
var model = porcupine.Model{
	Init: func() any { return state{image: image{title: "new", version: 1}} },
	Step: func(s, c, r any) (bool, any) { return step(s.(state), c.(call), r.(result)) },
	DescribeOperation: func(c, r any) string {
		return fmt.Sprintf("%+v → %+v", c, r)
	},
}

// A history is what happens to one task of one user.
type history struct {
	system     *system
	swallowing *door
	user       string
	id         int64
	began      time.Time

	mu  sync.Mutex
	all []porcupine.Operation
}

// run makes the history.
func (h *history) run(t *testing.T) {
	maker := newClient(t, h.user, h.system.anyURL)
	h.id = maker.create(t, "new").ID
	h.began = time.Now()
	var clients sync.WaitGroup
	for n := range historyClients {
		clients.Go(func() {
			c := &caller{history: h, number: n, direct: newClient(t, h.user, h.system.anyURL)}
			c.lossy = newClient(t, h.user, func() string { return h.swallowing.URL })
			c.lossy.http.Transport = &http.Transport{DisableKeepAlives: true}
			for i := range historyCalls {
				c.call(t, i)
			}
			c.direct.http.CloseIdleConnections()
		})
	}
	clients.Wait()
	maker.http.CloseIdleConnections()
}

// check asks porcupine.
func (h *history) check(t *testing.T) {
	if got := porcupine.CheckOperationsTimeout(model, h.all, time.Minute); got != porcupine.Ok {
		var b strings.Builder
		for _, op := range h.all {
			fmt.Fprintf(&b, "client %d, %8d to %8d µs: %s\n", op.ClientId, op.Call/1000, op.Return/1000, model.DescribeOperation(op.Input, op.Output))
		}
		t.Errorf("the history of %s is %s:\n%s", h.user, got, &b)
	}
}

// count adds up what happened.
func (h *history) count(counts *[6]atomic.Int64) {
	for _, op := range h.all {
		c, r := op.Input.(call), op.Output.(result)
		switch {
		case r.replayed:
			counts[1].Add(1)
		case r.status == http.StatusPreconditionFailed:
			counts[2].Add(1)
		case r.status == http.StatusNotFound:
			counts[3].Add(1)
		case r.status == http.StatusNotModified:
			counts[4].Add(1)
		case r.status == http.StatusConflict:
			counts[5].Add(1)
		case c.kind > listing:
			counts[0].Add(1)
		}
	}
}

// A caller is one of a history's clients.
type caller struct {
	history *history
	number  int
	direct  *client
	lossy   *client // gets no reply
	version int64   // that it saw last
	list    int64   // the version of the list it has
	listTag string
}

// sharedKeys are requests that several clients send with the same key.
var sharedKeys = []call{{kind: toggling, slot: 1}, {kind: putting, title: "shared", slot: 2}}

// draw returns a call by chance, the nth of its client.
func (c *caller) draw(n int) call {
	if rand.IntN(6) == 0 {
		return sharedKeys[rand.IntN(len(sharedKeys))]
	}
	drawn := call{kind: []int{reading, listing, listing, toggling, toggling, putting, putting, deleting, restoring, restoring}[rand.IntN(10)]}
	switch drawn.kind {
	case putting:
		drawn.title = fmt.Sprintf("by %d, %d", c.number, n/2) // the same one twice, at times
	case listing:
		drawn.known = c.list
	}
	if drawn.kind > listing {
		drawn.retried = rand.IntN(5) == 0
		if rand.IntN(2) == 0 {
			drawn.ifMatch = c.version
		}
	}
	return drawn
}

// request returns the request of a call, the nth of its client.
func (c *caller) request(made call, n int) request {
	path := fmt.Sprintf("/api/v1/tasks/%d", c.history.id)
	r := map[int]request{
		reading:   {method: http.MethodGet, path: path},
		listing:   {method: http.MethodGet, path: "/api/v1/tasks"},
		toggling:  {method: http.MethodPatch, path: path + "/toggle"},
		putting:   {method: http.MethodPut, path: path, body: fmt.Sprintf(`{"title":%q}`, made.title)},
		deleting:  {method: http.MethodDelete, path: path},
		restoring: {method: http.MethodPost, path: fmt.Sprintf("/api/v1/trash/%d/restore", c.history.id)},
	}[made.kind]
	if made.ifMatch > 0 {
		r.ifMatch = etag(made.ifMatch)
	}
	if made.known > 0 {
		r.ifNoneMatch = c.listTag
	}
	switch {
	case made.slot > 0:
		r.key = fmt.Sprintf("shared-%d", made.slot)
	case made.retried:
		r.key = fmt.Sprintf("own-%d-%d", c.number, n)
	}
	return r
}

// call makes a call by chance, the nth of its client, and writes it down. A call that is retried lasts from its first
// attempt on.
func (c *caller) call(t *testing.T, n int) {
	made := c.draw(n)
	r := c.request(made, n)
	op := porcupine.Operation{ClientId: c.number, Input: made, Call: time.Since(c.history.began).Nanoseconds()}
	if made.retried {
		if a, err := c.lossy.send(r); err == nil {
			t.Errorf("an answer came through: %+v", a)
		}
	}
	a, err := c.direct.send(r)
	op.Return = time.Since(c.history.began).Nanoseconds()
	if err != nil || a.status == http.StatusConflict && !a.later() {
		t.Errorf("%s %s: %v: %s", r.method, r.path, err, a.essence())
		return
	}
	got := result{status: a.status, seen: seenIn(t, made, a), replayed: a.replayed()}
	op.Output = got
	c.history.mu.Lock()
	c.history.all = append(c.history.all, op)
	c.history.mu.Unlock()
	if got.seen.version > 0 {
		c.version = got.seen.version
		if made.kind == listing {
			c.list, c.listTag = got.seen.version, a.header.Get("ETag")
		}
	}
}

// seenIn returns the task that an answer shows.
func seenIn(t *testing.T, made call, a answer) image {
	body := a.body
	switch {
	case a.status == http.StatusPreconditionFailed:
		var problem struct{ Current json.RawMessage }
		if err := json.Unmarshal([]byte(body), &problem); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		body = string(problem.Current)
	case a.status != http.StatusOK:
		return image{}
	case made.kind == listing:
		items := a.items(t)
		if len(items) == 0 {
			return image{}
		}
		body = string(items[0])
	}
	got := answer{body: body}.task(t)
	if tag := a.header.Get("ETag"); made.kind != listing && tag != etag(got.Version) {
		t.Errorf("the entity tag %s comes with %s", tag, body)
	}
	return image{got.Completed, got.Title, got.Version}
}

// TestTheModelIsStrict: porcupine finds what must never happen.
func TestTheModelIsStrict(t *testing.T) {
	t.Parallel()
	first := image{title: "new", version: 1}
	toggled := image{completed: true, title: "new", version: 2}
	for name, calls := range map[string][]porcupine.Operation{
		"a toggle that is lost": {
			{Input: call{kind: toggling}, Output: result{status: 200, seen: toggled}},
			{Input: call{kind: reading}, Output: result{status: 200, seen: first}},
		},
		"a version that is used twice": {
			{Input: call{kind: toggling}, Output: result{status: 200, seen: toggled}},
			{Input: call{kind: putting, title: "other"}, Output: result{status: 200, seen: image{true, "other", 2}}},
		},
		"a version that is skipped": {
			{Input: call{kind: toggling}, Output: result{status: 200, seen: image{true, "new", 3}}},
		},
		"a required version that isn't there": {
			{Input: call{kind: toggling, ifMatch: 7}, Output: result{status: 200, seen: toggled}},
		},
		"a retry that is carried out again": {
			{Input: call{kind: toggling, slot: 1}, Output: result{status: 200, seen: toggled}},
			{Input: call{kind: toggling, slot: 1}, Output: result{status: 200, seen: image{false, "new", 3}}},
		},
		"a replay of something else": {
			{Input: call{kind: toggling, slot: 1}, Output: result{status: 200, seen: toggled}},
			{Input: call{kind: toggling, slot: 1}, Output: result{status: 200, seen: first, replayed: true}},
		},
		"a list that is old": {
			{Input: call{kind: toggling}, Output: result{status: 200, seen: toggled}},
			{Input: call{kind: listing, known: 1}, Output: result{status: 304}},
		},
		"a task that was deleted": {
			{Input: call{kind: deleting}, Output: result{status: 204}},
			{Input: call{kind: toggling}, Output: result{status: 200, seen: image{true, "new", 3}}},
		},
	} {
		for i := range calls {
			calls[i].Call, calls[i].Return = int64(10*i), int64(10*i+5)
		}
		if porcupine.CheckOperations(model, calls) {
			t.Errorf("%s passes", name)
		}
	}
}
