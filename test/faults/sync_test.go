package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A syncPage is an answer of /api/v1/sync.
type syncPage struct {
	Changes []struct {
		Rev  int64           `json:"rev"`
		Op   string          `json:"op"`
		Task json.RawMessage `json:"task"`
	} `json:"changes"`
	Next    string `json:"next"`
	HasMore bool   `json:"has_more"`
}

// pull asks for what has changed since token, "" for everything, and returns whether there is more.
func pull(t *testing.T, c *client, token string) (page syncPage, more bool) {
	t.Helper()
	return pullKinds(t, c, token, "")
}

// pullKinds is pull for objects of these kinds, "" for tasks.
func pullKinds(t *testing.T, c *client, token, kinds string) (page syncPage, more bool) {
	t.Helper()
	query := url.Values{"since": {token}, "kinds": {kinds}} // what is empty counts as absent
	a := c.get(t, "/api/v1/sync?"+query.Encode())
	if err := json.Unmarshal([]byte(a.body), &page); err != nil || page.Next == "" {
		t.Errorf("%v: %s", err, a.body)
	}
	return page, page.HasMore
}

// A reader keeps a copy of a user's tasks by following sync.
type reader struct {
	client *client
	token  string
	copy   map[int64]string // the tasks as they were on the wire
	rev    int64            // of the last change of the log
	inLog  bool             // its snapshot is complete
	pages  int
}

// step reads a page and returns whether there is more.
func (r *reader) step(t *testing.T) bool {
	t.Helper()
	page, more := pull(t, r.client, r.token)
	for _, change := range page.Changes {
		if r.inLog && change.Rev <= r.rev {
			t.Errorf("revision %d comes after %d", change.Rev, r.rev)
		}
		if r.inLog {
			r.rev = change.Rev
		}
		got := answer{body: string(change.Task)}.task(t)
		switch change.Op {
		case "deleted", "purged":
			delete(r.copy, got.ID)
			if got.Title != "" || got.Version != change.Rev {
				t.Errorf("the tombstone of revision %d is %s", change.Rev, change.Task)
			}
		default:
			r.copy[got.ID] = string(change.Task)
			if got.Title == "" || got.Version != change.Rev {
				t.Errorf("%s of revision %d shows %s", change.Op, change.Rev, change.Task)
			}
		}
	}
	if more && len(page.Changes) == 0 && r.token == page.Next {
		t.Errorf("there is more, but not on this page: %+v", page)
	}
	// A page of the snapshot that is not full is its last: from there on it is the log, which is in order.
	r.inLog = r.inLog || len(page.Changes) < 500
	r.token = page.Next
	r.pages++
	return more
}

// TestSyncUnderFire: however 32 clients change a user's tasks, those who follow the log end up with the tasks that there
// are, whether they began before all of it or in the middle.
func TestSyncUnderFire(t *testing.T) {
	onSystems(t, func(t *testing.T, s *system) {
		const user = "ada"
		early := &reader{client: newClient(t, user, s.anyURL), copy: map[int64]string{}}
		early.step(t)
		if len(early.copy) > 0 {
			t.Fatal("there is something already")
		}
		f := &fire{client: newClient(t, user, s.anyURL)}
		f.client.http.Transport.(*http.Transport).MaxIdleConnsPerHost = 40
		f.preload(t)

		f.began = time.Now()
		var writers, followers sync.WaitGroup
		for range 32 {
			writers.Go(func() { f.keepWriting(t) })
		}
		readers := []*reader{early}
		for range 3 {
			readers = append(readers, &reader{client: newClient(t, user, s.anyURL), copy: map[int64]string{}})
		}
		for i, r := range readers {
			followers.Go(func() {
				time.Sleep(time.Duration(i) * syncFor / 4)
				for !f.over() && !t.Failed() {
					r.step(t)
					time.Sleep(rand.N(20 * time.Millisecond))
				}
			})
		}
		writers.Wait()
		followers.Wait()

		there := f.client.all(t)
		for i, r := range readers {
			for more := true; more && !t.Failed(); {
				more = r.step(t)
			}
			if !maps.Equal(r.copy, there) {
				t.Errorf("reader %d has %d tasks, the server %d; they differ in %v", i, len(r.copy), len(there), difference(r.copy, there))
			}
			if r.rev != readers[0].rev {
				t.Errorf("reader %d is at revision %d, another at %d", i, r.rev, readers[0].rev)
			}
		}
		t.Logf("%d writes, %d refused, %d tasks left, revision %d, %d pages read by the first reader", f.done.Load(),
			f.refused.Load(), len(there), early.rev, early.pages)
	}, onSQLite, onPostgres, onThree)
}

// difference returns up to ten tasks that are not in both, or not the same.
func difference(a, b map[int64]string) []string {
	var differ []string
	for id := range maps.All(a) {
		if a[id] != b[id] {
			differ = append(differ, fmt.Sprintf("%d: %s / %s", id, a[id], b[id]))
		}
	}
	for id := range b {
		if a[id] == "" {
			differ = append(differ, fmt.Sprintf("%d: none / %s", id, b[id]))
		}
	}
	return differ[:min(10, len(differ))]
}

// A fire is many clients who change one user's tasks.
type fire struct {
	client        *client
	began         time.Time
	done, refused atomic.Int64

	mu  sync.Mutex
	ids []int64 // also of tasks in the trash, and of some that are gone
}

// preload makes the first tasks.
func (f *fire) preload(t *testing.T) {
	t.Helper()
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			for range syncPreload / 10 {
				made := f.client.create(t, "from the beginning")
				f.mu.Lock()
				f.ids = append(f.ids, made.ID)
				f.mu.Unlock()
			}
		})
	}
	clients.Wait()
}

// over reports whether time is up, and enough has happened even on a slow machine.
func (f *fire) over() bool {
	took := time.Since(f.began)
	return took > syncFor && f.done.Load() > 300 || took > patience
}

// keepWriting does this and that until time is up.
func (f *fire) keepWriting(t *testing.T) {
	for n := 0; !f.over() && !t.Failed(); n++ {
		f.mu.Lock()
		id := f.ids[rand.IntN(len(f.ids))]
		f.mu.Unlock()
		live, trashed := fmt.Sprintf("/api/v1/tasks/%d", id), fmt.Sprintf("/api/v1/trash/%d", id)
		var r request
		switch rand.IntN(10) {
		case 0, 1:
			r = request{method: http.MethodPost, path: "/api/v1/tasks", body: `{"title":"new","due_date":"2027-01-02"}`}
		case 2, 3:
			r = request{method: http.MethodPut, path: live, body: fmt.Sprintf(`{"title":"title %d","description":null}`, n)}
		case 4, 5:
			r = request{method: http.MethodPatch, path: live + "/toggle"}
		case 6, 7:
			r = request{method: http.MethodDelete, path: live}
		case 8:
			r = request{method: http.MethodPost, path: trashed + "/restore"}
		case 9:
			r = request{method: http.MethodDelete, path: trashed}
		}
		a, err := f.client.send(r)
		switch {
		case err != nil:
			t.Errorf("%s %s: %v", r.method, r.path, err)
		case a.status < http.StatusMultipleChoices:
			f.done.Add(1)
		case a.status == http.StatusNotFound, a.later():
			f.refused.Add(1)
		default:
			t.Errorf("%s %s: status %d: %s", r.method, r.path, a.status, a.body)
		}
		if a.status == http.StatusCreated {
			f.mu.Lock()
			f.ids = append(f.ids, a.task(t).ID)
			f.mu.Unlock()
		}
	}
}
