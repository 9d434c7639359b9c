package webapp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"todod/internal/httpapi/static"
)

// get returns the answer of routes to GET path, its body read.
func get(t *testing.T, routes map[string]http.Handler, path string, header ...string) (*http.Response, string) {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		mux.Handle(pattern, handler)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

// TestTheAppsFiles come with their type, the one policy, and what browsers may keep of them.
func TestTheAppsFiles(t *testing.T) {
	t.Parallel()
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types todod"
	long := strings.Repeat("let x = 1;\n", 100)
	routes := routesOf(static.Files(fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html>")}, "sw.js": {Data: []byte(long)}, "manifest.webmanifest": {Data: []byte("{}")},
		"icons/192.png": {Data: []byte("png")}, "assets/index-Ab12.js": {Data: []byte(long)}, "assets/index-Ab12.css": {Data: []byte("a{}")},
	}), http.NotFoundHandler())
	for path, c := range map[string]struct{ contentType, caching, body string }{
		"/app/":                      {"text/html; charset=utf-8", "no-cache", "<!doctype html>"},
		"/app/any/where":             {"text/html; charset=utf-8", "no-cache", "<!doctype html>"},
		"/app/sw.js":                 {"text/javascript; charset=utf-8", "no-cache", long},
		"/app/manifest.webmanifest":  {"application/manifest+json", "no-cache", "{}"},
		"/app/icons/192.png":         {"image/png", "no-cache", "png"},
		"/app/assets/index-Ab12.js":  {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable", long},
		"/app/assets/index-Ab12.css": {"text/css; charset=utf-8", "public, max-age=31536000, immutable", "a{}"},
	} {
		res, body := get(t, routes, path)
		if res.StatusCode != http.StatusOK || body != c.body || res.Header.Get("Content-Type") != c.contentType || res.Header.Get("Cache-Control") != c.caching {
			t.Errorf("GET %s: %s, %v", path, res.Status, res.Header)
		}
		if got := res.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("GET %s: Content-Security-Policy %s", path, got)
		}
		if res, _ := get(t, routes, path, "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
			t.Errorf("GET %s with its ETag: %s", path, res.Status)
		}
		res, _ = get(t, routes, path, "Accept-Encoding", "gzip")
		if (res.Header.Get("Content-Encoding") == "gzip") != (c.body == long) {
			t.Errorf("GET %s in gzip: %v", path, res.Header)
		}
	}
	for _, path := range []string{"/app/assets", "/app/assets/", "/app/assets/index-Cd34.js"} {
		if res, _ := get(t, routes, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s", path, res.Status)
		}
	}
}

// loaded finds what a page loads; where its links lead to is not loaded.
var loaded = regexp.MustCompile(`<(?:link|script|img)\b[^>]*\s(?:src|href)="([^"]*)"`)

// TestThePageLoadsOnlyWhatIsServed, and has nothing inline.
func TestThePageLoadsOnlyWhatIsServed(t *testing.T) {
	t.Parallel()
	routes := Routes(http.NotFoundHandler())
	_, html := get(t, routes, "/app/")
	files := loaded.FindAllStringSubmatch(html, -1)
	if len(files) < 4 { // a script, a style, an icon, the manifest
		t.Errorf("the page loads %q", files)
	}
	for _, link := range files {
		if _, known := routes["GET "+link[1]]; !known { // from the root: the page is at many paths
			t.Errorf("the page loads %s, which isn't served", link[1])
		}
	}
	if regexp.MustCompile(`(?i)<script>|<script [^>]*>[^<]|\son[a-z]+=|javascript:|<style|\sstyle=`).MatchString(html) {
		t.Errorf("the page has something inline:\n%s", html)
	}
}
