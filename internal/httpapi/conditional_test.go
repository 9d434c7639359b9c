package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// with returns a header of one line.
func with(name, value string) map[string]string { return map[string]string{name: value} }

// conditional sends a request with one header.
func (s *server) conditional(t testing.TB, user, method, path, body, name, value string) answer {
	t.Helper()
	return s.do(t, request{method: method, path: path, user: user, body: body, header: with(name, value)})
}

// wantCurrent fails the test unless a is the 412 that shows what is at path.
func (s *server) wantCurrent(t *testing.T, what string, a answer, user, path string) {
	t.Helper()
	p := wantProblem(t, what, a, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
	read := s.as(t, user, "GET", path, "").want(t, http.StatusOK)
	current, err := json.Marshal(p["current"])
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(decode[object](t, read))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(current, want) || a.header.Get("ETag") != read.header.Get("ETag") || a.header.Get("ETag") == "" {
		t.Errorf("%s: current %s, tag %s; want %s, %s", what, current, a.header.Get("ETag"), want, read.header.Get("ETag"))
	}
}

func TestIfMatch(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		tag := func() string { return s.as(t, "ada", "GET", path(task), "").header.Get("ETag") }
		other := `"v999"`
		const changed, failed, invalid = http.StatusOK, http.StatusPreconditionFailed, http.StatusBadRequest
		for i, c := range []struct {
			header func() string
			want   int
		}{
			{tag, changed},
			{func() string { return "*" }, changed},
			{func() string { return other + ", " + tag() }, changed},
			{func() string { return tag() + "," + other }, changed},
			{func() string { return ` , ` + tag() + `,,` }, changed},
			{func() string { return strings.TrimSuffix(tag(), `"`) + `-gzip"` }, changed}, // as some proxies mark what they compress
			{func() string { return strings.TrimSuffix(tag(), `"`) + `--zstd"` }, changed},
			{func() string { return `"a,b", ` + tag() }, changed}, // a comma may be part of a tag
			{func() string { return "\"\xe9\", " + tag() }, changed},
			{func() string { return other }, failed},
			{func() string { return other + `, "v998"` }, failed},
			{func() string { return "W/" + tag() }, changed}, // as nginx marks what it compresses
			{func() string { return `W/"v1-gzip"` }, failed},
			{func() string { return "W/" + other + ", W/" + tag() }, changed},
			{func() string { return "W/" + other }, failed},
			{func() string { return `""` }, failed},
			{func() string { return `"*"` }, failed},
			{func() string { return `"a,b"` }, failed},
			{func() string { return strings.Replace(tag(), "v", "v0", 1) }, failed},
			{func() string { return strings.Replace(tag(), "v", "v+", 1) }, failed},
			{func() string { return strings.Replace(tag(), "v", "V", 1) }, failed},
			{func() string { return strings.Replace(tag(), "v", "", 1) }, failed},
			{func() string { return `"v99999999999999999999"` }, failed},
			{func() string { return strings.TrimSuffix(tag(), `"`) + `-rot13"` }, failed},
			{func() string { return strings.Trim(tag(), `"`) }, invalid},
			{func() string { return strings.TrimSuffix(tag(), `"`) }, invalid},
			{func() string { return tag() + " " + other }, invalid},
			{func() string { return tag() + ", *" }, invalid},
			{func() string { return "w/" + tag() }, invalid},
			{func() string { return tag() + "x" }, invalid},
			{func() string { return `"a b"` }, invalid},
			{func() string { return "" }, invalid}, // a client that meant to name one and has none
			{func() string { return " , " }, invalid},
		} {
			header := c.header()
			body := fmt.Sprintf(`{"title":"%d"}`, i)
			a := s.conditional(t, "ada", "PATCH", path(task), body, "If-Match", header)
			switch c.want {
			case failed:
				s.wantCurrent(t, header, a, "ada", path(task))
			case invalid:
				wantInvalid(t, header, a, "If-Match")
			default:
				if a.status != c.want || decode[object](t, a)["title"] != fmt.Sprint(i) || a.header.Get("ETag") != tag() {
					t.Errorf("%s: %d %s", header, a.status, a.body)
				}
			}
		}
		lines := request{method: "PATCH", path: path(task), user: "ada", body: `{"title":"two lines"}`}
		if a := s.doLines(t, lines, "If-Match", other, tag()); a.status != http.StatusOK {
			t.Errorf("two lines: %d %s", a.status, a.body)
		}
		if a := s.doLines(t, lines, "If-Match", other, `"v998"`); a.status != http.StatusPreconditionFailed {
			t.Errorf("two other lines: %d %s", a.status, a.body)
		}
	})
}

// doLines sends a request with several lines of one header.
func (s *server) doLines(t testing.TB, r request, name string, lines ...string) answer {
	t.Helper()
	r.lines = map[string][]string{name: lines}
	return s.do(t, r)
}

// TestIfMatchOnEveryRoute is generated from the router: what changes a task that is named heeds If-Match, and what it
// refuses shows the task in the shape of the route.
func TestIfMatchOnEveryRoute(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		n := 0
		for _, route := range writeRoutes(t, s) {
			if !strings.Contains(route.Path, "{id}") {
				continue
			}
			n++
			w := s.prepare(t, "ada", route)
			w.header = with("If-Match", `"v9999"`)
			a := s.do(t, w.request)
			p := wantProblem(t, route.Method+" "+route.Path, a, http.StatusPreconditionFailed, "PRECONDITION_FAILED")
			current, _ := p["current"].(map[string]any)
			frontend := strings.HasPrefix(route.Path, "/api/todos")
			if _, camel := current["dueDate"]; camel != frontend || current["id"] == nil || (p["message"] != nil) != frontend {
				t.Errorf("%s %s: %s", route.Method, route.Path, a.body)
			}
			tag := fmt.Sprintf(`"v%v"`, current["version"])
			if a.header.Get("ETag") != tag {
				t.Errorf("%s %s: tag %s of %s", route.Method, route.Path, a.header.Get("ETag"), a.body)
			}
			w.header = with("If-Match", tag)
			if a := s.do(t, w.request); a.status >= 300 {
				t.Errorf("%s %s of the version it is at: %d %s", route.Method, route.Path, a.status, a.body)
			}
			w = s.prepare(t, "ada", route)
			w.path = strings.Replace(w.path, "/"+w.id, "/987654321", 1)
			w.header = with("If-Match", "*")
			wantProblem(t, route.Path, s.do(t, w.request), http.StatusNotFound, "RESOURCE_NOT_FOUND")
		}
		if n < 8 {
			t.Errorf("%d routes", n)
		}
	})
}

// wantUnmodified fails the test unless a is a 304 with this tag.
func wantUnmodified(t *testing.T, what string, a answer, tag string) {
	t.Helper()
	h := a.header
	if a.status != http.StatusNotModified || a.body != "" || h.Get("ETag") != tag ||
		h.Get("Cache-Control") != "private, no-cache" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Authorization") {
		t.Errorf("%s: %d %q, tag %s, want %s; %v", what, a.status, a.body, h.Get("ETag"), tag, h)
	}
	if h.Get("Content-Length") != "" || h.Get("X-Total-Count") != "" {
		t.Errorf("%s: it speaks of a body: %v", what, h)
	}
}

func TestIfNoneMatch(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		for _, title := range []string{"y", "z"} {
			gone := s.create(t, "ada", `{"title":"`+title+`"}`)
			s.as(t, "ada", "DELETE", path(gone), "").want(t, http.StatusNoContent)
		}
		s.create(t, "bob", `{"title":"x"}`)
		id := strings.TrimPrefix(path(task), "/api/v1/tasks/")
		seen := map[string]string{}
		for _, route := range securedRoutes(t, s) {
			if route.Method != http.MethodGet || !conditionalReads[route.Path] {
				continue
			}
			paths, isList := []string{strings.Replace(route.Path, "{id}", id, 1)}, !strings.Contains(route.Path, "{id}")
			if isList {
				paths = append(paths, route.Path+"?limit=1", route.Path+"?limit=1&offset=1", route.Path+"?limit=2")
			}
			for _, path := range paths {
				first := s.as(t, "ada", "GET", path, "").want(t, http.StatusOK)
				tag := first.header.Get("ETag")
				if !strings.HasPrefix(tag, `"`) || seen[tag] != "" && isList {
					t.Errorf("%s has the tag %s, and so has %s", path, tag, seen[tag])
				}
				seen[tag] = path
				compressed := strings.TrimSuffix(tag, `"`) + `-gzip"`
				for _, header := range []string{tag, "W/" + tag, `"x", ` + tag, "*", `"a,b",` + tag} {
					wantUnmodified(t, path+" with "+header, s.conditional(t, "ada", "GET", path, "", "If-None-Match", header), tag)
				}
				// The client takes gzip, and learns which of its answers is still good.
				wantUnmodified(t, path+" compressed", s.conditional(t, "ada", "GET", path, "", "If-None-Match", compressed), compressed)
				head := s.conditional(t, "ada", "HEAD", path, "", "If-None-Match", tag)
				if head.status != http.StatusNotModified {
					t.Errorf("HEAD %s: %d", path, head.status)
				}
				for _, header := range []string{
					`"x"`, strings.TrimSuffix(tag, `"`) + `x"`, `"x` + tag[1:], strings.ToUpper(tag), `"a,b"`, `""`, "",
					tag[:2] + "0" + tag[2:], tag[:2] + "+" + tag[2:],
				} {
					a := s.conditional(t, "ada", "GET", path, "", "If-None-Match", header)
					if a.status != http.StatusOK || a.body != first.body || a.header.Get("ETag") != tag {
						t.Errorf("%s with %s: %d %s, tag %s", path, header, a.status, a.body, a.header.Get("ETag"))
					}
				}
				wantInvalid(t, path, s.conditional(t, "ada", "GET", path, "", "If-None-Match", "v1"), "If-None-Match")
				if bobs := s.conditional(t, "bob", "GET", path, "", "If-None-Match", tag); bobs.status == http.StatusNotModified {
					t.Errorf("%s: another has the same", path)
				}
				if isList {
					wantOtherPages(t, s, path, tag)
				}
			}
		}
		if len(seen) < 13 { // three lists in four ways each; both shapes of the task share its tag
			t.Errorf("%d tags: %v", len(seen), seen)
		}
		s.as(t, "ada", "PATCH", path(task), `{"title":"x"}`).want(t, http.StatusOK) // which changes nothing
		for tag, path := range seen {
			wantUnmodified(t, path, s.conditional(t, "ada", "GET", path, "", "If-None-Match", tag), tag)
		}
		s.as(t, "ada", "PATCH", path(task), `{"title":"new"}`).want(t, http.StatusOK)
		for tag, path := range seen {
			a := s.conditional(t, "ada", "GET", path, "", "If-None-Match", tag)
			if a.status != http.StatusOK || a.header.Get("ETag") == tag || a.body == "" {
				t.Errorf("%s after a change: %d %s, tag %s", path, a.status, a.body, a.header.Get("ETag"))
			}
		}
	})
}

// conditionalReads are the routes whose answers have an entity tag.
var conditionalReads = map[string]bool{
	"/api/v1/tasks": true, "/api/v1/tasks/{id}": true, "/api/v1/trash": true, "/api/todos": true, "/api/todos/{id}": true,
}

// wantOtherPages fails the test unless every other list is told from the one at path, which has this tag.
func wantOtherPages(t *testing.T, s *server, path, tag string) {
	t.Helper()
	for _, other := range []string{
		"/api/v1/tasks?limit=7", "/api/v1/tasks?limit=1&count=true", "/api/v1/tasks?q=x", "/api/v1/tasks?sort=title",
		"/api/v1/tasks?completed=false", "/api/v1/tasks?priority=medium", "/api/v1/tasks?due_before=2026-01-01", "/api/v1/trash?limit=7",
		"/api/todos?limit=7", "/api/todos?status=active",
	} {
		if a := s.conditional(t, "ada", "GET", other, "", "If-None-Match", tag); a.status != http.StatusOK {
			t.Errorf("%s has the tag of %s: %d", other, path, a.status)
		}
	}
}

func TestATaskThatIsGoneIsNotUnmodified(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		task := s.create(t, "ada", `{"title":"x"}`)
		tag := s.as(t, "ada", "GET", path(task), "").header.Get("ETag")
		s.as(t, "ada", "DELETE", path(task), "").want(t, http.StatusNoContent)
		for _, header := range []string{tag, "*"} {
			s.conditional(t, "ada", "GET", path(task), "", "If-None-Match", header).want(t, http.StatusNotFound)
		}
		s.as(t, "ada", "POST", strings.Replace(path(task), "tasks", "trash", 1)+"/restore", "").want(t, http.StatusOK)
		if a := s.conditional(t, "ada", "GET", path(task), "", "If-None-Match", tag); a.status != http.StatusOK {
			t.Errorf("restored, it has its tag of before: %d", a.status)
		}
	})
}

// TestAnyPageCanBeUnmodified: whatever the hash of a query happens to be.
func TestAnyPageCanBeUnmodified(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.create(t, "ada", `{"title":"x"}`)
	path := "/api/v1/tasks?offset=" + unluckyOffset
	tag := s.as(t, "ada", "GET", path, "").want(t, http.StatusOK).header.Get("ETag")
	wantUnmodified(t, path, s.conditional(t, "ada", "GET", path, "", "If-None-Match", tag), tag)
}

// unluckyOffset is one whose hash, in base64, ends like what a compressing proxy adds to a tag.
const unluckyOffset = "797128"
