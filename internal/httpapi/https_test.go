package httpapi_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"todod/internal/httpapi"
)

// strictly requires HTTPS, behind a proxy on this machine.
func strictly(cfg *httpapi.Config) {
	cfg.HTTPS.Required = true
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cfg.AllowedOrigins = []string{"https://app.example.com"}
}

// TestPlainHTTPIsSentToHTTPS: what people type is redirected, what programs send refused, and nothing else touched.
func TestPlainHTTPIsSentToHTTPS(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), strictly)
	here := strings.TrimPrefix(s.URL, "http://")
	host, _, _ := strings.Cut(here, ":")
	for name, c := range map[string]struct {
		method, path, scheme, host, user string
		want                             int
		location                         string
	}{
		"a page":               {"GET", "/docs", "http", "", "", 308, "https://" + host + "/docs"},
		"a query":              {"GET", "/api/v1/tasks?q=a%20b&x=%2F", "http", "", "", 308, "https://" + host + "/api/v1/tasks?q=a%20b&x=%2F"},
		"an escaped path":      {"GET", "/a%2Fb", "http", "", "", 308, "https://" + host + "/a%2Fb"},
		"two slashes":          {"GET", "//evil.example.com/x", "http", "", "", 308, "https://" + host + "//evil.example.com/x"},
		"a name":               {"HEAD", "/docs", "http", "todo.example.com", "", 308, "https://todo.example.com/docs"},
		"a port":               {"GET", "/docs", "http", "todo.example.com:8000", "", 308, "https://todo.example.com/docs"},
		"IPv6":                 {"GET", "/docs", "http", "[2001:db8::1]:80", "", 308, "https://[2001:db8::1]/docs"},
		"credentials in it":    {"GET", "/docs", "http", "todo.example.com@evil.example.com", "", 400, ""},
		"a strange name":       {"GET", "/docs", "http", "todo.example.com%2f", "", 400, ""},
		"a token":              {"GET", "/api/v1/tasks", "http", "", "ada", 400, ""},
		"a ticket":             {"GET", "/api/v1/events?types=created&ticket=abc", "http", "", "", 400, ""},
		"a write":              {"POST", "/api/v1/tasks", "http", "", "ada", 400, ""},
		"a sign-in":            {"POST", "/api/auth/login", "http", "", "", 400, ""},
		"HTTPS":                {"GET", "/docs", "https", "", "", 200, ""},
		"nothing said":         {"GET", "/docs", "", "", "", 200, ""},
		"a probe":              {"GET", "/health", "http", "", "", 200, ""},
		"a probe of readiness": {"GET", "/api/v1/health/readiness", "http", "", "", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"Origin": "https://app.example.com"}
			if c.scheme != "" {
				header["X-Forwarded-Proto"] = c.scheme
			}
			a := s.do(t, request{method: c.method, path: c.path, user: c.user, host: c.host, header: header}).want(t, c.want)
			if got := a.header.Get("Location"); got != c.location {
				t.Errorf("Location %q, want %q", got, c.location)
			}
			if c.want == http.StatusPermanentRedirect && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("a cache may keep it: %v", a.header)
			}
			if got := a.header.Get("Strict-Transport-Security"); (got == "max-age=31536000") != (c.scheme == "https") {
				t.Errorf("Strict-Transport-Security %q", got)
			}
			if a.header.Get("Access-Control-Allow-Origin") == "" || a.header.Get("X-Content-Type-Options") == "" {
				t.Errorf("a page can't read it: %v", a.header)
			}
		})
	}
	preflight := s.do(t, request{method: "OPTIONS", path: "/api/todos", header: map[string]string{
		"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST", "X-Forwarded-Proto": "http",
	}}).want(t, http.StatusNoContent)
	if preflight.header.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("preflight: %v", preflight.header)
	}
}

// TestHTTPSIsNotRequiredOfStrangersWord: what somebody says whom nobody trusts changes nothing, and neither does anybody
// where HTTPS isn't required.
func TestHTTPSIsNotRequiredOfStrangersWord(t *testing.T) {
	t.Parallel()
	for name, adjust := range map[string]func(*httpapi.Config){
		"a stranger":   func(cfg *httpapi.Config) { strictly(cfg); cfg.TrustedProxies = nil },
		"not required": func(cfg *httpapi.Config) { strictly(cfg); cfg.HTTPS.Required = false },
	} {
		s := newServer(t, openSQLite(t), adjust)
		for _, scheme := range []string{"http", "https"} {
			a := s.do(t, request{method: "GET", path: "/docs", header: map[string]string{"X-Forwarded-Proto": scheme}}).want(t, 200)
			if got := a.header.Get("Strict-Transport-Security"); got != "" {
				t.Errorf("%s, %s: Strict-Transport-Security %q", name, scheme, got)
			}
		}
	}
}

// TestWhereTLSEndsHerePlainHTTPIsSentToItsPort, unless a proxy says that the client came by HTTPS.
func TestWhereTLSEndsHerePlainHTTPIsSentToItsPort(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) { strictly(cfg); cfg.HTTPS.Port = 8443 })
	get := func(path string, header map[string]string) answer {
		return s.do(t, request{method: "GET", path: path, host: "todo.example.com", header: header})
	}
	if got := get("/docs", nil).want(t, 308).header.Get("Location"); got != "https://todo.example.com:8443/docs" {
		t.Errorf("Location %q", got)
	}
	get("/health", nil).want(t, 200)
	get("/docs", map[string]string{"X-Forwarded-Proto": "https"}).want(t, 200)
	if got := get("/docs", map[string]string{"X-Forwarded-Proto": "http"}).want(t, 308).header.Get("Location"); got != "https://todo.example.com/docs" {
		t.Errorf("Location %q", got)
	}
}
