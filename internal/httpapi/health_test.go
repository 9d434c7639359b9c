package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHealthSaysTheProcessIsUp(t *testing.T) {
	t.Parallel()
	s := newServer(t, brokenStore{fail: func() error { return errors.New("away") }}, nil)
	for _, path := range []string{"/health", "/api/v1/health", "/health/liveness", "/api/v1/health/liveness"} {
		a := s.do(t, request{method: "GET", path: path}).want(t, http.StatusOK)
		body := decode[object](t, a)
		if body["status"] != "healthy" || body["version"] != "test" || !wireTime.MatchString(body["timestamp"].(string)) || len(body) != 3 {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func TestReadinessNamesTheCheckThatFailed(t *testing.T) {
	t.Parallel()
	away := errors.New("connect to db.internal: refused")
	s := newServer(t, brokenStore{fail: func() error { return away }}, nil)
	for _, path := range []string{"/health/readiness", "/api/v1/health/readiness"} {
		a := s.do(t, request{method: "GET", path: path})
		p := wantProblem(t, path, a, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
		if !strings.Contains(p["detail"].(string), "database") || strings.Contains(a.body, "internal:") || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func TestAServerThatDrainsIsNotReadyButAnswers(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.do(t, request{method: "GET", path: "/health/readiness"}).want(t, http.StatusOK)
		s.api.Drain()
		s.do(t, request{method: "GET", path: "/health/readiness"}).want(t, http.StatusServiceUnavailable)
		s.do(t, request{method: "GET", path: "/health/liveness"}).want(t, http.StatusOK)
		s.create(t, "ada", `{"title":"just in time"}`)
	})
}

func TestTheDocumentationIsServed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for path, version := range map[string]string{"/openapi.json": "3.1", "/openapi-3.0.json": "3.0"} {
		a := s.do(t, request{method: "GET", path: path}).want(t, http.StatusOK)
		spec := decode[object](t, a)
		if got, _ := spec["openapi"].(string); !strings.HasPrefix(got, version) || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: openapi %v, Content-Type %q", path, spec["openapi"], a.header.Get("Content-Type"))
		}
	}
	a := s.do(t, request{method: "GET", path: "/docs"}).want(t, http.StatusOK)
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || strings.Contains(a.body, "https://") {
		t.Errorf("/docs: %s", a.body)
	}
	if a := s.do(t, request{method: "GET", path: "/redoc"}).want(t, http.StatusPermanentRedirect); a.header.Get("Location") != "docs" {
		t.Errorf("/redoc leads to %s", a.header.Get("Location"))
	}
}

func TestTheSpecificationTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	var spec struct {
		Paths map[string]map[string]struct {
			OperationID string                `json:"operationId"`
			Security    []map[string][]string `json:"security"`
			RequestBody struct {
				Required bool           `json:"required"`
				Content  map[string]any `json:"content"`
			} `json:"requestBody"`
			Responses map[string]any `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
				Required   []string       `json:"required"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(s.api.OpenAPI(), &spec); err != nil {
		t.Fatal(err)
	}
	if n := len(spec.Paths["/api/v1/tasks/{id}"]); n != 4 {
		t.Errorf("%d operations on a task", n)
	}
	if get := spec.Paths["/api/v1/tasks"]["get"]; get.Responses["422"] != nil || get.Responses["304"] == nil {
		t.Errorf("GET: %+v", get.Responses)
	}
	patch := spec.Paths["/api/v1/tasks/{id}"]["patch"]
	if !patch.RequestBody.Required || patch.RequestBody.Content["application/merge-patch+json"] == nil || len(patch.Security) != 2 {
		t.Errorf("PATCH: %+v", patch)
	}
	if post := spec.Paths["/api/v1/tasks"]["post"]; post.Responses["201"] == nil || post.Responses["400"] == nil || post.Responses["422"] == nil {
		t.Errorf("POST: %+v", post.Responses)
	}
	if required := spec.Components.Schemas["NewTask"].Required; !slices.Equal(required, []string{"title"}) {
		t.Errorf("POST requires %v", required)
	}
	if n := len(spec.Components.Schemas["Task"].Properties); n != taskKeys+1 {
		t.Errorf("a task has %d properties: %v", n, spec.Components.Schemas["Task"].Properties)
	}
	seen := map[string]bool{}
	for path, item := range spec.Paths {
		for method, op := range item {
			if op.OperationID == "" || seen[op.OperationID] {
				t.Errorf("%s %s: operationId %q", method, path, op.OperationID)
			}
			seen[op.OperationID] = true
		}
	}
}

func TestTheFirstPageSaysHowTheServerIs(t *testing.T) {
	t.Parallel()
	var fail error
	s := newServer(t, brokenStore{fail: func() error { return fail }}, nil)
	page := request{method: "GET", path: "/", header: map[string]string{"Accept": "text/html"}, host: "todo.example.com"}
	if a := s.do(t, page).want(t, http.StatusOK); !strings.Contains(a.body, ">ready<") || !strings.Contains(a.body, "http://todo.example.com/api") {
		t.Error(a.body)
	}
	s.api.Drain()
	a := s.do(t, request{method: "GET", path: "/"}).want(t, http.StatusOK)
	if decode[object](t, a)["ready"] != false || !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Accept") {
		t.Errorf("%s, %v", a.body, a.header)
	}
}

func TestWhomToTellOfAHole(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	a := s.do(t, request{method: "GET", path: "/.well-known/security.txt", host: "todo.example.com"}).want(t, http.StatusOK)
	_, expires, _ := strings.Cut(a.body, "Expires: ")
	until, err := time.Parse(time.RFC3339, strings.SplitN(expires, "\n", 2)[0])
	if err != nil || until.Before(time.Now()) || until.After(time.Now().AddDate(1, 0, 0)) ||
		!strings.HasPrefix(a.body, "Contact: http://todo.example.com/#security\n") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%s %v", a.body, err)
	}
}
