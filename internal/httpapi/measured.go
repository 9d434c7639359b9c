package httpapi

import (
	"errors"
	"net/http"

	"todod/internal/todo"
)

// lastingTag marks, in an operation's metadata, a route whose answers last by nature: how long says nothing about how fast
// it is.
const lastingTag = "lasting"

// statusGone is what metrics and traces call an answer that its client didn't wait for.
const statusGone = 499

// measured counts each request when it has been answered, and makes the span of its trace.
func (e *edge) measured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		e.metrics.Begun()
		if e.traces != nil && !untraced(r.URL.Path) {
			ctx, span := e.traces.Begin(r)
			r, rec.correlationID = r.WithContext(ctx), span.TraceID()
			defer func() { span.End(rec.endpoint, measuredStatus(r, rec)) }()
		}
		defer func() { e.metrics.Answered(rec.endpoint, r.Method, measuredStatus(r, rec), rec.took) }()
		next.ServeHTTP(w, r)
	})
}

// measuredStatus returns the status of a request that was answered, or statusGone; 500 if its answer broke off.
func measuredStatus(r *http.Request, rec *record) int {
	switch {
	case gaveUp(r.Context(), rec):
		return statusGone
	case rec.cut:
		return http.StatusInternalServerError
	}
	return rec.status
}

// untraced reports whether path is one that machines ask for all the time, and that nobody wants traces of.
func untraced(path string) bool {
	return path == "/metrics" || isHealth(path)
}

// scrapesAtOnce is how many scrapes are answered at the same time.
const scrapesAtOnce = 3

// errScraped is why a scrape is refused.
var errScraped = errors.New("too many scrapes at once")

// scraped answers scrapes, which count against nobody. Where there are several already, it is ServiceUnavailable.
func (e *edge) scraped() http.Handler {
	scrape := e.metrics.Handler()
	running := make(chan struct{}, scrapesAtOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case running <- struct{}{}:
			defer func() { <-running }()
			scrape.ServeHTTP(w, r)
		default:
			writeProblem(w, r, todo.ServiceUnavailable(errScraped))
		}
	})
}

// Metrics returns the handler of a port that has nothing but GET /metrics.
func (a *API) Metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.scraped())
	return secure(mux)
}
