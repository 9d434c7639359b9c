package httpapi_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/httpapi"
)

// withoutKeys are the routes that change something and take no key: to set a name or a password twice does no harm, and no
// ticket is kept.
var withoutKeys = []string{"POST /api/auth/change-password", "PATCH /api/v1/me", "POST /api/v1/events/ticket", "DELETE /api/v1/me"}

// writeRoutes returns every route that changes something of the caller's and takes a key, from the router itself. Whoever
// adds one that takes none fails this.
func writeRoutes(t *testing.T, s *server) []httpapi.Route {
	t.Helper()
	routes := slices.DeleteFunc(securedRoutes(t, s), func(r httpapi.Route) bool {
		if r.Method != http.MethodGet && !r.Keyed && !slices.Contains(withoutKeys, r.Method+" "+r.Path) {
			t.Errorf("%s %s takes no Idempotency-Key", r.Method, r.Path)
		}
		return !r.Keyed
	})
	if len(routes) < 15 {
		t.Fatalf("%d routes that write", len(routes))
	}
	return routes
}

// A prepared request is one of a route, about a task that was made for it.
type prepared struct {
	request
	id string // of the task, "" if it is about none
}

// prepare returns a request of a route that will succeed once, with what it needs: a task, in the trash where the route
// is about that.
func (s *server) prepare(t *testing.T, user string, route httpapi.Route) prepared {
	t.Helper()
	r := prepared{request: request{method: route.Method, path: route.Path, user: user, body: bodies[route.Method+" "+route.Path]}}
	if strings.Contains(route.Path, "{id}") {
		task := s.create(t, user, `{"title":"prepared","due_date":"2026-01-15"}`)
		r.id = task["id"].(json.Number).String()
		for _, kind := range []string{"list", "label"} {
			if strings.HasPrefix(route.Path, "/api/v1/"+kind+"s/") {
				r.id = fmt.Sprint(s.createObject(t, user, kind, fmt.Sprintf(`{"name":"prepared %s"}`, r.id)))
			}
		}
		if strings.Contains(route.Path, "/trash/") {
			s.as(t, user, "DELETE", path(task), "").want(t, http.StatusNoContent)
		}
		r.path = strings.Replace(r.path, "{id}", r.id, 1)
	}
	switch route.Path {
	case "/api/v1/tasks/{id}/skip":
		s.as(t, user, "PATCH", "/api/v1/tasks/"+r.id, `{"recurrence":{"rule":"FREQ=DAILY"}}`).want(t, http.StatusOK)
	case "/api/v1/labels", "/api/v1/labels/{id}": // no two are alike
		r.body = strings.NewReplacer("mallory's", rand.Text(), "stolen", rand.Text()).Replace(r.body)
	case "/api/v1/undo":
		task := s.create(t, user, `{"title":"prepared"}`)
		r.body = fmt.Sprintf(`{"rev":%s}`, task["version"])
	case "/api/v1/tasks/complete-all":
		s.create(t, user, `{"title":"prepared"}`)
	case "/api/v1/tasks/clear-completed":
		s.create(t, user, `{"title":"prepared","completed":true}`)
	}
	if strings.HasPrefix(route.Path, "/api/todos") {
		r.body = strings.Replace(r.body, `"dueDate":"2026-01-01","due_date":"2026-01-02"`, `"dueDate":"2026-01-01"`, 1)
	}
	return r
}

// revision returns a user's revision as the tag of their list tells it.
func (s *server) revision(t testing.TB, user string) string {
	t.Helper()
	return s.as(t, user, "GET", "/api/v1/tasks", "").want(t, http.StatusOK).header.Get("ETag")
}

// wantReplay fails the test unless again is first once more, said to be so.
func wantReplay(t *testing.T, what string, again, first answer) {
	t.Helper()
	if again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("%s: Idempotency-Replayed is %q, then %q", what, first.header.Get("Idempotency-Replayed"), again.header.Get("Idempotency-Replayed"))
	}
	if again.status != first.status || again.body != first.body {
		t.Errorf("%s:\n was %d %s\nnow %d %s", what, first.status, first.body, again.status, again.body)
	}
	for _, name := range []string{"ETag", "Location", "Content-Type", "Cache-Control"} {
		if again.header.Get(name) != first.header.Get(name) {
			t.Errorf("%s: %s was %q and is %q", what, name, first.header.Get(name), again.header.Get(name))
		}
	}
}

// TestEveryWriteHeedsItsKey is generated from the router: a route that changes something and heeds no Idempotency-Key
// fails it.
func TestEveryWriteHeedsItsKey(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		for i, route := range writeRoutes(t, s) {
			what := route.Method + " " + route.Path
			w := s.prepare(t, "ada", route)
			for _, keys := range [][]string{
				{""}, {" "}, {"a b"}, {"é"}, {"a\tb"}, {strings.Repeat("k", 256)}, {"a", "b"}, {"a", "a"}, {"a", ""},
			} {
				before := s.revision(t, "ada")
				wantInvalid(t, fmt.Sprintf("%s with the keys %.20q", what, keys), s.doLines(t, w.request, "Idempotency-Key", keys...), "Idempotency-Key")
				if s.revision(t, "ada") != before {
					t.Errorf("%s: refused, and yet something has changed", what)
				}
			}
			w.header = with("Idempotency-Key", fmt.Sprintf(`!"~%d/`, i)+strings.Repeat("k", 240))
			first := s.do(t, w.request)
			if first.status >= 300 {
				t.Fatalf("%s: %d %s", what, first.status, first.body)
			}
			after := s.revision(t, "ada")
			for range 2 {
				wantReplay(t, what, s.do(t, w.request), first)
			}
			if s.revision(t, "ada") != after {
				t.Errorf("%s was carried out again", what)
			}
			if a := s.as(t, "ada", w.method, w.path, w.body); a.header.Get("Idempotency-Replayed") != "" {
				t.Errorf("%s: replayed without a key", what)
			}
			wantReplay(t, what+" after another change", s.do(t, w.request), first)
			s.wantOtherRequests(t, what, w)
			bobs := w.request
			bobs.user = "bob"
			if a := s.do(t, bobs); a.header.Get("Idempotency-Replayed") != "" || a.status == http.StatusUnprocessableEntity {
				t.Errorf("%s: another meets the key: %d %s", what, a.status, a.body)
			}
		}
	})
}

// wantOtherRequests fails the test unless every request but the very one that had its key is refused.
func (s *server) wantOtherRequests(t *testing.T, what string, w prepared) {
	t.Helper()
	before := s.revision(t, "ada")
	others := map[string]func(r *request){
		"another body":     func(r *request) { r.body = anotherBody(r.path) },
		"white space":      func(r *request) { r.body = ` ` + orObject(r.body) },
		"with If-Match":    func(r *request) { r.header["If-Match"] = "*" },
		"with an If-Match": func(r *request) { r.header["If-Match"] = `"v1"` },
		"with Prefer":      func(r *request) { r.header["Prefer"] = "merge" },
	}
	if w.id != "" {
		others["another task"] = func(r *request) { r.path = strings.Replace(r.path, "/"+w.id, "/987654321", 1) }
	}
	if strings.HasPrefix(w.path, "/api/todos") { // where unknown parameters don't matter otherwise
		others["with a query"] = func(r *request) { r.path += "?x=1" }
	}
	for name, change := range others {
		r := w.request
		r.header = map[string]string{"Idempotency-Key": w.header["Idempotency-Key"]}
		change(&r)
		a := s.do(t, r)
		wantProblem(t, what+", "+name, a, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
		if a.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("%s, %s: said to be a replay", what, name)
		}
	}
	if s.revision(t, "ada") != before {
		t.Errorf("%s: a refused request has changed something", what)
	}
}

// anotherBody returns a body that is right for a path and none that was sent.
func anotherBody(path string) string {
	switch path {
	case "/api/v1/tasks/batch":
		return `{"operations":[{"op":"create","task":{"title":"another"}}]}`
	case "/api/v1/undo":
		return `{"key":"another"}`
	}
	switch {
	case strings.HasSuffix(path, "/move"):
		return `{"after":null}`
	case strings.HasSuffix(path, "/skip"), strings.HasPrefix(path, "/api/v1/") && strings.HasSuffix(path, "/complete"):
		return `{"slot":"2026-01-02"}`
	case strings.HasPrefix(path, "/api/v1/lists"), strings.HasPrefix(path, "/api/v1/labels"):
		return `{"name":"another"}`
	}
	return `{"title":"another","completed":false}`
}

// orObject returns body, or an object where there is none.
func orObject(body string) string {
	if body == "" {
		return `{"completed":true}`
	}
	return body
}

func TestAnotherMethodIsAnotherRequest(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		r := request{method: "PUT", path: path(task), user: "ada", body: `{"title":"y"}`, header: with("Idempotency-Key", "k")}
		s.do(t, r).want(t, http.StatusOK)
		r.method = "PATCH"
		wantProblem(t, "PATCH", s.do(t, r), http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
		r.method, r.path = "PUT", strings.Replace(r.path, "v1/tasks", "todos", 1)
		p := wantProblem(t, "the same as a todo", s.do(t, r), http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
		if p["message"] != p["detail"] {
			t.Errorf("%v", p)
		}
	})
}

// TestEverySpellingOfAPathIsTheSameRequest: a frontend that is moved between them may still retry.
func TestEverySpellingOfAPathIsTheSameRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	r := request{method: "POST", path: "/api/todos", user: "ada", body: `{"title":"x"}`, header: with("Idempotency-Key", "k")}
	first := s.do(t, r).want(t, http.StatusCreated)
	for _, r.path = range []string{"/todos", "/todos/", "/api/todos/"} {
		wantReplay(t, r.path, s.do(t, r), first)
	}
}

func TestRefusalsAreNotKept(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s = newServer(t, s.store, withQuota(s.store, 1))
		key := with("Idempotency-Key", "k")
		create := request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`, header: key}
		bad := create
		bad.body = `{"title":""}`
		s.do(t, bad).want(t, http.StatusBadRequest)
		missing := request{method: "PUT", path: "/api/v1/tasks/987654321", user: "ada", body: `{"title":"y"}`, header: key}
		s.do(t, missing).want(t, http.StatusNotFound)
		task := s.create(t, "ada", `{"title":"first"}`)
		full := create
		s.do(t, full).want(t, http.StatusConflict)
		stale := request{method: "DELETE", path: path(task), user: "ada", header: map[string]string{"Idempotency-Key": "k", "If-Match": `"v99"`}}
		s.do(t, stale).want(t, http.StatusPreconditionFailed)
		s.as(t, "ada", "GET", "/api/v1/operations/k", "").want(t, http.StatusNotFound)
		stale.header["If-Match"] = `"v1"`
		first := s.do(t, stale).want(t, http.StatusNoContent)
		wantReplay(t, "DELETE", s.do(t, stale), first)
		create.header = with("Idempotency-Key", "l")
		s.do(t, create).want(t, http.StatusCreated)
	})
}

// TestReplaysOutliveTheTask: whatever becomes of a task, a replay is what was answered; only one that shows a task which
// has gone for good can't be.
func TestReplaysOutliveTheTask(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		create := request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"secret"}`, header: with("Idempotency-Key", "create")}
		created := s.do(t, create).want(t, http.StatusCreated)
		task := decode[object](t, created)
		same := request{method: "PATCH", path: path(task), user: "ada", body: `{"title":"secret"}`, header: with("Idempotency-Key", "same")}
		unchanged := s.do(t, same).want(t, http.StatusOK)
		if unchanged.body != created.body {
			t.Errorf("%s became %s", created.body, unchanged.body)
		}
		remove := request{method: "DELETE", path: path(task), user: "ada", header: with("Idempotency-Key", "delete")}
		trashed := strings.Replace(path(task), "tasks", "trash", 1)
		purge := request{method: "DELETE", path: trashed, user: "ada", header: with("Idempotency-Key", "purge")}

		s.as(t, "ada", "PATCH", path(task), `{"title":"changed","due_date":"2026-01-01"}`).want(t, http.StatusOK)
		wantReplay(t, "changed", s.do(t, create), created)
		wantReplay(t, "changed", s.do(t, same), unchanged)
		removed := s.do(t, remove).want(t, http.StatusNoContent)
		wantReplay(t, "deleted", s.do(t, create), created)
		wantReplay(t, "deleted", s.do(t, same), unchanged)
		wantReplay(t, "deleted", s.do(t, remove), removed)
		purged := s.do(t, purge).want(t, http.StatusNoContent)
		wantReplay(t, "purged", s.do(t, purge), purged)
		wantReplay(t, "purged", s.do(t, remove), removed)
		for _, r := range []request{create, same} {
			a := s.do(t, r)
			wantProblem(t, "purged, "+r.method, a, http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
		if page := decode[[]object](t, s.as(t, "ada", "GET", "/api/v1/tasks", "")); len(page) != 0 {
			t.Errorf("it was made again: %v", page)
		}
		for key, want := range map[string]string{"create": "201", "same": "200", "delete": "204", "purge": "204"} {
			a := s.as(t, "ada", "GET", "/api/v1/operations/"+key, "").want(t, http.StatusOK)
			if op := decode[object](t, a); op["status"] != json.Number(want) || op["task"] != nil || strings.Contains(a.body, "secret") {
				t.Errorf("%s: %s", key, a.body)
			}
		}
	})
}

// TestATodoInTwoSpellingsIsReplayed: what such a body means depends on what is stored, which has changed by then.
func TestATodoInTwoSpellingsIsReplayed(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		item := s.createTodo(t, "ada", `{"title":"x","dueDate":"2026-01-01"}`)
		r := request{
			method: "PUT", path: todoPath(item), user: "ada", body: `{"dueDate":"2026-02-02","due_date":"2026-01-01"}`,
			header: with("Idempotency-Key", "k"),
		}
		first := s.do(t, r).want(t, http.StatusOK)
		if todoOf(t, first)["dueDate"] != "2026-02-02T00:00:00" {
			t.Fatal(first.body)
		}
		wantReplay(t, "at once", s.do(t, r), first)
		s.as(t, "ada", "PUT", todoPath(item), `{"dueDate":"2026-03-03"}`).want(t, http.StatusOK)
		wantReplay(t, "after another date", s.do(t, r), first)
		unused := r
		unused.header = with("Idempotency-Key", "unused")
		wantInvalid(t, "an unused key", s.do(t, unused), "dueDate")
		wantInvalid(t, "no key", s.as(t, "ada", "PUT", r.path, r.body), "dueDate")
		other := r
		other.body = `{"dueDate":"2026-02-02","due_date":"2026-01-02"}`
		wantProblem(t, "another body", s.do(t, other), http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
		s.as(t, "ada", "DELETE", todoPath(item), "").want(t, http.StatusOK)
		wantReplay(t, "deleted", s.do(t, r), first)
		s.do(t, unused).want(t, http.StatusNotFound)
		s.as(t, "ada", "GET", "/api/v1/operations/unused", "").want(t, http.StatusNotFound)
	})
}

func TestRequestsAtOnceWithOneKey(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		r := request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`, header: with("Idempotency-Key", "k")}
		answers := make([]answer, 32)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = s.do(t, r) })
		}
		all.Wait()
		first := 0
		for _, a := range answers {
			if a.want(t, http.StatusCreated).body != answers[0].body {
				t.Errorf("%s, and %s", a.body, answers[0].body)
			}
			if a.header.Get("Idempotency-Replayed") == "" {
				first++
			}
		}
		if first != 1 {
			t.Errorf("%d were carried out", first)
		}
	})
}

// A lateBody is a body that doesn't come before the deadline that its reader has set; without one it breaks off.
type lateBody struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

// SetReadDeadline is what http.ResponseController looks for.
func (b *lateBody) SetReadDeadline(deadline time.Time) error {
	b.deadline = deadline
	return nil
}

// Read implements io.Reader.
func (b *lateBody) Read([]byte) (int, error) {
	if left := time.Until(b.deadline); left <= 0 || left > 10*time.Second {
		return 0, io.ErrUnexpectedEOF
	}
	return 0, os.ErrDeadlineExceeded
}

// TestABodyThatIsLate has ten seconds, whether the route has a use for it or only the key has.
func TestABodyThatIsLate(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	task := s.create(t, "ada", `{"title":"x"}`)
	for _, r := range []request{
		{method: "POST", path: "/api/v1/tasks"}, {method: "PATCH", path: path(task) + "/toggle"}, {method: "DELETE", path: path(task)},
	} {
		late := &lateBody{ResponseRecorder: httptest.NewRecorder()}
		req := httptest.NewRequestWithContext(t.Context(), r.method, r.path, late)
		for name, value := range map[string]string{
			"Authorization": "Bearer " + mint(t, "ada"), "Idempotency-Key": "k", "Content-Type": "application/json",
		} {
			req.Header.Set(name, value)
		}
		s.api.ServeHTTP(late, req)
		wantProblem(t, r.method+" "+r.path, answer{late.Code, late.Header(), late.Body.String()}, http.StatusRequestTimeout, "REQUEST_TIMEOUT")
	}
}

func TestOperations(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		r := request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`}
		for _, key := range []string{"k", "a/b", "a//b", "//", "/k", "%", "?", "#", `"`, "a;b", "+", "%2F", "..", ".", "a/../b", strings.Repeat("k", 255)} {
			r.header = with("Idempotency-Key", key)
			task := decode[object](t, s.do(t, r).want(t, http.StatusCreated))
			a := s.as(t, "ada", "GET", "/api/v1/operations/"+escape(key), "")
			if a.status != http.StatusOK {
				t.Errorf("%q: %d %s", key, a.status, a.body)
				continue
			}
			op := decode[object](t, a)
			if op["key"] != key || op["status"] != json.Number("201") || !wireTime.MatchString(op["at"].(string)) {
				t.Errorf("%q: %s", key, a.body)
			}
			if of, _ := op["task"].(map[string]any); of["id"] != task["id"] || len(of) != taskKeys {
				t.Errorf("%q: %s", key, a.body)
			}
			s.as(t, "bob", "GET", "/api/v1/operations/"+escape(key), "").want(t, http.StatusNotFound)
		}
		for _, key := range []string{"none", "a%20b", "%C3%A9", strings.Repeat("k", 256), "%00"} {
			wantProblem(t, key, s.as(t, "ada", "GET", "/api/v1/operations/"+key, ""), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
	})
}

// escape writes every byte of a key as %XX.
func escape(key string) string {
	var b strings.Builder
	for i := range len(key) {
		fmt.Fprintf(&b, "%%%02X", key[i])
	}
	return b.String()
}
