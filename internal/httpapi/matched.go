package httpapi

import (
	"fmt"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
)

// panicError is a panic as an error, with the stack on which it happened.
type panicError struct {
	value any
	stack string
}

// caught returns the panic that recover has just returned p of.
func caught(p any) panicError { return panicError{p, string(debug.Stack())} }

// Error returns what was panicked with.
func (e panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// matched hands a request to its route, and answers those that have none itself. The mux alone would redirect paths such
// as //tasks, and answer others in plain text.
func (a *API) matched(routes *http.ServeMux) http.Handler {
	nothing := a.anonymous(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, &refusal{status: http.StatusNotFound, detail: "There is nothing at this path"})
	}))
	wrongMethod := a.anonymous(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, &refusal{
			status: http.StatusMethodNotAllowed, detail: fmt.Sprintf("%s is not allowed here", r.Method),
		})
	}))
	small := compress(routes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As it was sent: what is escaped in it is part of a name, such as an idempotency key.
		if sent := r.URL.EscapedPath(); !strings.HasPrefix(sent, "/") || path.Clean(sent) != sent {
			nothing.ServeHTTP(w, r)
			return
		}
		fallback, pattern := routes.Handler(r)
		if pattern == "" {
			if allow := allowed(fallback, r); allow != "" {
				w.Header().Set("Allow", allow)
				wrongMethod.ServeHTTP(w, r)
				return
			}
			nothing.ServeHTTP(w, r)
			return
		}
		_, recordOf(r.Context()).endpoint, _ = strings.Cut(pattern, " ")
		if a.asIs[pattern] {
			w.Header().Add("Vary", "Accept-Encoding") // of files; and so that refusals are the same everywhere
			routes.ServeHTTP(w, r)
			return
		}
		small.ServeHTTP(w, r)
	})
}

// allowed returns the Allow header that the mux's own answer to a request without a route carries, "" if the path itself
// has none.
func allowed(fallback http.Handler, r *http.Request) string {
	header := headerOnly{}
	fallback.ServeHTTP(header, r)
	return http.Header(header).Get("Allow")
}

// headerOnly is a http.ResponseWriter that keeps the header and drops the rest.
type headerOnly http.Header

// Header implements http.ResponseWriter.
func (h headerOnly) Header() http.Header { return http.Header(h) }

// Write implements http.ResponseWriter.
func (headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (headerOnly) WriteHeader(int) {}
