package httpapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todod/internal/httpapi"
)

func TestBrowsersMayCallFromAnywhereInDevelopment(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	a := s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Origin": "http://localhost:3000"}})
	if got := a.want(t, 401).header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin of an error: %q", got)
	}
	if a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials from anywhere")
	}
}

// someOrigins allows the pages of one origin.
func someOrigins(cfg *httpapi.Config) {
	cfg.AllowedOrigins, cfg.AllowedHeaders = []string{"https://app.example.com"}, []string{"X-Tenant"}
}

func TestPreflights(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), someOrigins)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		for _, path := range []string{"/api/v1/tasks", "/api/v1/tasks/1", "/api/v1/tasks/1/toggle"} {
			a := s.do(t, request{method: "OPTIONS", path: path, header: map[string]string{
				"Origin": "https://app.example.com", "Access-Control-Request-Method": method,
				"Access-Control-Request-Headers": "authorization, Content-Type, idempotency-key, if-match, if-none-match, prefer, last-event-id, x-request-id, traceparent",
			}}).want(t, http.StatusNoContent)
			if a.header.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
				a.header.Get("Access-Control-Allow-Methods") != method || a.header.Get("Access-Control-Allow-Headers") == "" ||
				a.header.Get("Access-Control-Allow-Credentials") != "true" || a.header.Get("Access-Control-Max-Age") != "600" {
				t.Errorf("%s %s: %v", method, path, a.header)
			}
		}
	}
	for _, header := range []string{
		"tracestate", "baggage", "sentry-trace", "x-requested-with", "cache-control", "pragma", "accept", "x-tenant",
		"accept,authorization,baggage,content-type,sentry-trace,traceparent,tracestate",
	} {
		a := s.do(t, request{method: "OPTIONS", path: "/api/v1/tasks", header: map[string]string{
			"Origin": "https://app.example.com", "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": header,
		}}).want(t, http.StatusNoContent)
		if got := a.header.Get("Access-Control-Allow-Headers"); got != header {
			t.Errorf("%s is allowed as %q", header, got)
		}
	}
	for name, header := range map[string]map[string]string{
		"another origin": {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "GET"},
		"a subdomain":    {"Origin": "https://x.app.example.com", "Access-Control-Request-Method": "GET"},
		"another scheme": {"Origin": "http://app.example.com", "Access-Control-Request-Method": "GET"},
		"null":           {"Origin": "null", "Access-Control-Request-Method": "GET"},
		"another method": {"Origin": "https://app.example.com", "Access-Control-Request-Method": "TRACE"},
		"another header": {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-evil"},
	} {
		a := s.do(t, request{method: "OPTIONS", path: "/api/v1/tasks", header: header})
		if a.header.Get("Access-Control-Allow-Methods") != "" || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is allowed: %v", name, a.header)
		}
	}
}

// TestOriginsThatAreNotListedGetNoCORSHeaders: the request is answered as one without an origin would be, as other
// programs send what they like, but a browser shows the answer to no page.
func TestOriginsThatAreNotListedGetNoCORSHeaders(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), someOrigins)
	for _, call := range []struct {
		method, path, user, body string
		want                     int
	}{
		{"GET", "/health", "", "", 200},
		{"GET", "/api/v1/tasks", "ada", "", 200},
		{"GET", "/api/v1/tasks", "", "", 401},
		{"POST", "/api/v1/tasks", "ada", `{"title":"x"}`, 201},
		{"GET", "/nothing", "", "", 404},
	} {
		for _, origin := range []string{
			"https://evil.example.com", "https://x.app.example.com", "https://app.example.com.evil.com", "http://app.example.com",
			"https://app.example.com:8443", "null", "*", "https://app.example.com",
		} {
			a := s.do(t, request{
				method: call.method, path: call.path, user: call.user, body: call.body, header: map[string]string{"Origin": origin},
			}).want(t, call.want)
			listed := origin == "https://app.example.com"
			if got := a.header.Get("Access-Control-Allow-Origin"); listed && got != origin {
				t.Errorf("%s %s from %s: Access-Control-Allow-Origin is %q", call.method, call.path, origin, got)
			}
			for name := range a.header {
				if !listed && strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s from %s has %s", call.method, call.path, origin, name)
				}
			}
			if !slices.Contains(a.header.Values("Vary"), "Origin") {
				t.Errorf("%s %s from %s may be kept for another origin: Vary is %q", call.method, call.path, origin, a.header.Values("Vary"))
			}
		}
	}
}

func TestPagesSeeTheHeadersTheyNeed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), someOrigins)
	a := s.do(t, request{method: "GET", path: "/api/v1/tasks", user: "ada", header: map[string]string{"Origin": "https://app.example.com"}})
	exposed := strings.ToLower(a.want(t, 200).header.Get("Access-Control-Expose-Headers"))
	for _, name := range []string{"etag", "location", "link", "x-total-count", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"} {
		if !slices.Contains(strings.Split(exposed, ", "), name) {
			t.Errorf("%s is not exposed: %s", name, exposed)
		}
	}
	if vary := a.header.Values("Vary"); !slices.Contains(vary, "Origin") || !slices.Contains(vary, "Authorization") {
		t.Errorf("Vary: %v", vary)
	}
	if got := a.header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("Cache-Control: %q", got)
	}
}

func TestEveryAnswerTellsBrowsersToTrustLittle(t *testing.T) {
	t.Parallel()
	db := openSQLite(t)
	strict := func(cfg *httpapi.Config) { cfg.HTTPS.Required, cfg.TrustedProxies = true, loopback }
	s := newServer(t, db, strict)
	limited := newServer(t, db, func(cfg *httpapi.Config) { fewSignIns(1)(cfg); strict(cfg) })
	broken := newServer(t, brokenStore{store: db, fail: func() error { panic("x") }}, strict)
	s.create(t, "ada", `{"title":"x"}`)
	limited.from(t, "192.0.2.1", "/api/auth/login", credentials("ada@example.com", "wrong password"))
	const api, pages = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", "default-src 'none'; script-src 'self'; style-src 'self'; "
	for _, c := range []struct {
		to     *server
		r      request
		status int
		policy string
	}{
		{s, request{method: "GET", path: "/api/v1/tasks", user: "ada"}, 200, api},
		{s, request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`}, 201, api},
		{s, request{method: "DELETE", path: "/api/v1/trash/77", user: "ada"}, 404, api},
		{s, request{method: "GET", path: "/api/v1/events", user: "ada"}, 200, api},
		{s, request{method: "GET", path: "/api/v1/me/export", user: "ada"}, 200, api},
		{s, request{method: "GET", path: "/health"}, 200, api},
		{s, request{method: "GET", path: "/openapi.json"}, 200, api},
		{s, request{method: "GET", path: "/docs"}, 200, pages},
		{s, request{method: "GET", path: "/redoc"}, 308, api},
		{s, request{method: "GET", path: "/"}, 200, api},
		{s, request{method: "GET", path: "/", header: map[string]string{"Accept": "text/html"}}, 200, "default-src 'none'; style-src 'self'; "},
		{s, request{method: "GET", path: "/.well-known/security.txt"}, 200, api},
		{s, request{method: "GET", path: "/docs/assets/swagger-ui.css"}, 200, api},
		{s, request{method: "GET", path: "/api/v1/tasks"}, 401, api},
		{s, request{method: "GET", path: "/api/v1/tasks?x=1", user: "ada"}, 400, api},
		{s, request{method: "GET", path: "/nothing"}, 404, api},
		{s, request{method: "GET", path: "//x"}, 404, api},
		{s, request{method: "DELETE", path: "/health"}, 405, api},
		{s, request{method: "POST", path: "/api/v1/tasks", user: "ada", body: strings.Repeat(" ", 70<<10)}, 413, api},
		{s, request{method: "POST", path: "/api/v1/tasks", user: "ada", body: "x", header: map[string]string{"Content-Type": "text/plain"}}, 415, api},
		{limited, request{method: "POST", path: "/api/auth/login", body: credentials("ada@example.com", "wrong password"), header: map[string]string{"X-Forwarded-For": "192.0.2.1"}}, 429, api},
		{broken, request{method: "GET", path: "/api/v1/tasks", user: "ada"}, 500, api},
		{s, request{method: "OPTIONS", path: "/api/v1/tasks", header: map[string]string{"Origin": "https://x", "Access-Control-Request-Method": "GET"}}, 204, api},
		{s, request{method: "OPTIONS", path: "/api/v1/tasks"}, 405, api},
		{s, request{method: "GET", path: "/docs", header: map[string]string{"X-Forwarded-Proto": "http"}}, 308, api},
	} {
		what := c.r.method + " " + c.r.path
		if c.r.header == nil {
			c.r.header = map[string]string{}
		}
		scheme := c.r.header["X-Forwarded-Proto"]
		if scheme == "" {
			scheme = "https"
			c.r.header["X-Forwarded-Proto"] = scheme
		}
		a := c.to.do(t, c.r).want(t, c.status)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", what, name, got)
			}
		}
		if got := a.header.Get("Content-Security-Policy"); got != c.policy && (c.policy == api || !strings.HasPrefix(got, c.policy)) {
			t.Errorf("%s: Content-Security-Policy is %q", what, got)
		}
		if got := a.header.Get("Strict-Transport-Security"); (got == "max-age=31536000") != (scheme == "https") {
			t.Errorf("%s: Strict-Transport-Security is %q", what, got)
		}
		if a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s has no X-Request-ID", what)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	made := regexp.MustCompile(`^req_[0-9A-Z]{26}$`)
	for sent, want := range map[string]string{
		"abc-123": "abc-123", "018f:x/y=": "018f:x/y=", "": "", "with space": "", "a\tb": "", "é": "", strings.Repeat("a", 129): "", "<script>": "",
	} {
		got := s.do(t, request{method: "GET", path: "/nothing", header: map[string]string{"X-Request-ID": sent}}).header.Get("X-Request-Id")
		if want == "" && !made.MatchString(got) || want != "" && got != want {
			t.Errorf("sent %q: got %q", sent, got)
		}
	}
}

func TestTheAccessLogHasExactlyItsFields(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	task := s.create(t, "ada", `{"title":"Private matter"}`)
	s.do(t, request{method: "GET", path: path(task) + "?secret=query", user: "ada", header: map[string]string{
		"traceparent": "00-" + trace + "-00f067aa0ba902b7-01", "X-Request-ID": "mine",
	}})
	s.do(t, request{method: "GET", path: "/api/v1/tasks"})
	s.as(t, "ada", "GET", "/api/v1/tasks/77", "")
	s.Close()
	log := s.log.String()
	for _, private := range []string{"Private matter", "secret=query", "127.0.0.1"} {
		if strings.Contains(log, private) {
			t.Errorf("the log has %q: %s", private, log)
		}
	}
	var lines []object
	missing := 0
	for line := range strings.Lines(log) {
		var record object
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if record["message"] == "task.not_found" {
			missing++
			if record["level"] != "WARNING" || record["user_id"] != "ada" || record["task_id"] != "77" || record["request_id"] == "" {
				t.Errorf("task.not_found: %v", record)
			}
			continue
		}
		lines = append(lines, record)
		always := []string{
			"timestamp", "level", "logger", "message", "request_id", "user_id", "endpoint", "method", "status_code", "duration_ms",
			"correlation_id", "client_ip",
		}
		for _, field := range always {
			if _, ok := record[field]; !ok {
				t.Errorf("%s is not in %s", field, line)
			}
		}
		for field := range record {
			if !slices.Contains(append(always, "reason"), field) {
				t.Errorf("%s is in %s", field, line)
			}
		}
	}
	if len(lines) != 4 || missing != 1 {
		t.Fatalf("%d lines of access, %d of missing tasks: %s", len(lines), missing, log)
	}
	second, third := lines[1], lines[2]
	if second["request_id"] != "mine" || second["correlation_id"] != trace || second["endpoint"] != "/api/v1/tasks/{id}" ||
		second["user_id"] != "ada" || second["status_code"] != 400.0 || second["client_ip"] != "127.0.0.0" {
		t.Errorf("second line: %v", second)
	}
	if third["level"] != "WARNING" || third["user_id"] != nil || third["reason"] != "no token" || third["status_code"] != 401.0 {
		t.Errorf("third line: %v", third)
	}
}
