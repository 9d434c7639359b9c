//go:build heavy && figures

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"todod/test/tododtest"
)

// A giant is somebody of whom a million changes are kept, beside somebody who works as people do.
type giant struct {
	*neighbour
	victim  *victim
	process *tododtest.Process
}

// serve starts todod in the place of the one before.
func (g *giant) serve(t *testing.T, folder string, env ...string) {
	t.Helper()
	if g.process != nil {
		if code := g.process.Signal(t, syscall.SIGTERM); code != 0 {
			t.Errorf("todod ends with %d", code)
		}
	}
	g.process = tododtest.Start(t, folder, env...)
	g.url, g.victim.url = g.process.URL, g.process.URL
}

// during does something while the victim works, and logs how long both took and how much memory that was.
func (g *giant) during(t *testing.T, what string, do func()) {
	t.Helper()
	resetPeak(t, g.process.Process.Pid)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan time.Duration)
	begun := time.Now()
	go func() {
		do()
		took := time.Since(begun)
		cancel()
		done <- took
	}()
	most, longest, n := g.victim.watch(ctx, t, g.process, what)
	t.Logf("%s: took %s; %d MB at most; beside it p95 %s, longest %s, of %d requests",
		what, (<-done).Round(time.Millisecond), peak(t, g.process.Process.Pid)>>20, most, longest, n)
}

// changeAll completes all tasks and takes that back, so many times.
func (g *giant) changeAll(t *testing.T, times int) {
	for range times {
		var set struct {
			ChangeSet int64 `json:"change_set"`
			Total     int
		}
		answer := g.ask(t.Context(), "POST", "/api/v1/tasks/complete-all", "")
		if err := json.Unmarshal(answer, &set); err != nil || set.Total != giantTasks {
			t.Errorf("complete-all: %.300s, %v", answer, err)
			return
		}
		answer = g.ask(t.Context(), "POST", "/api/v1/undo", fmt.Sprintf(`{"rev":%d}`, set.ChangeSet))
		if err := json.Unmarshal(answer, &set); err != nil || set.Total != giantTasks {
			t.Errorf("undo: %.300s, %v", answer, err)
			return
		}
	}
}

// sync reads all that there is after a token and returns the last one and how many changes that were. ok is false if the
// token can't be gone on from.
func (g *giant) sync(t *testing.T, token string) (next string, changes int, ok bool) {
	for {
		var page struct {
			Changes []json.RawMessage
			Next    string
			HasMore bool `json:"has_more"`
		}
		path := "/api/v1/sync"
		if token != "" {
			path += "?since=" + token
		}
		answer := g.ask(t.Context(), "GET", path, "")
		if err := json.Unmarshal(answer, &page); err != nil || page.Next == "" {
			return token, changes, false
		}
		changes, token = changes+len(page.Changes), page.Next
		if !page.HasMore {
			return token, changes, true
		}
	}
}

// sweptOthers is the metric that counts the rows that were removed.
var sweptOthers = regexp.MustCompile(`todod_swept_total\{kind="others"\} (\S+)`)

// awaitSwept waits until the process has removed so many rows.
func (g *giant) awaitSwept(t *testing.T, rows float64) {
	client := &http.Client{Timeout: 10 * time.Second}
	for until := time.Now().Add(5 * time.Minute); time.Now().Before(until); time.Sleep(200 * time.Millisecond) {
		resp, err := client.Get(g.url + "/metrics") //nolint:noctx // it has a time-out
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if found := sweptOthers.FindSubmatch(text); found != nil {
			if n, _ := strconv.ParseFloat(string(found[1]), 64); n >= rows {
				return
			}
		}
	}
	t.Errorf("%.0f rows have not been removed within five minutes", rows)
}

// TestAMillionChanges of one person are made, undone, synced, exported, swept and erased, while somebody else works: every
// request of theirs is answered, and readiness never fails. How long that takes, and the memory, are figures.
func TestAMillionChanges(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		env = append(env, "GOMEMLIMIT=200MiB", "TRUSTED_PROXIES=127.0.0.0/8", "RATE_LIMIT_ENABLED=false")
		unlimited := slices.Concat(env, []string{"MAX_CHANGES_PER_USER=100000000"})
		g := &giant{
			neighbour: &neighbour{token: token(t, folder, env, "goliath"), client: &http.Client{Timeout: time.Minute}},
			victim:    &victim{token: token(t, folder, env, "ada"), client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}},
		}
		g.serve(t, folder, unlimited...)
		g.settle(t, giantTasks, 10)
		start, _, _ := g.sync(t, "")
		g.during(t, "making a million changes, all tasks at a time", func() { g.changeAll(t, giantChanges/giantTasks/2) })
		g.during(t, "once more", func() { g.changeAll(t, 1) })
		var late string
		g.during(t, "syncing a million changes", func() {
			var n int
			var ok bool
			if late, n, ok = g.sync(t, start); !ok || n < giantChanges/500 {
				t.Errorf("sync: %d changes, %t", n, ok)
			}
		})
		g.during(t, "a first sync", func() {
			if _, n, ok := g.sync(t, ""); !ok || n != giantTasks {
				t.Errorf("first sync: %d tasks, %t", n, ok)
			}
		})
		g.during(t, "exporting", func() {
			if n := len(g.ask(t.Context(), "GET", "/api/v1/me/export", "")); n < giantChanges {
				t.Errorf("an export of %d bytes", n)
			}
		})
		g.serve(t, folder, env...)
		g.during(t, "forgetting all but 100,000", func() {
			g.changeAll(t, 1)
			g.awaitSwept(t, giantChanges-100_000)
		})
		if _, _, ok := g.sync(t, start); ok {
			t.Error("the beginning of the log is still there")
		}
		if _, n, ok := g.sync(t, late); !ok || n < giantTasks {
			t.Errorf("the end of the log: %d, %t", n, ok)
		}
		g.serve(t, folder, unlimited...)
		g.changeAll(t, (giantChanges-100_000)/giantTasks/2)
		g.during(t, "erasing it all", func() {
			g.ask(t.Context(), "DELETE", "/api/v1/me", "")
			g.awaitSwept(t, giantChanges+giantTasks)
		})
	})
}
