package test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"todod/internal/redistest"
	"todod/test/tododtest"
)

// What replicas log about the Redis that they share. The last is at DEBUG.
const (
	redisLost    = "the shared rate limiter is lost"
	redisBack    = "the shared rate limiter is back"
	redisSkipped = "one request was decided locally"
)

// limitedEnv is the environment of a replica with few requests an hour, so that none comes back during a test: 40 of a
// user, 10 of an address, and one sign-in of a pair of address and e-mail address, so ten of each alone.
func limitedEnv(redisURL string) []string {
	return []string{
		"REDIS_URL=" + redisURL, "RATE_LIMIT_ENABLED=true", "RATE_LIMIT_AUTHENTICATED=40/h", "RATE_LIMIT_ANONYMOUS=10/h",
		"RATE_LIMIT_SIGNIN=1/h", "TRUSTED_PROXIES=127.0.0.0/8", "LOG_LEVEL=DEBUG",
		"BETTER_AUTH_SECRET=" + strings.Repeat("s", 32),
	}
}

// replicas starts two todods with the same Redis. Limits need nothing else to be shared.
func replicas(t *testing.T, redisURL string) []*tododtest.Process {
	t.Helper()
	return []*tododtest.Process{
		tododtest.Start(t, t.TempDir(), limitedEnv(redisURL)...), tododtest.Start(t, t.TempDir(), limitedEnv(redisURL)...),
	}
}

// A visit is a request as it reaches todod through a proxy.
type visit struct {
	from         string // "": the proxy itself
	method, path string
	token, body  string
}

// status sends the visit to p and returns the status of the answer, 0 without one.
func (v visit) status(t *testing.T, client *http.Client, p *tododtest.Process) int {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), v.method, p.URL+v.path, strings.NewReader(v.body))
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if v.from != "" {
		req.Header.Set("X-Forwarded-For", v.from)
	}
	if v.token != "" {
		req.Header.Set("Authorization", "Bearer "+v.token)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// statuses sends n visits to the replicas in turn, eight at a time, and returns how often each status came.
func statuses(t *testing.T, ps []*tododtest.Process, n int, nth func(i int) visit) map[int]int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	got := map[int]int{}
	var next atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				status := nth(i).status(t, client, ps[i%len(ps)])
				mu.Lock()
				got[status]++
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	return got
}

// logged returns how often the replicas have logged a text.
func logged(ps []*tododtest.Process, text string) (n int) {
	for _, p := range ps {
		n += strings.Count(p.Out.String(), text)
	}
	return n
}

// wantShared wants both replicas together to allow 40 requests of a user. A busy machine may keep Redis from answering in
// time, and then todod rightly decides without it: it gets a few tries.
func wantShared(t *testing.T, ps []*tododtest.Process, name string) {
	t.Helper()
	undisturbed(t, ps, func(try int) (what string) {
		ada := token(t, t.TempDir(), limitedEnv(""), fmt.Sprint(name, try))
		got := statuses(t, ps, 60, func(int) visit { return visit{method: "GET", path: "/api/v1/tasks", token: ada} })
		if got[200] != 40 || got[429] != 20 {
			return fmt.Sprintf("60 requests of %s: %v, want 40 answered and 20 refused", name, got)
		}
		return ""
	})
}

// undisturbed makes tries until in one of them each request was decided by Redis. What that one has found wrong fails t.
func undisturbed(t *testing.T, ps []*tododtest.Process, do func(try int) (wrong string)) {
	t.Helper()
	disturbances := func() int { return logged(ps, redisSkipped) + logged(ps, redisLost) + logged(ps, redisBack) }
	for try := range 20 {
		before, lost := disturbances(), logged(ps, redisLost) > logged(ps, redisBack)
		wrong := do(try)
		if !lost && disturbances() == before {
			if wrong != "" {
				t.Error(wrong)
			}
			return
		}
		time.Sleep(200 * time.Millisecond) // a lost one is asked again once a second
	}
	t.Error("in twenty tries this machine was too busy for Redis to answer in time")
}

// TestReplicasTogetherAllowWhatOneWould: of a user, of an address, of bad tokens and of sign-ins.
func TestReplicasTogetherAllowWhatOneWould(t *testing.T) {
	t.Parallel()
	ps := replicas(t, redistest.Start(t).URL)
	wantShared(t, ps, "ada")
	signIn := func(from, email string) visit {
		body := fmt.Sprintf(`{"email":%q,"password":"wrong password"}`, email)
		return visit{from: from, method: "POST", path: "/api/auth/login", body: body}
	}
	for name, c := range map[string]struct {
		nth    func(try, i int) visit
		status int
		want   int
	}{
		"an address": {func(try, _ int) visit {
			return visit{from: fmt.Sprintf("192.0.2.%d", try), method: "GET", path: "/nothing"}
		}, 404, 10},
		"bad tokens": {func(try, i int) visit { // from anywhere in a /64
			return visit{from: fmt.Sprintf("2001:db8:0:%d::%x", try, i+1), method: "GET", path: "/api/v1/tasks", token: "x.y.z"}
		}, 401, 10},
		"sign-ins of an address and an e-mail address": {func(try, _ int) visit {
			return signIn(fmt.Sprintf("198.51.100.%d", try), "ada@example.com")
		}, 401, 1},
		"sign-ins with an e-mail address": {func(try, i int) visit {
			return signIn(fmt.Sprintf("203.0.%d.%d", try, i), fmt.Sprintf("bob%d@example.com", try))
		}, 401, 10},
		"sign-ins from an address": {func(try, i int) visit {
			return signIn(fmt.Sprintf("198.18.0.%d", try), fmt.Sprintf("%d.%d@example.com", try, i))
		}, 401, 10},
	} {
		undisturbed(t, ps, func(try int) string {
			got := statuses(t, ps, 20, func(i int) visit { return c.nth(try, i) })
			if got[c.status] != c.want || got[429] != 20-c.want {
				return fmt.Sprintf("20 requests of %s: %v, want %d times %d", name, got, c.want, c.status)
			}
			return ""
		})
	}
}

// TestNobodyPretendsToComeFromElsewhere: X-Forwarded-For changes nothing unless a trusted proxy wrote it.
func TestNobodyPretendsToComeFromElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted string
		from    func(i int) string
	}{
		"no proxy is trusted":                 {"", func(i int) string { return fmt.Sprintf("192.0.2.%d", i) }},
		"another proxy is trusted":            {"10.0.0.0/8", func(i int) string { return fmt.Sprintf("192.0.2.%d, 10.0.0.1", i) }},
		"left of what the trusted proxy adds": {"127.0.0.0/8", func(i int) string { return fmt.Sprintf("192.0.2.%d, 198.51.100.1", i) }},
		"left of something that is none":      {"127.0.0.0/8", func(i int) string { return fmt.Sprintf("192.0.2.%d, unknown", i) }},
		"addresses of one /64":                {"127.0.0.0/8", func(i int) string { return fmt.Sprintf("2001:db8::%x:1", i) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := tododtest.Start(t, t.TempDir(), append(limitedEnv(""), "TRUSTED_PROXIES="+c.trusted)...)
			got := statuses(t, []*tododtest.Process{p}, 20, func(i int) visit {
				return visit{from: c.from(i), method: "GET", path: "/nothing"}
			})
			if got[404] != 10 || got[429] != 10 {
				t.Errorf("20 requests: %v, want 10 answered and 10 refused", got)
			}
		})
	}
}

// TestRedisGoesAndComesBack: under load, killed and frozen. No request fails, each replica limits by itself meanwhile and
// says so once, and then they count together again.
func TestRedisGoesAndComesBack(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		away, back func(*redistest.Server, testing.TB)
	}{
		"killed": {(*redistest.Server).Kill, (*redistest.Server).Restart},
		"frozen": {(*redistest.Server).Freeze, (*redistest.Server).Thaw},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			ps := replicas(t, server.URL)
			wantShared(t, ps, "before")

			load := startLoad(t, ps)
			fault.away(server, t)
			load.until(redisLost)
			// Each by itself allows what it would, and holds nobody: these get their answers while Redis gives none.
			meanwhile := token(t, t.TempDir(), limitedEnv(""), "meanwhile")
			for _, p := range ps {
				got := statuses(t, []*tododtest.Process{p}, 60, func(int) visit {
					return visit{method: "GET", path: "/api/v1/tasks", token: meanwhile}
				})
				if got[200] != 40 || got[429] != 20 {
					t.Errorf("60 requests of a user to one replica: %v, want 40 answered and 20 refused", got)
				}
			}
			if lost, back := logged(ps, redisLost), logged(ps, redisBack); lost != back+2 {
				t.Errorf("%d lines say that Redis is lost, %d that it is back", lost, back)
			}
			late := tododtest.Start(t, t.TempDir(), limitedEnv(server.URL)...) // Redis does not stop the start
			if code := late.Signal(t, syscall.SIGTERM); code != 0 {
				t.Errorf("without Redis todod ends with %d:\n%s", code, late.Out)
			}

			fault.back(server, t)
			load.until(redisBack)
			load.stop()
			wantShared(t, ps, "after")
			if lines := logged(ps, redisLost) + logged(ps, redisBack); lines > 20 {
				t.Errorf("%d lines about %d requests", lines, load.sent.Load())
			}
			t.Logf("%d requests, %d lines", load.sent.Load(), logged(ps, redisLost)+logged(ps, redisBack))
		})
	}
}

// A load is clients that ask for their tasks all the time, and want nothing but to be answered or limited.
type load struct {
	t    *testing.T
	ps   []*tododtest.Process
	sent atomic.Int64
	stop func()
}

// startLoad sets eight clients on the replicas, four users, until stop is called.
func startLoad(t *testing.T, ps []*tododtest.Process) *load {
	t.Helper()
	l := &load{t: t, ps: ps}
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 8 {
		user := token(t, t.TempDir(), limitedEnv(""), fmt.Sprint("load", i/2))
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				v := visit{method: "GET", path: "/api/v1/tasks", token: user}
				if status := v.status(t, client, ps[i%len(ps)]); status != http.StatusOK && status != http.StatusTooManyRequests {
					t.Errorf("a request was answered with %d", status)
				}
				l.sent.Add(1)
				time.Sleep(20 * time.Millisecond) // machines are shared
			}
		})
	}
	l.stop = sync.OnceFunc(func() { cancel(); clients.Wait() })
	t.Cleanup(l.stop)
	return l
}

// until waits until each replica has logged a text.
func (l *load) until(text string) {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		all := true
		for _, p := range l.ps {
			all = all && strings.Contains(p.Out.String(), text)
		}
		if all {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("not all replicas log %q:\n%s", text, l.ps[0].Out)
		}
	}
}
