package observe

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain wants that nothing is left running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scrape returns what a scrape of m gets.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// wantLines reports each line that metrics lack.
func wantLines(t *testing.T, metrics string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+metrics, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestMetricsCount(t *testing.T) {
	t.Parallel()
	m := NewMetrics("1.2.3")
	m.Streaming("/events")
	for range 3 {
		m.Begun()
	}
	m.Answered("/tasks", "GET", 200, 20*time.Millisecond)
	m.Answered("/events", "GET", 200, time.Minute)
	m.Remembered()
	m.Verified()
	m.Refused("no token")
	m.Undecided()
	m.SecurityEvent("task.not_found")
	m.Limited("user", true)
	m.Limited("user", false)
	m.LimiterFailed("user")
	m.Active("lovelace")
	m.Swept(3, 4, nil)
	m.Swept(1, 0, errors.New("x"))
	m.Watch(Watched{
		Pools: func() []Pool {
			return []Pool{
				{Name: "main", Max: 20, InUse: 2, Idle: 3, Waits: 4, Waited: 1500 * time.Millisecond, Canceled: 5},
				{Name: "silent", Canceled: -1},
			}
		},
		DatabaseUp: func() bool { return true }, Streams: func() int { return 7 },
		Shared: func() bool { return false }, Listening: func() bool { return true },
	})
	metrics := scrape(t, m)
	wantLines(t, metrics,
		`todod_http_requests_in_flight 1`,
		`todod_http_requests_total{method="GET",route="/tasks",status="200"} 1`,
		`todod_http_request_duration_seconds_bucket{method="GET",route="/tasks",le="0.01"} 0`,
		`todod_http_request_duration_seconds_bucket{method="GET",route="/tasks",le="0.025"} 1`,
		`todod_http_requests_total{method="GET",route="/events",status="200"} 1`,
		`todod_http_stream_duration_seconds_bucket{method="GET",route="/events",le="60"} 1`,
		`todod_tokens_accepted_total{by="remembered"} 1`,
		`todod_tokens_accepted_total{by="verified"} 1`,
		`todod_tokens_refused_total{reason="no token"} 1`,
		`todod_tokens_undecided_total 1`,
		`todod_security_events_total{event="auth.token_refused_burst"} 0`,
		`todod_security_events_total{event="task.not_found"} 1`,
		`todod_limiter_decisions_total{outcome="allowed",policy="user"} 1`,
		`todod_limiter_decisions_total{outcome="refused",policy="user"} 1`,
		`todod_limiter_decisions_total{outcome="failed",policy="user"} 1`,
		`todod_active_users{window="5m"} 1`,
		`todod_sweeps_total{outcome="ok"} 1`,
		`todod_sweeps_total{outcome="failed"} 1`,
		`todod_swept_total{kind="tasks"} 4`,
		`todod_swept_total{kind="others"} 4`,
		`todod_database_pool_max_connections{pool="main"} 20`,
		`todod_database_pool_in_use_connections{pool="main"} 2`,
		`todod_database_pool_idle_connections{pool="main"} 3`,
		`todod_database_pool_waits_total{pool="main"} 4`,
		`todod_database_pool_wait_seconds_total{pool="main"} 1.5`,
		`todod_database_pool_canceled_waits_total{pool="main"} 5`,
		`todod_database_up 1`,
		`todod_event_streams 7`,
		`todod_event_listening 1`,
		`todod_limiter_shared 0`,
	)
	for _, none := range []string{`canceled_waits_total{pool="silent"}`, `request_duration_seconds_count{method="GET",route="/events"}`, "lovelace"} {
		if strings.Contains(metrics, none) {
			t.Errorf("there is %s", none)
		}
	}
	if !strings.Contains(metrics, `version="1.2.3"`) {
		t.Error("no version")
	}
}

// TestWhatNobodyWatchesIsNotShown: a 0 would be taken for a state.
func TestWhatNobodyWatchesIsNotShown(t *testing.T) {
	t.Parallel()
	m := NewMetrics("")
	m.Watch(Watched{})
	metrics := scrape(t, m)
	for _, name := range []string{"todod_database", "todod_event_", "todod_limiter_shared"} {
		if strings.Contains(metrics, "\n"+name) {
			t.Errorf("there is %s", name)
		}
	}
}

// TestNobodyCanMakeSeries: what comes from outside has a bound.
func TestNobodyCanMakeSeries(t *testing.T) {
	t.Parallel()
	m := NewMetrics("")
	before := strings.Count(scrape(t, m), "\n")
	for i := range 10_000 {
		text := fmt.Sprint("x", i)
		m.Begun()
		m.Answered("unmatched", text, 404, time.Millisecond)
		m.Refused(text)
		m.SecurityEvent(text)
		m.Limited(text, true)
	}
	metrics := scrape(t, m)
	wantLines(t, metrics, `todod_http_requests_total{method="other",route="unmatched",status="404"} 10000`)
	if after := strings.Count(metrics, "\n"); after > before+4*(mostValues+20) {
		t.Errorf("%d lines became %d", before, after)
	}
	if !strings.Contains(metrics, `todod_tokens_refused_total{reason="other"} 9936`) {
		t.Error("the rest isn't counted")
	}
}

// TestCountingAllocatesNothing: it happens with every request. No other test may allocate meanwhile.
func TestCountingAllocatesNothing(t *testing.T) {
	m := NewMetrics("")
	if allocs := testing.AllocsPerRun(100, func() { countOne(m) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// countOne counts what one request of somebody signed in is counted by.
func countOne(m *Metrics) {
	m.Begun()
	m.Remembered()
	m.Active("KtuE43PEKtuE43PEKtuE43PEKtuE43PE")
	m.Limited("user", true)
	m.Answered("/api/v1/tasks/{id}", "GET", 200, 700*time.Microsecond)
}

// BenchmarkARequest is all that metrics add to a request.
func BenchmarkARequest(b *testing.B) {
	m := NewMetrics("")
	b.ReportAllocs()
	for b.Loop() {
		countOne(m)
	}
}

// BenchmarkRequestsAtOnce is the same from all processors.
func BenchmarkRequestsAtOnce(b *testing.B) {
	m := NewMetrics("")
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			countOne(m)
		}
	})
}
