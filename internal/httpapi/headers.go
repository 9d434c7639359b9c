package httpapi

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	rscors "github.com/rs/cors"
)

// secure sets the headers that tell browsers to trust as little as possible. Handlers of pages set their own policy.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), distrustful)
		next.ServeHTTP(w, r)
	})
}

// distrustful are the headers that secure sets. All answers share their values, which nobody changes in their place.
var distrustful = http.Header{
	"X-Content-Type-Options":  {"nosniff"},
	"X-Frame-Options":         {"DENY"},
	"Referrer-Policy":         {"no-referrer"},
	"Content-Security-Policy": {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
}

// Headers that browsers may send to us and show to their pages. Those that nothing uses yet are here because a page of
// tomorrow may meet a preflight of today in a cache.
var (
	allowedHeaders = []string{
		"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "Last-Event-ID",
		"X-Request-ID", "traceparent",
		// What libraries and tools for tracing add by themselves.
		"tracestate", "baggage", "sentry-trace", "X-Requested-With", "Cache-Control", "Pragma", "Accept",
	}
	exposedHeaders = []string{
		"ETag", "Location", "Link", "X-Total-Count", "Retry-After", "RateLimit", "RateLimit-Policy",
		"Idempotency-Replayed", "Preference-Applied", "X-Request-ID",
	}
)

// cors lets pages of the given origins call the API. It stands outside the routes, so that errors carry its headers too:
// without them a page can't tell a 401 from a network failure. The pages may send the headers also, too. The app's own routes
// are for no other origin, whichever these are.
func cors(origins, also []string) func(http.Handler) http.Handler {
	policy := rscors.New(rscors.Options{
		AllowedOrigins:   origins,
		AllowedMethods:   []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders:   slices.Concat(allowedHeaders, also),
		ExposedHeaders:   exposedHeaders,
		AllowCredentials: !slices.Contains(origins, "*"),
		MaxAge:           600,
	})
	return func(next http.Handler) http.Handler {
		inner := policy.Handler(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isApp(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			// Browsers send these names sorted and in lower case (Fetch standard, section 4.8), and the library insists on it.
			// Other clients that try out a preflight do not know that.
			if asked := r.Header.Values("Access-Control-Request-Headers"); len(asked) > 0 {
				names := strings.FieldsFunc(strings.ToLower(strings.Join(asked, ",")), func(r rune) bool {
					return r == ',' || r == ' ' || r == '\t'
				})
				slices.Sort(names)
				r.Header.Set("Access-Control-Request-Headers", strings.Join(names, ","))
			}
			inner.ServeHTTP(w, r)
		})
	}
}

// isApp reports whether path is one of the app's.
func isApp(path string) bool { return path == "/app" || strings.HasPrefix(path, "/app/") }

// Admits reports whether browsers let pages of origin call an API of these allowed origins: it asks as they do before a
// request with a token.
func Admits(origins []string, origin string) bool {
	preflight := &http.Request{Method: http.MethodOptions, URL: &url.URL{Path: "/"}, Header: http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {http.MethodPatch},
		"Access-Control-Request-Headers": {"authorization,content-type"},
	}}
	answer := headerOnly{}
	cors(origins, nil)(http.NotFoundHandler()).ServeHTTP(answer, preflight)
	allowed := http.Header(answer).Get("Access-Control-Allow-Origin")
	return allowed == origin || allowed == "*"
}

// headerOnly is a http.ResponseWriter that keeps the header and drops the rest.
type headerOnly http.Header

// Header implements http.ResponseWriter.
func (h headerOnly) Header() http.Header { return http.Header(h) }

// Write implements http.ResponseWriter.
func (headerOnly) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (headerOnly) WriteHeader(int) {}
