package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"todod/internal/httpapi"
)

// withoutApp leaves out the app.
func withoutApp(cfg *httpapi.Config) { cfg.App = false }

// TestTheAppIsServed at every path that is its page's to understand, and nothing else of it is.
func TestTheAppIsServed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	redirect := s.do(t, request{method: "GET", path: "/app"}).want(t, http.StatusPermanentRedirect)
	if redirect.header.Get("Location") != "app/" {
		t.Errorf("it leads to %s", redirect.header.Get("Location"))
	}
	page := s.do(t, request{method: "GET", path: "/app/"}).want(t, http.StatusOK)
	for _, path := range []string{"/app/lists/7", "/app/today/", "/app/index.html", "/app/lists/7?x=y", "/app/session", "/app/a%2Fb"} {
		for _, method := range []string{"GET", "HEAD"} {
			a := s.do(t, request{method: method, path: path}).want(t, http.StatusOK)
			body := page.body
			if method == "HEAD" {
				body = ""
			}
			if a.body != body || a.header.Get("ETag") == "" || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("%s %s: %q, %v", method, path, a.body, a.header)
			}
		}
	}
	if a := page.header; a.Get("Cache-Control") != "no-cache" || !strings.Contains(a.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") ||
		a.Get("X-Content-Type-Options") != "nosniff" || a.Get("Vary") != "Accept-Encoding" || a.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the page comes with %v", a)
	}
	s.do(t, request{method: "GET", path: "/app/", header: map[string]string{"If-None-Match": page.header.Get("ETag")}}).want(t, http.StatusNotModified)

	for _, path := range []string{
		"/app/assets/none", "/app/assets/none.js", "/app/assets/", "/app/assets", "/app/../", "/app/..", "/app/./", "/app//", "//app/", "/app/x//",
		"/app/../app/", "/app/%2e%2e/", "/apple", "/app/assets/../index.html", "/app/assets/..%2findex.html",
	} {
		a := s.do(t, request{method: "GET", path: path})
		if path == "/app/%2e%2e/" && a.body == page.body {
			continue // a name that the page doesn't know
		}
		if a.status != http.StatusNotFound || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("GET %s: %d %s", path, a.status, a.body)
		}
	}
	for method, path := range map[string]string{"POST": "/app/", "PUT": "/app/session", "DELETE": "/app/lists/7"} {
		a := s.do(t, request{method: method, path: path}).want(t, http.StatusMethodNotAllowed)
		if !strings.Contains(a.header.Get("Allow"), "GET, HEAD") {
			t.Errorf("%s %s: Allow: %s", method, path, a.header.Get("Allow"))
		}
	}
}

// TestTheFirstPageLeadsToTheApp, if there is one.
func TestTheFirstPageLeadsToTheApp(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*server{"with": newServer(t, openSQLite(t), nil), "without": newServer(t, openSQLite(t), withoutApp)} {
		page := s.do(t, request{method: "GET", path: "/", header: map[string]string{"Accept": "text/html"}}).body
		links := decode[struct{ Links map[string]string }](t, s.do(t, request{method: "GET", path: "/"})).Links
		if strings.Contains(page, `href="app/"`) != (name == "with") || (links["app"] == "/app") != (name == "with") || links["docs"] != "/docs" {
			t.Errorf("%s the app: %v, %s", name, links, page)
		}
	}
}

// TestWithoutTheAppThereIsNothingOfIt.
func TestWithoutTheAppThereIsNothingOfIt(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), withoutApp)
	for _, r := range append([]httpapi.Route{
		{Method: "GET", Path: "/app"}, {Method: "GET", Path: "/app/"}, {Method: "GET", Path: "/app/lists/7"}, {Method: "GET", Path: "/app/sw.js"},
	}, appRoutes...) {
		a := s.do(t, request{method: r.Method, path: r.Path}).want(t, http.StatusNotFound)
		if p := decode[object](t, a); p["error_code"] != "RESOURCE_NOT_FOUND" {
			t.Errorf("%s %s: %s", r.Method, r.Path, a.body)
		}
	}
}
