package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A server answers each request with the next of its answers, and notes what came.
type server struct {
	*httptest.Server
	mu      sync.Mutex // a request that was given up may still be under way
	answers []http.HandlerFunc
	seen    []http.Header
	paths   []string
}

// newServer returns a server with these answers. The last one is that of all that follows, too.
func newServer(t *testing.T, answers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen, s.paths = append(s.seen, r.Header), append(s.paths, r.Method+" "+r.URL.Path)
		answer := s.answers[min(len(s.seen), len(s.answers))-1]
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// hangsUp answers nothing.
func hangsUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// clientOf returns a client of s that doesn't wait, where somebody has signed in.
func clientOf(t *testing.T, s *server) *Client {
	t.Helper()
	c, err := New(s.URL+"/", NewSessions(filepath.Join(t.TempDir(), "todod")))
	if err != nil {
		t.Fatal(err)
	}
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	if err := c.sessions.keep(c.base, Session{Email: "ada@example.com", Token: "old", RefreshToken: "refresh"}); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWritesAreSentAgain, with the same key each time, until there is an answer.
func TestWritesAreSentAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t, says(503, "{}"), hangsUp, says(201, `{"id":7}`))
	var out struct{ ID int64 }
	if _, err := clientOf(t, s).Do(t.Context(), http.MethodPost, "/api/v1/tasks", map[string]string{"title": "x"}, &out); err != nil || out.ID != 7 {
		t.Fatalf("%v, %v", out, err)
	}
	if len(s.seen) != 3 {
		t.Fatalf("sent %d times", len(s.seen))
	}
	for _, h := range s.seen {
		if key := h.Get("Idempotency-Key"); len(key) < 20 || key != s.seen[0].Get("Idempotency-Key") || h.Get("Authorization") != "Bearer old" {
			t.Errorf("sent with %v", h)
		}
	}
}

func TestItGivesUp(t *testing.T) {
	t.Parallel()
	s := newServer(t, says(503, `{"detail":"The database is away"}`))
	_, err := clientOf(t, s).Do(t.Context(), http.MethodGet, "/api/v1/tasks", nil, nil)
	if err == nil || err.Error() != "The database is away" || len(s.seen) != attempts {
		t.Errorf("%v, sent %d times", err, len(s.seen))
	}
}

func TestATokenIsRefreshedOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, says(401, "{}"), says(200, `{"token":"new","refreshToken":"next"}`), says(204, ""))
	c := clientOf(t, s)
	if _, err := c.Do(t.Context(), http.MethodDelete, "/api/v1/tasks/1", nil, nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{"DELETE /api/v1/tasks/1", "POST /api/auth/refresh", "DELETE /api/v1/tasks/1"}; !slices.Equal(s.paths, want) {
		t.Errorf("sent %q", s.paths)
	}
	if got, err := c.sessions.of(c.base); err != nil || got.Token != "new" || got.RefreshToken != "next" || s.seen[2].Get("Authorization") != "Bearer new" {
		t.Errorf("kept %+v, %v", got, err)
	}

	ended := newServer(t, says(401, "{}"))
	_, err := clientOf(t, ended).Do(t.Context(), http.MethodGet, "/api/v1/tasks", nil, nil)
	if !errors.Is(err, ErrNotSignedIn) || len(ended.seen) != 2 {
		t.Errorf("%v, sent %q", err, ended.paths)
	}
	stranger := newServer(t, says(200, "[]"))
	c = clientOf(t, stranger)
	if err := c.sessions.forget(c.base); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), http.MethodGet, "/api/v1/tasks", nil, nil); !errors.Is(err, ErrNotSignedIn) || len(stranger.seen) != 0 {
		t.Errorf("%v, sent %q", err, stranger.paths)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t, says(404, `{"detail":"Task not found"}`), says(400, `{"message":"title must not be empty"}`), says(308, ""), says(200, "<html>"))
	c := clientOf(t, s)
	for _, want := range []string{"Task not found", "title must not be empty", "the server answers 308 Permanent Redirect", "the answer is not todod's: "} {
		var out any
		_, err := c.Do(t.Context(), http.MethodGet, "/", nil, &out)
		if err == nil || !strings.HasPrefix(err.Error(), want) || NotFound(err) != (want == "Task not found") || Invalid(err) != strings.HasPrefix(want, "title") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestTheStreamGoesOn after it was cut off, from the last event that was seen, and with another token.
func TestTheStreamGoesOn(t *testing.T) {
	t.Parallel()
	s := newServer(t,
		says(200, "retry: 5\nevent: hello\nid: 3\ndata: {}\n\nevent: created\nid: 4\ndata: {\"a\":1}\n\n: beat\n\nevent: created\nid: 5\nda"),
		hangsUp, says(503, ""),
		says(401, ""), says(200, `{"token":"new","refreshToken":"next"}`),
		says(200, "event: updated\nid: 5\ndata: {\"a\":2}\n\nevent: expired\ndata: {}\n\n"))
	var got []string
	enough := errors.New("enough")
	err := clientOf(t, s).Watch(t.Context(), func(e Event) error {
		if got = append(got, e.Name+" "+string(e.Data)); len(got) == 3 {
			return enough
		}
		return nil
	})
	if want := []string{`created {"a":1}`, `updated {"a":2}`, `updated {"a":2}`}; !errors.Is(err, enough) || !slices.Equal(got, want) {
		t.Errorf("%v, %q", err, got)
	}
	if first, again := s.seen[0].Get("Last-Event-ID"), s.seen[5].Get("Last-Event-ID"); first != "" || again != "4" {
		t.Errorf("it began at %q and went on from %q", first, again)
	}
}

func TestSessionsAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	s := NewSessions(filepath.Join(t.TempDir(), "todod"))
	for _, server := range []string{"https://a.example", "https://b.example"} {
		if err := s.keep(server, Session{Token: server}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.forget("https://a.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.of("https://a.example"); !errors.Is(err, ErrNotSignedIn) {
		t.Errorf("forgotten: %v", err)
	}
	if got, err := s.of("https://b.example"); err != nil || got.Token != "https://b.example" {
		t.Errorf("kept: %v, %v", got, err)
	}
	if info, err := os.Stat(s.path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(s.path, []byte(`{"token": "hunter2`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.of("https://b.example"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a file that is broken: %v", err)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "localhost:8000", "ftp://a.example", "http://u:p@a.example", "http://a.example/path", "http://a.example?x", "http://%", "http://a@b"} {
		if _, err := New(bad, nil); !errors.Is(err, ErrBadURL) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
