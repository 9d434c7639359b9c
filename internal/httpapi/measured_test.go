package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/httpapi"
	"todod/internal/logtest"
	"todod/internal/observe"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// scrape returns what metrics show.
func scrape(t *testing.T, m *observe.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// wantCounted reports each line that metrics lack.
func wantCounted(t *testing.T, m *observe.Metrics, lines ...string) {
	t.Helper()
	metrics := scrape(t, m)
	for _, line := range lines {
		if !strings.Contains("\n"+metrics, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// TestFailuresAreCounted: a panic as the 500 that it becomes, and what nobody waited for as nobody's failure.
func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics("")
	asked := make(chan struct{})
	fail := func() error { panic("x") }
	s := newServer(t, brokenStore{fail: func() error { return fail() }}, func(cfg *httpapi.Config) { cfg.Metrics = m })
	s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusInternalServerError)

	ctx, leave := context.WithCancel(t.Context())
	fail = func() error {
		close(asked)
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // until the server has noticed, too
		return todo.ServiceUnavailable(errors.New("canceled"))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/tasks", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+mint(t, "ada"))
	var gone sync.WaitGroup
	gone.Go(func() {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
			t.Error("there is an answer")
		}
	})
	<-asked
	leave()
	gone.Wait()
	s.Close() // until everything is counted
	wantCounted(t, m,
		`todod_http_requests_total{method="GET",route="/api/v1/tasks",status="500"} 1`,
		`todod_http_requests_total{method="GET",route="/api/v1/tasks",status="499"} 1`,
		`todod_http_requests_in_flight 0`,
	)
}

// TestEventStreamsAreMeasuredApart: one that lasted says nothing about how fast todod is.
func TestEventStreamsAreMeasuredApart(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics("")
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) { cfg.Metrics = m })
	s.as(t, "ada", "GET", "/api/v1/events", "").want(t, http.StatusOK)
	s.as(t, "ada", "GET", "/api/v1/me/export", "").want(t, http.StatusOK)
	s.api.Drain()
	s.Close()
	wantCounted(t, m,
		`todod_http_stream_duration_seconds_count{method="GET",route="/api/v1/events"} 1`,
		`todod_http_stream_duration_seconds_count{method="GET",route="/api/v1/me/export"} 1`,
	)
	if strings.Contains(scrape(t, m), `todod_http_request_duration_seconds_count{method="GET",route="/api/v1/events"}`) {
		t.Error("a stream is among the durations of requests")
	}
}

// TestScrapesAreFewAtOnce: whoever scrapes in a loop gets a problem, and nobody else notices.
func TestScrapesAreFewAtOnce(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics("")
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	m.Watch(observe.Watched{Streams: func() int {
		arrived <- struct{}{}
		<-release
		return 0
	}})
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) { cfg.Metrics, cfg.MetricsRoute = m, true })
	var scrapes sync.WaitGroup
	for range 3 {
		scrapes.Go(func() {
			if a := s.do(t, request{method: "GET", path: "/metrics"}); a.status != http.StatusOK {
				t.Errorf("status %d", a.status)
			}
		})
		<-arrived
	}
	wantProblem(t, "the fourth", s.do(t, request{method: "GET", path: "/metrics"}), 503, "SERVICE_UNAVAILABLE")
	s.do(t, request{method: "GET", path: "/health"}).want(t, http.StatusOK)
	close(release)
	scrapes.Wait()
	s.do(t, request{method: "GET", path: "/metrics"}).want(t, http.StatusOK)
}

// TestMetricsAreNoRouteUnlessTheyShall: nor are they described.
func TestMetricsAreNoRouteUnlessTheyShall(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	wantProblem(t, "no route", s.do(t, request{method: "GET", path: "/metrics"}), 404, "RESOURCE_NOT_FOUND")
	with := httpapi.New(httpapi.Config{Logger: slog.New(slog.DiscardHandler), MetricsRoute: true})
	if strings.Contains(string(with.OpenAPI()), "/metrics") {
		t.Error("OpenAPI has /metrics")
	}
	w := httptest.NewRecorder()
	with.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	body, _ := io.ReadAll(w.Result().Body)
	if w.Code != http.StatusOK || !strings.Contains(string(body), "todod_build_info") {
		t.Errorf("%d %s", w.Code, body)
	}
}

// TestDecisionsOfTheLimiterAreCounted: by policy, and not those that only look.
func TestDecisionsOfTheLimiterAreCounted(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics("")
	hourly := func(n int) ratelimit.Rate { return ratelimit.Rate{Quota: n, Window: time.Hour} }
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		cfg.Metrics = m
		cfg.Limits = httpapi.Limits{Source: ratelimit.NewMemory(time.Now, 100), Authenticated: hourly(2), Anonymous: hourly(100)}
	})
	for _, want := range []int{200, 200, 429} {
		s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, want)
	}
	s.do(t, request{method: "GET", path: "/api/v1/tasks"}).want(t, http.StatusUnauthorized)
	s.Close()
	wantCounted(t, m,
		`todod_limiter_decisions_total{outcome="allowed",policy="user"} 2`,
		`todod_limiter_decisions_total{outcome="refused",policy="user"} 1`,
		`todod_limiter_decisions_total{outcome="allowed",policy="address"} 1`,
		`todod_tokens_refused_total{reason="no token"} 1`,
		`todod_active_users{window="5m"} 1`,
	)
}

// TestAnAnswerThatIsCutIsAFailure: what its client was told first doesn't count. A client that goes away is nobody's.
func TestAnAnswerThatIsCutIsAFailure(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	withTasks(t, store, 100)
	for name, c := range map[string]struct {
		at     string // the step at which it fails
		fail   func() error
		stack  bool
		listen bool
	}{
		"an export that fails":  {"sessions", func() error { return errors.New("a bug") }, false, false},
		"an export that panics": {"sessions", func() error { panic("a bug") }, true, false},
		"a stream that fails":   {"log", func() error { return errors.New("a bug") }, false, true},
		"a stream that panics":  {"log", func() error { panic("a bug") }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := observe.NewMetrics("")
			log := &logtest.Output{}
			s := newServer(t, &interrupted{store, func(step string) error {
				if step == c.at {
					return c.fail()
				}
				return nil
			}}, func(cfg *httpapi.Config) { cfg.Metrics, cfg.Logger = m, observe.NewLogger(log, slog.LevelWarn) })
			route := "/api/v1/me/export"
			if c.listen {
				route = "/api/v1/events"
				user := "ada of " + name
				l := s.listen(t, user, "", nil)
				s.create(t, user, `{"title":"x"}`)
				wantEnd(t, l)
			} else if _, err := cutOff(t, s, mint(t, "ada")); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("it ends with %v", err)
			}
			s.Close() // until everything is told
			wantCounted(t, m, fmt.Sprintf(`todod_http_requests_total{method="GET",route=%q,status="500"} 1`, route))
			var told logLine
			for line := range strings.Lines(log.String()) {
				if l := readLine(t, line); l.values["logger"] == "todod.access" {
					told = l
				}
			}
			reason, _ := told.values["reason"].(string)
			stack, _ := told.values["stack"].(string)
			if told.values["level"] != "ERROR" || !strings.Contains(reason, "a bug") || strings.Contains(stack, "TestAnAnswerThatIsCutIsAFailure") != c.stack {
				t.Errorf("the log says %v", told.values)
			}
		})
	}
}

// TestAnExportThatNobodyReadsToItsEnd is no failure.
func TestAnExportThatNobodyReadsToItsEnd(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics("")
	store := openSQLite(t)
	withTasks(t, store, 1200)
	s := newServer(t, store, func(cfg *httpapi.Config) { cfg.Metrics = m })
	small := withSmallBuffers(t, s.api)
	conn := ask(t, small, "/api/v1/me/export", mint(t, "ada"))
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	small.Close() // until everything is told
	wantCounted(t, m, `todod_http_requests_total{method="GET",route="/api/v1/me/export",status="499"} 1`)
	if log := s.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("logged as a failure: %s", log)
	}
}
