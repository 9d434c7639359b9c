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

// A routeMux is the mux of the API's routes. Each notes its pattern, without the method, in the record of a request, and is
// compressed on its way unless asIs has it.
type routeMux struct {
	*http.ServeMux
	asIs map[string]bool
}

// everything is the pattern of what has no route.
const everything = "/"

// Handle registers a route.
func (m routeMux) Handle(pattern string, h http.Handler) {
	_, endpoint, _ := strings.Cut(pattern, " ")
	if m.asIs[pattern] {
		h = uncompressed(h)
	} else {
		h = compress(h)
	}
	m.ServeMux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		recordOf(r.Context()).endpoint = endpoint
		h.ServeHTTP(w, r)
	})
}

// HandleFunc registers a route for huma.
func (m routeMux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.Handle(pattern, http.HandlerFunc(h))
}

// nothingHere answers what is asked for at a path where there is nothing.
func nothingHere(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, &refusal{status: http.StatusNotFound, detail: "There is nothing at this path"})
}

// inApp returns path without the slash at its end if it is one of the app's, where /app/ is the page itself.
func inApp(path string) string {
	if isApp(path) {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// matched hands a request to its route, and answers those that have none itself. The mux alone would redirect paths such
// as //tasks, and answer others in plain text.
func (a *API) matched(routes routeMux) http.Handler {
	nothing := a.anonymous(http.HandlerFunc(nothingHere))
	wrongMethod := a.anonymous(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, &refusal{
			status: http.StatusMethodNotAllowed, detail: fmt.Sprintf("%s is not allowed here", r.Method),
		})
	}))
	routes.ServeMux.HandleFunc(everything, func(w http.ResponseWriter, r *http.Request) {
		if allow := routes.allowed(r); allow != "" {
			w.Header().Set("Allow", allow)
			wrongMethod.ServeHTTP(w, r)
			return
		}
		nothing.ServeHTTP(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// As it was sent: what is escaped in it is part of a name, such as an idempotency key.
		if sent := r.URL.EscapedPath(); !strings.HasPrefix(sent, "/") || path.Clean(sent) != inApp(sent) {
			nothing.ServeHTTP(w, r)
			return
		}
		routes.ServeHTTP(w, r)
	})
}

// allowed returns the Allow header for the path of r, "" if no method has a route there.
func (m routeMux) allowed(r *http.Request) string {
	var methods []string
	for _, method := range []string{
		http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut,
	} {
		asked := &http.Request{Method: method, Host: r.Host, URL: r.URL}
		if _, pattern := m.Handler(asked); pattern != everything {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}
