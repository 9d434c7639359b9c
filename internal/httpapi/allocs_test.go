package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"todod/internal/auth"
	"todod/internal/event"
	"todod/internal/httpapi"
	"todod/internal/observe"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// hotPaths are the requests that people make all day, with how many allocations one may cost above the store. A number that
// rises has to be explained; whoever makes one cheaper lowers it.
var hotPaths = []struct {
	name, method, path, body string
	status, allocs           int
}{
	{"get", http.MethodGet, "/api/v1/tasks/1", "", http.StatusOK, 39},
	{"list", http.MethodGet, "/api/v1/tasks?limit=50", "", http.StatusOK, 48},
	{"create", http.MethodPost, "/api/v1/tasks", `{"title":"Pay the rent","priority":"high"}`, http.StatusCreated, 80},
	{"toggle", http.MethodPatch, "/api/v1/tasks/1/toggle", "", http.StatusOK, 60},
	{"update", http.MethodPatch, "/api/v1/tasks/1", `{"title":"Pay the rent today"}`, http.StatusOK, 84},
	{"todos", http.MethodGet, "/api/todos", "", http.StatusOK, 944},
	{"sync", http.MethodGet, "/api/v1/sync", "", http.StatusOK, 965},
}

// TestAllocationsPerRequest: counted, as a count says the same on every machine and a time doesn't.
func TestAllocationsPerRequest(t *testing.T) {
	api := newHotAPI(t)
	for _, hot := range hotPaths {
		const runs = 200
		requests := hotRequests(t, runs+1, hot.method, hot.path, hot.body) // one more to warm up
		answers := make([]discarded, len(requests))
		next := 0
		allocs := testing.AllocsPerRun(runs, func() {
			api.ServeHTTP(&answers[next], requests[next])
			next++
		})
		if answers[0].status != hot.status || answers[runs].status != hot.status {
			t.Fatalf("%s: status %d, want %d", hot.name, answers[0].status, hot.status)
		}
		if most := hot.allocs + raceSurplus; int(allocs) > most {
			t.Errorf("%s: %.0f allocations, want at most %d", hot.name, allocs, most)
		}
	}
}

// BenchmarkHotPaths measures what the same requests cost above the store.
func BenchmarkHotPaths(b *testing.B) {
	api := newHotAPI(b)
	for _, hot := range hotPaths {
		b.Run(hot.name, func(b *testing.B) {
			requests := hotRequests(b, b.N, hot.method, hot.path, hot.body)
			answers := make([]discarded, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range requests {
				api.ServeHTTP(&answers[i], requests[i])
			}
		})
	}
}

// newHotAPI returns the API as todod serve makes it, with limits and a log of JSON, over a fixedStore.
func newHotAPI(t testing.TB) *httpapi.API {
	t.Helper()
	verifier, err := auth.New(auth.Config{Secrets: [][]byte{secret}, AllowedAlgs: []string{"HS256"}})
	if err != nil {
		t.Fatal(err)
	}
	log, closeLog := observe.NewBufferedLogger(io.Discard, slog.LevelInfo)
	t.Cleanup(func() { _ = closeLog() })
	store, plenty := newFixedStore(), ratelimit.Rate{Quota: 1_000_000_000, Window: time.Hour}
	return httpapi.New(httpapi.Config{
		Tasks:  todo.NewService(store, time.Now, todo.Rules{Quota: 10_000, KeysRemembered: time.Hour}),
		Events: event.New(event.Config{}), Verifier: verifier, Logger: log, Now: time.Now, Version: "test",
		Limits: httpapi.Limits{
			Source: ratelimit.NewMemory(time.Now, 1000), Authenticated: plenty, Anonymous: plenty, SignIn: plenty,
		},
	})
}

// hotRequests returns n requests of one user, with the headers that most programs send.
func hotRequests(t testing.TB, n int, method, path, body string) []*http.Request {
	t.Helper()
	token, all := mint(t, "ada"), make([]*http.Request, n)
	for i := range all {
		all[i] = httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		all[i].Header = http.Header{
			"Authorization": {"Bearer " + token}, "Accept": {"application/json, text/plain, */*"}, "User-Agent": {"test/1.0"},
		}
		if body != "" {
			all[i].Header.Set("Content-Type", "application/json")
		}
	}
	return all
}

// discarded is an answer of which only the status is kept.
type discarded struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (d *discarded) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}

// Write implements http.ResponseWriter.
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (d *discarded) WriteHeader(status int) { d.status = status }

// A fixedStore has the same tasks whatever is written.
type fixedStore struct {
	todo.Database // whatever no request of hotPaths needs

	tasks []todo.Task
	known todo.Snapshot
}

// newFixedStore returns a store of 50 tasks.
func newFixedStore() *fixedStore {
	s, at, note := &fixedStore{}, time.Date(2026, 1, 15, 8, 30, 0, 123456000, time.UTC), "By standing order"
	s.known = todo.Snapshot{Owner: &todo.Owner{ID: "ada", Tasks: map[int64]todo.Task{}, Count: 50}, NewIDs: []int64{51}}
	for id := int64(1); id <= 50; id++ {
		task := todo.Task{
			ID: id, Owner: "ada", Version: todo.Rev(id), Title: fmt.Sprintf("Pay bill %d", id), Priority: todo.Medium,
			Description: &note, Due: &todo.Date{At: at, AllDay: false}, CreatedAt: at, UpdatedAt: at,
		}
		s.tasks = append(s.tasks, task)
		s.known.Tasks[id] = task
	}
	return s
}

// State implements todo.Store.
func (*fixedStore) State(context.Context, todo.UserID) (todo.State, error) {
	return todo.State{Epoch: 7, Rev: 50}, nil
}

// SigningKey implements todo.Maintenance.
func (*fixedStore) SigningKey(context.Context) ([]byte, error) { return secret, nil }

// Task implements todo.Store.
func (s *fixedStore) Task(_ context.Context, _ todo.UserID, id int64, _ time.Time) (todo.Task, error) {
	return s.tasks[id-1], nil
}

// Tasks implements todo.Store.
func (s *fixedStore) Tasks(ctx context.Context, owner todo.UserID, _ todo.Filter) (todo.Page, error) {
	state, err := s.State(ctx, owner)
	return todo.Page{Tasks: s.tasks, Total: len(s.tasks), State: state}, err
}

// Snapshot implements todo.Store.
func (s *fixedStore) Snapshot(
	ctx context.Context, owner todo.UserID, _ int64, _ todo.Rev, _ int,
) ([]todo.Task, todo.State, error) {
	state, err := s.State(ctx, owner)
	return s.tasks, state, err
}

// Change implements todo.Store.
func (s *fixedStore) Change(
	_ context.Context, _ todo.UserID, _ todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	_, err := decide(&s.known)
	return err
}
