package httpapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/observe"
)

// panicError is a panic as an error.
type panicError struct{ value any }

// Error returns what was panicked with.
func (e panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// matched hands a request to its route, and answers those that have none itself. The mux alone would redirect paths such
// as //tasks, and answer others in plain text.
func (a *API) matched(routes *http.ServeMux) http.Handler {
	noRoute := a.anonymous(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, &refusal{status: http.StatusNotFound, detail: "There is nothing at this path"})
	}))
	wrongMethod := a.anonymous(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, &refusal{
			status: http.StatusMethodNotAllowed, detail: fmt.Sprintf("%s is not allowed here", r.Method),
		})
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		rec.endpoint = "unmatched"
		if !strings.HasPrefix(r.URL.Path, "/") || path.Clean(r.URL.Path) != r.URL.Path {
			noRoute.ServeHTTP(w, r)
			return
		}
		fallback, pattern := routes.Handler(r)
		if pattern == "" {
			if allow := allowed(fallback, r); allow != "" {
				w.Header().Set("Allow", allow)
				wrongMethod.ServeHTTP(w, r)
				return
			}
			noRoute.ServeHTTP(w, r)
			return
		}
		_, rec.endpoint, _ = strings.Cut(pattern, " ")
		routes.ServeHTTP(w, r)
	})
}

// allowed returns the Allow header that the mux's own answer to a request without a route carries, "" if the path itself
// has none.
func allowed(fallback http.Handler, r *http.Request) string {
	answer := httptest.NewRecorder()
	fallback.ServeHTTP(answer, r)
	return answer.Header().Get("Allow")
}

// noteMissing logs that somebody asked for a task that they don't have: a mistake, or somebody trying ids.
func (a *API) noteMissing(ctx huma.Context, status string, v any) (any, error) {
	if id := ctx.Param("id"); status == "404" && id != "" {
		rec := recordOf(ctx.Context())
		observe.For(a.log, "todod.security").WarnContext(ctx.Context(), "task.not_found",
			"request_id", rec.requestID, "user_id", string(rec.user), "task_id", id)
	}
	return v, nil
}
