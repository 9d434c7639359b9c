package httpapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/httpapi"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// TestEverySpellingOfAPathIsTheSameRoute walks through the life of a todo under each.
func TestEverySpellingOfAPathIsTheSameRoute(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		for _, prefix := range []string{"/api/todos", "/todos"} {
			for _, slash := range []string{"", "/"} {
				created := s.as(t, "ada", "POST", prefix+slash, `{"title":"x"}`).want(t, http.StatusCreated)
				item := todoOf(t, created)
				if got := created.header.Get("Location"); got != todoPath(item) {
					t.Errorf("Location %q, want %q", got, todoPath(item))
				}
				id := prefix + "/" + item["id"].(json.Number).String()
				list := decode[todoList](t, s.as(t, "ada", "GET", prefix+slash+"?status=active", "").want(t, http.StatusOK))
				if list.Total != 1 || len(list.Todos) != 1 || list.Todos[0]["id"] != item["id"] {
					t.Errorf("list under %s: %+v", prefix+slash, list)
				}
				todoOf(t, s.as(t, "ada", "GET", id+slash, "").want(t, http.StatusOK))
				s.as(t, "ada", "HEAD", id+slash, "").want(t, http.StatusOK)
				put := todoOf(t, s.as(t, "ada", "PUT", id+slash, `{"title":"y"}`).want(t, http.StatusOK))
				done := todoOf(t, s.as(t, "ada", "PATCH", id+"/complete"+slash, `{"completed":true}`).want(t, http.StatusOK))
				if put["title"] != "y" || done["completed"] != true {
					t.Errorf("PUT %v, PATCH %v", put, done)
				}
				gone := decode[object](t, s.as(t, "ada", "DELETE", id+slash, "").want(t, http.StatusOK))
				if message, _ := gone["message"].(string); message == "" || len(gone) != 1 {
					t.Errorf("DELETE answers %v", gone)
				}
				s.as(t, "ada", "GET", id+slash, "").want(t, http.StatusNotFound)
				s.as(t, "ada", "DELETE", id+slash, "").want(t, http.StatusNotFound)
			}
		}
		s.Close()
		if n := strings.Count(s.log.String(), "task.not_found"); n != 8 {
			t.Errorf("%d missing todos in the log, want 8", n)
		}
		for line := range strings.Lines(s.log.String()) {
			var record object
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatal(err)
			}
			if endpoint, ok := record["endpoint"].(string); ok && !strings.HasPrefix(endpoint, "/api/todos") {
				t.Errorf("logged as %q", endpoint)
			}
		}
	})
}

func TestPathsThatOnlyLookLikeAFrontends(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	item := s.createTodo(t, "ada", `{"title":"x"}`)
	for _, path := range []string{
		"/todosx", "/api/todosx", "/api/api/todos", "/apitodos", "/api/v1/todos", "/v1/tasks", "/tasks", "/api/v1/tasks/", "/Todos", "//todos", "/api//todos",
	} {
		p := wantProblem(t, path, s.as(t, "ada", "GET", path, ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		if _, ok := p["message"]; ok {
			t.Errorf("%s: %v", path, p)
		}
	}
	for _, path := range []string{"/todos//", "/api/todos//1", "/todos/1/../1", "/api/todos/1/toggle", "/todos/1/complete/x", "/auth/nothing"} {
		p := wantProblem(t, path, s.as(t, "ada", "GET", path, ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		if p["message"] != p["detail"] {
			t.Errorf("%s: %v", path, p)
		}
	}
	for _, id := range []string{"0", "-1", "1.5", "abc", "+1", "%201", "00", "1%2F2", "99999999999999999999x"} {
		for _, prefix := range []string{"/api/todos/", "/todos/"} {
			wantInvalid(t, id, s.as(t, "ada", "GET", prefix+id, ""), "id")
			wantInvalid(t, id, s.as(t, "ada", "PATCH", prefix+id+"/complete/", ""), "id")
		}
	}
	s.as(t, "ada", "GET", "/todos/99999999999999999999999999", "").want(t, http.StatusNotFound)
	s.as(t, "ada", "GET", todoPath(item), "").want(t, http.StatusOK)
}

func TestPreflightsOfFrontends(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), someOrigins)
	for _, prefix := range []string{"/api/todos", "/todos"} {
		for _, rest := range []string{"", "/1", "/1/complete"} {
			for _, slash := range []string{"", "/"} {
				for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
					a := s.do(t, request{method: "OPTIONS", path: prefix + rest + slash, header: map[string]string{
						"Origin": "https://app.example.com", "Access-Control-Request-Method": method,
						"Access-Control-Request-Headers": "authorization,content-type,idempotency-key,if-match,if-none-match,last-event-id,prefer,traceparent,x-request-id",
					}}).want(t, http.StatusNoContent)
					if a.header.Get("Access-Control-Allow-Origin") != "https://app.example.com" || a.header.Get("Access-Control-Allow-Methods") != method ||
						len(strings.Split(a.header.Get("Access-Control-Allow-Headers"), ",")) != 9 {
						t.Errorf("%s %s: %v", method, prefix+rest+slash, a.header)
					}
				}
			}
		}
	}
}

// fromABrowser sends r from a page of an allowed origin.
func (s *server) fromABrowser(t testing.TB, r request) answer {
	t.Helper()
	header := map[string]string{"Origin": "https://app.example.com"}
	maps.Copy(header, r.header)
	r.header = header
	return s.do(t, r)
}

// wantMessage fails the test unless a is a whole problem with a message, and such that a browser shows it to its page.
func wantMessage(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if p := wantProblem(t, what, a, status, code); p["message"] != p["detail"] {
		t.Errorf("%s: %s", what, a.body)
	}
	if got := a.header.Get("Access-Control-Allow-Origin"); got != "https://app.example.com" {
		t.Errorf("%s: Access-Control-Allow-Origin %q", what, got)
	}
	exposed := strings.Split(strings.ToLower(a.header.Get("Access-Control-Expose-Headers")), ", ")
	slices.Sort(exposed)
	if got := strings.Join(exposed, " "); got != "etag idempotency-replayed link location preference-applied ratelimit ratelimit-policy retry-after x-request-id x-total-count" {
		t.Errorf("%s: exposed %s", what, got)
	}
}

func TestErrorsOfFrontendsCarryAMessage(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	s := newServer(t, store, func(cfg *httpapi.Config) {
		someOrigins(cfg)
		withQuota(store, 1)(cfg)
	})
	s.createTodo(t, "ada", `{"title":"x"}`)
	big := `{"title":"x","description":"` + strings.Repeat("a", 64<<10) + `"}`
	for what, c := range map[string]struct {
		request
		status int
		code   string
	}{
		"no token":       {request{method: "GET", path: "/api/todos"}, 401, "INVALID_CREDENTIALS"},
		"a bad token":    {request{method: "GET", path: "/todos/", header: map[string]string{"Authorization": "Bearer x"}}, 401, "INVALID_CREDENTIALS"},
		"a missing todo": {request{method: "GET", path: "/api/todos/77", user: "ada"}, 404, "RESOURCE_NOT_FOUND"},
		"no such path":   {request{method: "GET", path: "/todos/1/x", user: "ada"}, 404, "RESOURCE_NOT_FOUND"},
		"a wrong method": {request{method: "DELETE", path: "/api/todos/", user: "ada"}, 405, "METHOD_NOT_ALLOWED"},
		"one todo more":  {request{method: "POST", path: "/todos", user: "ada", body: `{"title":"y"}`}, 409, "CONFLICT_DETECTED"},
		"a long body":    {request{method: "PUT", path: "/todos/1", user: "ada", body: big}, 413, "PAYLOAD_TOO_LARGE"},
		"a long flip":    {request{method: "PATCH", path: "/todos/1/complete", user: "ada", body: big}, 413, "PAYLOAD_TOO_LARGE"},
		"a form": {
			request{method: "POST", path: "/api/todos", user: "ada", body: "title=x", header: map[string]string{"Content-Type": "text/plain"}},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
	} {
		wantMessage(t, what, s.fromABrowser(t, c.request), c.status, c.code)
	}
	if allow := s.as(t, "ada", "DELETE", "/todos/", "").header.Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("Allow %q", allow)
	}
	for _, r := range []request{{method: "GET", path: "/api/v1/tasks"}, {method: "GET", path: "/nothing"}, {method: "GET", path: "/api/v1/tasks/77", user: "ada"}} {
		if p := decode[object](t, s.do(t, r)); p["message"] != nil {
			t.Errorf("%s has a message: %v", r.path, p)
		}
	}
}

func TestFailuresBehindFrontendsCarryAMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail   func() error
		status int
		code   string
	}{
		"an unknown error": {func() error { return errors.New("x") }, 500, "INTERNAL_ERROR"},
		"a panic":          {func() error { panic("x") }, 500, "INTERNAL_ERROR"},
		"a database away":  {func() error { return todo.ServiceUnavailable(errors.New("x")) }, 503, "SERVICE_UNAVAILABLE"},
	} {
		s := newServer(t, brokenStore{fail: c.fail}, someOrigins)
		wantMessage(t, name, s.fromABrowser(t, request{method: "GET", path: "/todos/", user: "ada"}), c.status, c.code)
	}
	limited := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		someOrigins(cfg)
		rate := ratelimit.Rate{Quota: 1, Window: time.Hour}
		cfg.Limits = httpapi.Limits{Source: ratelimit.NewMemory(time.Now, 1000), Authenticated: rate, Anonymous: rate}
	})
	limited.as(t, "ada", "GET", "/api/todos", "").want(t, http.StatusOK)
	a := limited.fromABrowser(t, request{method: "GET", path: "/api/todos", user: "ada"})
	wantMessage(t, "too many", a, http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// TestFrontendsAreDescribedOnce: four spellings are one route.
func TestFrontendsAreDescribedOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	spec := decode[struct {
		Paths map[string]map[string]struct{ RequestBody *struct{ Required bool } }
	}](t, s.do(t, request{method: "GET", path: "/openapi.json"}))
	var got []string
	for path, methods := range spec.Paths {
		if strings.Contains(path, "todos") {
			for method, op := range methods {
				got = append(got, fmt.Sprintf("%s %s %v", method, path, op.RequestBody != nil && op.RequestBody.Required))
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"delete /api/todos/{id} false", "get /api/todos false", "get /api/todos/{id} false", "patch /api/todos/{id}/complete false",
		"post /api/todos true", "put /api/todos/{id} true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
