//go:build heavy

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"todod/test/tododtest"
)

// disturbers is over how many connections a neighbour disturbs at a time.
const disturbers = 8

// A neighbour is somebody with an account who asks for as much as they can.
type neighbour struct {
	url, token string
	client     *http.Client
	tasks      []string // ids of some of their tasks
}

// ask sends a request and returns its answer, nil without one.
func (n *neighbour) ask(ctx context.Context, method, path, body string, header ...string) []byte {
	req, err := http.NewRequestWithContext(ctx, method, n.url+path, strings.NewReader(body))
	if err != nil {
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+n.token)
	req.Header.Set("X-Forwarded-For", "192.0.2.66")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	answer, _ := io.ReadAll(resp.Body)
	return answer
}

// batchOf returns a batch of 100 operations that op makes.
func batchOf(op func(i int) string) string {
	all := make([]string, 100)
	for i := range all {
		all[i] = op(i)
	}
	return `{"operations":[` + strings.Join(all, ",") + `]}`
}

// settle makes count tasks of the neighbour's, with a description of so many letters.
func (n *neighbour) settle(t *testing.T, count, letters int) {
	t.Helper()
	for range count / 100 {
		n.ask(t.Context(), "POST", "/api/v1/tasks/batch", batchOf(func(int) string {
			return fmt.Sprintf(`{"op":"create","task":{"title":%q,"description":%q}}`, strings.Repeat("x", 200), strings.Repeat("x", letters))
		}))
	}
	var tasks []struct{ ID int64 }
	if err := json.Unmarshal(n.ask(t.Context(), "GET", "/api/v1/tasks?limit=100", ""), &tasks); err != nil || len(tasks) != 100 {
		t.Fatalf("%d tasks: %v", len(tasks), err)
	}
	for _, task := range tasks {
		n.tasks = append(n.tasks, strconv.FormatInt(task.ID, 10))
	}
}

// unread asks for a long answer and reads none of it for a while.
func (n *neighbour) unread(ctx context.Context) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "GET /api/v1/tasks?limit=1000 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.66\r\nAuthorization: Bearer %s\r\n\r\n", n.token)
	select {
	case <-ctx.Done():
	case <-time.After(2 * time.Second):
	}
}

// abuses are what a neighbour does, each again and again over several connections.
var abuses = []struct {
	name string
	do   func(ctx context.Context, n *neighbour, i int)
}{
	{"searches", func(ctx context.Context, n *neighbour, i int) {
		n.ask(ctx, "GET", fmt.Sprintf("/api/v1/tasks?q=%s&count=true&limit=1", strings.Repeat("x", 100+i%50)+"y"), "")
	}},
	{"changes of everything", func(ctx context.Context, n *neighbour, i int) {
		key := fmt.Sprint("all-", i)
		n.ask(ctx, "POST", "/api/v1/tasks/complete-all", "", "Idempotency-Key", key)
		n.ask(ctx, "POST", "/api/v1/undo", fmt.Sprintf(`{"key":%q}`, key))
	}},
	{"large batches", func(ctx context.Context, n *neighbour, i int) {
		n.ask(ctx, "POST", "/api/v1/tasks/batch", batchOf(func(j int) string {
			return fmt.Sprintf(`{"op":"update","id":%s,"task":{"description":"%d %s"}}`, n.tasks[j], i, strings.Repeat("y", 900))
		}), "Idempotency-Key", fmt.Sprint("batch-", i))
	}},
	{"long lists", func(ctx context.Context, n *neighbour, i int) {
		n.ask(ctx, "GET", fmt.Sprintf("/api/v1/tasks?limit=1000&count=true&sort=title&offset=%d", i%5*1000), "")
	}},
	{"exports", func(ctx context.Context, n *neighbour, _ int) { n.ask(ctx, "GET", "/api/v1/me/export", "") }},
	{"writes to one task", func(ctx context.Context, n *neighbour, _ int) {
		n.ask(ctx, "PATCH", "/api/v1/tasks/"+n.tasks[0]+"/toggle", "")
	}},
	{"event streams", func(ctx context.Context, n *neighbour, _ int) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		n.ask(ctx, "GET", "/api/v1/events?since=0", "")
	}},
	{"answers left unread", func(ctx context.Context, n *neighbour, _ int) { n.unread(ctx) }},
}

// A victim is somebody who works as people do.
type victim struct {
	url, token string
	client     *http.Client
}

// work reads and writes until ctx ends and returns how long each request took. A failure of the server's is the test's.
func (v *victim) work(ctx context.Context, t *testing.T, during string) (took []time.Duration) {
	t.Helper()
	requests := []struct{ method, path, body string }{
		{"POST", "/api/v1/tasks", `{"title":"x"}`}, {"GET", "/api/v1/tasks?limit=20", ""}, {"GET", "/api/v1/me", ""},
	}
	for i := 0; ctx.Err() == nil; i++ {
		r := requests[i%len(requests)]
		begun := time.Now()
		resp, err := send(v.client, r.method, v.url+r.path, v.token, r.body)
		if err != nil {
			t.Errorf("%s: %s: %v", during, r.path, err)
			continue
		}
		took = append(took, time.Since(begun))
		if resp.StatusCode >= 300 {
			t.Errorf("%s: %s is answered with %d after %s", during, r.path, resp.StatusCode, took[len(took)-1])
		}
		time.Sleep(20 * time.Millisecond)
	}
	return took
}

// probe asks whether p is ready until ctx ends, as an orchestrator does.
func probe(ctx context.Context, t *testing.T, p *tododtest.Process, during string) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second}
	for ; ctx.Err() == nil; time.Sleep(250 * time.Millisecond) {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.URL+"/health/readiness", http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Errorf("%s: readiness: %v", during, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: readiness is %d: %s", during, resp.StatusCode, body)
		}
	}
}

// p95 returns the time that 95 % of took are within, and the longest.
func p95(took []time.Duration) (most, longest time.Duration) {
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	return took[len(took)*95/100].Round(100 * time.Microsecond), took[len(took)-1].Round(time.Millisecond)
}

// watch has the victim work and readiness be probed until ctx ends.
func (v *victim) watch(ctx context.Context, t *testing.T, p *tododtest.Process, during string) (most, longest time.Duration, n int) {
	t.Helper()
	var probing sync.WaitGroup
	probing.Go(func() { probe(ctx, t, p, during) })
	took := v.work(ctx, t, during)
	probing.Wait()
	most, longest = p95(took)
	return most, longest, len(took)
}

// TestAHostileNeighbour: one account does each of eight things as fast as it may, with all of its limit left, and somebody
// else's requests are all answered, and readiness never fails. How long that takes, and the memory, are figures and no
// promises: other tests use the machine, too.
func TestAHostileNeighbour(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		env = append(env, "GOMEMLIMIT=200MiB", "TRUSTED_PROXIES=127.0.0.0/8")
		n := &neighbour{token: token(t, folder, env, "mallory"), client: &http.Client{
			Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: disturbers},
		}}
		v := &victim{token: token(t, folder, env, "ada"), client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
		meet := func(seconds time.Duration, during string, do func(ctx context.Context, n *neighbour, i int), more ...string) time.Duration {
			p := tododtest.Start(t, folder, slices.Concat(env, more)...) // which remembers nobody's requests
			n.url, v.url = p.URL, p.URL
			if len(n.tasks) == 0 {
				n.settle(t, neighbourTasks, 800)
			}
			resetPeak(t, p.Process.Pid)
			ctx, cancel := context.WithTimeout(t.Context(), seconds)
			defer cancel()
			var disturbing sync.WaitGroup
			for c := range disturbers {
				disturbing.Go(func() {
					for i := c; do != nil && ctx.Err() == nil; i += disturbers {
						do(ctx, n, i)
					}
				})
			}
			most, longest, requests := v.watch(ctx, t, p, during)
			disturbing.Wait()
			t.Logf("%s: p95 %s, longest %s, of %d requests; %d MB at most", during, most, longest, requests, peak(t, p.Process.Pid)>>20)
			n.client.CloseIdleConnections()
			v.client.CloseIdleConnections()
			if code := p.Signal(t, syscall.SIGTERM); code != 0 {
				t.Errorf("%s: todod ends with %d", during, code)
			}
			return most
		}
		quiet := meet(disturbed/2, "nothing", nil, "RATE_LIMIT_ENABLED=false")
		for _, abuse := range abuses {
			most := meet(disturbed, abuse.name, abuse.do, "RATE_LIMIT_ENABLED=true") // as it is by default
			t.Logf("%s: %.1f times the quiet p95", abuse.name, float64(most)/float64(quiet))
		}
	})
}
