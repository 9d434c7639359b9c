package httpapi_test

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todod/internal/httpapi"
)

// bodies are what each route that takes a body is sent here. A route that takes one and isn't here fails the test.
var bodies = map[string]string{
	"POST /api/v1/tasks":       `{"title":"mallory's"}`,
	"PUT /api/v1/tasks/{id}":   `{"title":"stolen"}`,
	"PATCH /api/v1/tasks/{id}": `{"completed":true}`,
	"PATCH /api/v1/me":         `{"name":"Mallory","time_zone":"Europe/Berlin"}`,

	"POST /api/auth/change-password": `{"currentPassword":"password 1","newPassword":"password 2"}`,

	"POST /api/v1/tasks/{id}/complete": `{"slot":"2026-12-25"}`,
	"POST /api/v1/tasks/{id}/skip":     `{"slot":null}`,

	"POST /api/v1/tasks/{id}/move": `{"before":null}`,
	"POST /api/v1/lists/{id}/move": `{"before":null}`,

	"POST /api/v1/lists":        `{"name":"mallory's"}`,
	"PUT /api/v1/lists/{id}":    `{"name":"stolen"}`,
	"PATCH /api/v1/lists/{id}":  `{"archived":true}`,
	"POST /api/v1/labels":       `{"name":"mallory's"}`,
	"PUT /api/v1/labels/{id}":   `{"name":"stolen"}`,
	"PATCH /api/v1/labels/{id}": `{"color":"#000000"}`,

	"POST /api/v1/tasks/batch": `{"operations":[{"op":"create","task":{"title":"mallory's"}}]}`,
	"POST /api/v1/undo":        `{"rev":1}`,

	"POST /api/todos":                `{"title":"mallory's"}`,
	"PUT /api/todos/{id}":            `{"title":"stolen","dueDate":"2026-01-01","due_date":"2026-01-02"}`,
	"PATCH /api/todos/{id}/complete": `{"completed":true}`,
}

// passing is what differs between two equal answers.
var passing = regexp.MustCompile(`"(timestamp|request_id)":"[^"]*"`)

// securedRoutes returns every route that needs a token, from the router itself.
func securedRoutes(t *testing.T, s *server) []httpapi.Route {
	t.Helper()
	var routes []httpapi.Route
	for _, r := range s.api.Routes() {
		if r.Secured {
			routes = append(routes, r)
		}
	}
	if len(routes) < 13 {
		t.Fatalf("the router lists %d secured routes", len(routes))
	}
	// Who was erased gets nothing any more: that comes last.
	slices.SortStableFunc(routes, func(a, b httpapi.Route) int { return cmp.Compare(erasing(a), erasing(b)) })
	return routes
}

// erasing returns 1 for the route that erases its caller, and 0 for the others.
func erasing(r httpapi.Route) int {
	if r.Method == http.MethodDelete && r.Path == "/api/v1/me" {
		return 1
	}
	return 0
}

// send calls a route as user, with id in place of {id}.
func (s *server) send(t *testing.T, route httpapi.Route, user, id string) answer {
	t.Helper()
	path := strings.NewReplacer("{id}", id, "{key}", id).Replace(route.Path)
	if strings.Contains(path, "{") {
		t.Fatalf("this test does not know what to put into %s", route.Path)
	}
	return s.as(t, user, route.Method, path, bodies[route.Method+" "+route.Path])
}

// withoutPassing returns what must be equal in two answers: everything but time, request id and what is left of a limit.
func withoutPassing(a answer) string {
	header := a.header.Clone()
	for _, name := range []string{
		"Date", "X-Request-Id", "Ratelimit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Content-Length",
	} {
		header.Del(name)
	}
	var b strings.Builder
	_ = header.Write(&b)
	return b.String() + passing.ReplaceAllString(a.body, "")
}

// TestAnothersTaskIsLikeNone is generated from the router: whoever adds a route with an id adds it here.
func TestAnothersTaskIsLikeNone(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"Ada's secret"}`)
		ids := map[string]string{
			"task": strings.TrimPrefix(path(task), "/api/v1/tasks/"),
			"list": fmt.Sprint(s.createObject(t, "ada", "list", `{"name":"Ada's list"}`)), "label": fmt.Sprint(s.createObject(t, "ada", "label", `{"name":"Ada's label"}`)),
		}
		theirs := func() string {
			return s.as(t, "ada", "GET", path(task), "").body + s.as(t, "ada", "GET", "/api/v1/lists", "").body + s.as(t, "ada", "GET", "/api/v1/labels", "").body
		}
		mine := theirs()
		for _, route := range securedRoutes(t, s) {
			if !strings.Contains(route.Path, "{id}") {
				continue
			}
			for kind, id := range ids { // of the route's kind, and of another
				foreign, missing := s.send(t, route, "mallory", id), s.send(t, route, "mallory", "987654321")
				if foreign.status != http.StatusNotFound || withoutPassing(foreign) != withoutPassing(missing) {
					t.Errorf("%s %s:\nanother's: %d %s\n   missing: %d %s", route.Method, route.Path,
						foreign.status, withoutPassing(foreign), missing.status, withoutPassing(missing))
				}
				if got := theirs(); got != mine {
					t.Fatalf("%s %s by another, of a %s, changed it to %s", route.Method, route.Path, kind, got)
				}
			}
		}
	})
}

// TestNoRouteShowsAnothersTask calls every secured route as somebody else and looks for what is Ada's in the answer.
func TestNoRouteShowsAnothersTask(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"Ada's secret","description":"Ada's secret"}`)
		s.create(t, "mallory", `{"title":"mine"}`)
		for _, route := range securedRoutes(t, s) {
			for _, query := range []string{"", "?count=true&q=secret&limit=1000", "?since=0"} {
				if query != "" && (route.Method != http.MethodGet || strings.Contains(route.Path, "{")) {
					continue
				}
				a := s.as(t, "mallory", route.Method, strings.NewReplacer("{id}", strings.TrimPrefix(path(task), "/api/v1/tasks/"), "{key}", "key").Replace(route.Path)+query,
					bodies[route.Method+" "+route.Path])
				if strings.Contains(a.body, "Ada") || strings.Contains(a.body, `"ada"`) {
					t.Errorf("%s %s%s shows %s", route.Method, route.Path, query, a.body)
				}
				if total := a.header.Get("X-Total-Count"); total != "" && total != "0" {
					t.Errorf("%s %s%s counts %s", route.Method, route.Path, query, total)
				}
			}
		}
	})
}

// TestEverySecuredRouteWantsAToken is generated from the router, too.
func TestEverySecuredRouteWantsAToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	var first string
	for _, route := range securedRoutes(t, s) {
		a := s.send(t, route, "", "1").want(t, http.StatusUnauthorized)
		a.body = strings.Replace(a.body, `,"message":"Invalid or expired authentication token"`, "", 1) // frontends get one
		if a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s: WWW-Authenticate %q", route.Method, route.Path, a.header.Get("WWW-Authenticate"))
		}
		if first == "" {
			first = withoutPassing(a)
		}
		if got := withoutPassing(a); got != first {
			t.Errorf("%s %s answers %s\nothers %s", route.Method, route.Path, got, first)
		}
	}
}

// TestNobodyChoosesWhoTheyAre: nothing in a request but the token says whose tasks it is about.
func TestNobodyChoosesWhoTheyAre(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.create(t, "ada", `{"title":"Ada's"}`)
	for _, header := range []string{"X-User-Id", "X-Forwarded-User", "Cookie", "X-Todod-User"} {
		a := s.do(t, request{method: "GET", path: "/api/v1/tasks", user: "mallory", header: map[string]string{header: "user_id=ada"}})
		if a.want(t, http.StatusOK).body != "[]" {
			t.Errorf("%s: %s", header, a.body)
		}
	}
	s.as(t, "mallory", "GET", "/api/v1/tasks?user_id=ada", "").want(t, http.StatusBadRequest)
	s.as(t, "mallory", "POST", "/api/v1/tasks", `{"title":"x","user_id":"ada"}`).want(t, http.StatusBadRequest)
}
