//go:build heavy

package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/test/tododtest"
)

// How much the person has whose data is exported.
const (
	exportedTasks   = 1 + 5_000
	exportedChanges = exportedTasks + 15_000
)

// TestALargeExportTakesLittleMemory: of somebody with very much, while they go on writing.
func TestALargeExportTakesLittleMemory(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		p := tododtest.Start(t, folder, env...)
		w := &writer{t: t, url: p.URL, token: token(t, folder, env, "ada")}
		w.http.Timeout = 5 * time.Minute
		w.http.Transport = &http.Transport{MaxIdleConnsPerHost: 20}
		defer w.http.CloseIdleConnections()
		first := w.create(long(0)) // of a database of its own, so that the others' ids follow
		w.many(exportedTasks/100, func(i int) {
			w.send("POST", "/api/v1/tasks/batch", batchOf(func(j int) string {
				return fmt.Sprintf(`{"op":"create","task":%s}`, long(1+i*100+j))
			}))
		})
		w.many((exportedChanges-exportedTasks)/100, func(i int) {
			w.send("POST", "/api/v1/tasks/batch", batchOf(func(j int) string {
				n := i*100 + j
				return fmt.Sprintf(`{"op":"update","id":%d,"task":%s}`, first+n%exportedTasks, long(exportedTasks+n))
			}))
		})

		before := resetPeak(t, p.Process.Pid)
		stop := make(chan struct{})
		var writing sync.WaitGroup
		for n := range 2 {
			writing.Go(func() {
				for i := n; ; i += 2 {
					select {
					case <-stop:
						return
					default:
						w.send("PATCH", fmt.Sprintf("/api/v1/tasks/%d/toggle", first+i%exportedTasks), "")
					}
				}
			})
		}
		bytes, e := func() (int, exported) {
			defer writing.Wait() // also if it fails
			defer close(stop)
			return w.export()
		}()
		grown := peak(t, p.Process.Pid) - before
		t.Logf("%d MB with %d changes, from %d to %d; the process grew by %d MB", bytes>>20, e.changes, e.from, e.to, grown>>20)
		if e.from < exportedChanges || e.to <= e.from || e.changes != e.to || e.tasks != exportedTasks {
			t.Errorf("from %d to %d: %d tasks, %d changes", e.from, e.to, e.tasks, e.changes)
		}
		if grown > bytes/3 {
			t.Errorf("it grew by %d bytes for %d", grown, bytes)
		}
	})
}

// long is a task with a long description, another one for each i.
func long(i int) string {
	return fmt.Sprintf(`{"title":"task %d","description":"%0900d"}`, i, i)
}

// A writer is a user with many requests.
type writer struct {
	t          *testing.T
	http       http.Client
	url, token string
}

// many calls do for 0 to n-1, several at once.
func (w *writer) many(n int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n) && !w.t.Failed(); i = next.Add(1) {
				do(int(i - 1))
			}
		})
	}
	all.Wait()
}

// get sends a request and returns its answer, which must be a success.
func (w *writer) get(method, path, body string) *http.Response {
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := w.http.Do(req)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		w.t.Errorf("%s %s: %v, %v", method, path, resp, err)
	}
	return resp
}

// send sends a request and reads the answer.
func (w *writer) send(method, path, body string) {
	if resp := w.get(method, path, body); resp != nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// create makes a task and returns its id.
func (w *writer) create(body string) int {
	resp := w.get("POST", "/api/v1/tasks", body)
	if resp == nil {
		return 0
	}
	defer resp.Body.Close()
	var made struct{ ID int }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil {
		w.t.Error(err)
	}
	return made.ID
}

// exported is what was found in an export.
type exported struct{ from, to, tasks, changes int }

// export reads an export to its end as a stream, and returns its size in bytes and what was found in it: revisions
// without gaps, and each task once.
func (w *writer) export() (int, exported) {
	resp := w.get("GET", "/api/v1/me/export", "")
	if resp == nil {
		w.t.FailNow()
	}
	defer resp.Body.Close()
	counted := &counter{Reader: resp.Body}
	dec := json.NewDecoder(counted)
	var e exported
	complete := false
	ids := map[int]bool{}
	for more := true; more; {
		name, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			more = false
		case err != nil:
			w.t.Fatal(err)
		case name == "from_rev":
			err = dec.Decode(&e.from)
		case name == "to_rev":
			err = dec.Decode(&e.to)
		case name == "complete":
			err = dec.Decode(&complete)
		case name == "tasks", name == "history":
			_, err = dec.Token()
			for err == nil && dec.More() {
				var one struct{ ID, Rev int }
				if err = dec.Decode(&one); one.Rev != 0 {
					if e.changes++; one.Rev != e.changes {
						w.t.Fatalf("after revision %d comes %d", e.changes-1, one.Rev)
					}
				} else if ids[one.ID] {
					w.t.Fatalf("task %d comes twice", one.ID)
				} else {
					ids[one.ID] = true
				}
			}
			e.tasks = len(ids)
		case name == "profile":
			var profile map[string]any
			err = dec.Decode(&profile)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			w.t.Fatal(err)
		}
	}
	if !complete {
		w.t.Fatal("the document is not complete")
	}
	return counted.n, e
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// resetPeak makes peak begin anew, and returns how much memory a process has now.
func resetPeak(t *testing.T, pid int) int {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil { // proc(5)
		t.Fatal(err)
	}
	return peak(t, pid)
}

// peak returns the most resident memory that a process had, in bytes.
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no peak in %s", status)
	}
	kb, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
