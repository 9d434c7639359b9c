package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// TestSIGKILL kills todod under load again and again: every second time while no reply comes through, so that what it
// carried out last was committed and not answered. Whoever retries with their key gets the first answer, and nothing is
// lost or done twice.
func TestSIGKILL(t *testing.T) {
	t.Parallel()
	for _, store := range []string{onSQLite, onPostgres} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			folder, env := t.TempDir(), environment()
			if store == onPostgres {
				env = environment(pgtest.Empty(t))
			}
			p := tododtest.Start(t, folder, env...)
			d := newDoor(t, p.URL)
			l := startLoad(t, func() string { return d.URL })
			for n := range kills {
				l.wait(t, 20)
				time.Sleep(rand.N(50 * time.Millisecond))
				if n%2 == 1 {
					d.limit.Store(0)
					time.Sleep(rand.N(30 * time.Millisecond))
				}
				p.Signal(t, syscall.SIGKILL)
				p = tododtest.Start(t, folder, env...)
				d.lead(p.URL)
				d.limit.Store(whole)
			}
			l.wait(t, 20)
			l.stopAndCheck(t)
			if l.recovered.Load() < kills/2 {
				t.Errorf("only %d writes were committed and not answered", l.recovered.Load())
			}
		})
	}
}

// A load is a number of users whose clients write with keys and retry until they are answered.
type load struct {
	users     []*client
	writers   []*writer
	running   sync.WaitGroup
	stop      atomic.Bool
	recovered atomic.Int64 // writes whose answer is a replay: an earlier attempt was carried out, but nobody heard of it
	attempts  atomic.Int64 // without an answer
	answered  atomic.Int64 // writes
}

// A writer has tasks that nobody else touches. It waits for each answer before it goes on.
type writer struct {
	user    int
	client  *client
	done    []acknowledged
	current map[int64]string // its tasks as the last answers show them
	ids     []int64
}

// An acknowledged write is a request and its answer.
type acknowledged struct {
	request request
	answer  answer
}

// startLoad has four users write with three clients each.
func startLoad(t *testing.T, url func() string) *load {
	t.Helper()
	l := &load{}
	for user := range 4 {
		l.users = append(l.users, newClient(t, fmt.Sprintf("user%d", user), url))
		for n := range 3 {
			w := &writer{user: user, client: newClient(t, fmt.Sprintf("user%d", user), url), current: map[int64]string{}}
			l.writers = append(l.writers, w)
			l.running.Go(func() {
				for i := 0; !l.stop.Load() && !t.Failed(); i++ {
					w.write(t, l, fmt.Sprintf("client %d, write %d", n, i))
				}
			})
		}
	}
	return l
}

// wait returns when n more writes are answered.
func (l *load) wait(t *testing.T, n int64) {
	t.Helper()
	n += l.answered.Load()
	for deadline := time.Now().Add(patience); l.answered.Load() < n && !t.Failed(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is answered any more")
		}
	}
}

// write writes something of this name and remembers what it was told.
func (w *writer) write(t *testing.T, l *load, name string) {
	r := request{method: http.MethodPost, path: "/api/v1/tasks", body: fmt.Sprintf(`{"title":%q}`, name), key: fmt.Sprintf("%x", name)}
	choice := rand.IntN(6)
	if len(w.ids) > 0 && choice > 1 {
		r.path = fmt.Sprintf("/api/v1/tasks/%d", w.ids[rand.IntN(len(w.ids))])
		switch choice {
		case 2, 3:
			r.method, r.path, r.body = http.MethodPatch, r.path+"/toggle", ""
		case 4:
			r.method = http.MethodPut
		case 5:
			r.method, r.body = http.MethodDelete, ""
		}
	}
	a, attempts := w.client.untilAnswered(t, r)
	if a.status >= http.StatusMultipleChoices {
		t.Errorf("%s %s: status %d: %s", r.method, r.path, a.status, a.body)
		return
	}
	l.attempts.Add(int64(attempts - 1))
	l.answered.Add(1)
	if a.replayed() {
		l.recovered.Add(1)
	}
	w.done = append(w.done, acknowledged{r, a})
	w.keep(t, r, a)
}

// keep notes what a has made of the writer's tasks.
func (w *writer) keep(t *testing.T, r request, a answer) {
	if r.method != http.MethodDelete {
		id := a.task(t).ID
		if w.current[id] == "" {
			w.ids = append(w.ids, id)
		}
		w.current[id] = a.body
		return
	}
	var id int64
	if _, err := fmt.Sscanf(r.path, "/api/v1/tasks/%d", &id); err != nil {
		t.Error(err)
	}
	delete(w.current, id)
	w.ids = slices.DeleteFunc(w.ids, func(other int64) bool { return other == id })
}

// stopAndCheck ends the load and holds what is there against what was answered.
func (l *load) stopAndCheck(t *testing.T) {
	t.Helper()
	l.stop.Store(true)
	l.running.Wait()
	total := 0
	for user, c := range l.users {
		there, versions, deletions := c.all(t), map[int64]bool{}, 0
		for _, w := range l.writers {
			if w.user != user {
				continue
			}
			total += len(w.done)
			for id, body := range w.current {
				if there[id] != body {
					t.Errorf("%s was answered, and is now\n%s", body, there[id])
				}
				delete(there, id)
			}
			for _, done := range w.done {
				if done.request.method == http.MethodDelete {
					deletions++
					continue
				}
				version := done.answer.task(t).Version
				if versions[version] {
					t.Errorf("version %d was answered twice", version)
				}
				versions[version] = true
			}
		}
		for _, body := range there {
			t.Errorf("nobody was answered %s", body)
		}
		// Each change raises the revision by one, so a change that was made twice would be seen here.
		if last := c.create(t, "the last").Version; int64(len(versions)+deletions+1) != last {
			t.Errorf("%d writes were answered, and the user is at revision %d", len(versions)+deletions, last-1)
		}
	}
	l.retry(t)
	t.Logf("%d writes acknowledged, %d attempts failed, %d writes were found carried out by an attempt that got no answer",
		total, l.attempts.Load(), l.recovered.Load())
}

// retry sends a few hundred of each writer's requests again, which must be answered as they were.
func (l *load) retry(t *testing.T) {
	t.Helper()
	var clients sync.WaitGroup
	for _, w := range l.writers {
		clients.Go(func() {
			for _, done := range w.done[max(0, len(w.done)-200):] {
				again, _ := w.client.untilAnswered(t, done.request)
				if !again.replayed() || again.essence() != done.answer.essence() {
					t.Errorf("%s %s was answered\n%s\nand is now (replayed: %t)\n%s", done.request.method, done.request.path,
						done.answer.essence(), again.replayed(), again.essence())
					return
				}
			}
		})
	}
	clients.Wait()
}
