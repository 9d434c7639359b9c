package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// frontendRoots are the paths, under /api or at the root, below which a frontend finds what it was built for.
var frontendRoots = [...]string{"/todos", "/auth"}

// frontendPath returns the path under which routes has what path asks for: /api/todos/7 for /todos/7/. It reports false
// for a path that is nothing of the frontend's. An id in it may be a pattern's {id}.
func frontendPath(path string) (string, bool) {
	for _, root := range frontendRoots {
		rest, ok := strings.CutPrefix(strings.TrimPrefix(path, "/api"), root)
		if ok && (rest == "" || rest[0] == '/') {
			return "/api" + root + strings.TrimSuffix(rest, "/"), true
		}
	}
	return path, false
}

// asForFrontends gives every spelling of a path in frontendPath the one that is routed, so that it needs no redirect
// (browsers follow none of a preflight), and notes that the request is a frontend's.
func asForFrontends(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := frontendPath(r.URL.Path)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		recordOf(r.Context()).frontend = true
		routed := new(http.Request)
		*routed = *r
		routed.URL = new(url.URL)
		*routed.URL = *r.URL
		routed.URL.Path = path
		routed.URL.RawPath, _ = frontendPath(r.URL.RawPath)
		next.ServeHTTP(w, routed)
	})
}
