package httpapi_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"todod/internal/httpapi"
	"todod/internal/ratelimit"
)

// loopback are the proxies that tests believe.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// fewSignIns returns what makes an API take n sign-ins an hour and believe in where requests say they come from.
func fewSignIns(n int) func(*httpapi.Config) {
	hourly := func(n int) ratelimit.Rate { return ratelimit.Rate{Quota: n, Window: time.Hour} }
	return func(cfg *httpapi.Config) {
		cfg.Limits = httpapi.Limits{
			Source: ratelimit.NewMemory(time.Now, 1000), Authenticated: hourly(1000), Anonymous: hourly(5), SignIn: hourly(n),
		}
		cfg.TrustedProxies = loopback
	}
}

// from sends a sign-in of an address from a machine.
func (s *server) from(t *testing.T, machine, path, body string) answer {
	t.Helper()
	return s.do(t, request{method: "POST", path: path, body: body, header: map[string]string{"X-Forwarded-For": machine}})
}

func TestSignInsAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(3))
	ada := credentials("ada@example.com", "not the password")
	for i := range 3 {
		a := s.from(t, "192.0.2.1", "/api/auth/login", ada).want(t, http.StatusUnauthorized)
		if got := a.header.Get("RateLimit"); !strings.HasPrefix(got, fmt.Sprintf(`"sign-in";r=%d;`, 2-i)) {
			t.Errorf("RateLimit %s", got)
		}
	}
	for _, spelling := range []string{"ada@example.com", " ADA@example.com"} {
		a := s.from(t, "192.0.2.1", "/auth/login/", credentials(spelling, "not the password")).want(t, http.StatusTooManyRequests)
		if a.header.Get("Retry-After") == "" || a.header.Get("RateLimit-Policy") != `"sign-in";q=3;w=3600` {
			t.Errorf("headers %v", a.header)
		}
		if p := decode[object](t, a); p["error_code"] != "RATE_LIMIT_EXCEEDED" || p["message"] == "" {
			t.Errorf("got %s", a.body)
		}
	}
	body := `{"name":"x","email":"ada@example.com","password":"long enough"}`
	s.from(t, "192.0.2.1", "/api/auth/register", body).want(t, http.StatusTooManyRequests) // one limit for both

	s.from(t, "192.0.2.1", "/api/auth/login", credentials("eve@example.com", "x")).want(t, http.StatusUnauthorized)
	s.from(t, "192.0.2.2", "/api/auth/login", ada).want(t, http.StatusUnauthorized) // nobody is locked out by another
	if log := s.log.String(); strings.Contains(log, "ada@") || strings.Contains(log, "not the password") {
		t.Errorf("the log tells too much: %s", log)
	}
}

// TestOneMachineTriesManyAddresses: ten times as many as one, and then none.
func TestOneMachineTriesManyAddresses(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	for i := range 10 {
		s.from(t, "192.0.2.1", "/api/auth/login", credentials(fmt.Sprintf("%d", i), "x")).want(t, http.StatusUnauthorized)
	}
	a := s.from(t, "192.0.2.1", "/api/auth/login", credentials("another", "x")).want(t, http.StatusTooManyRequests)
	if a.header.Get("RateLimit-Policy") != `"sign-in-address";q=10;w=3600` {
		t.Errorf("headers %v", a.header)
	}
	// What is read of it doesn't matter: it isn't.
	s.from(t, "192.0.2.1", "/api/auth/login", "{").want(t, http.StatusTooManyRequests)
	s.from(t, "192.0.2.1", "/api/auth/refresh", refreshBody("x")).want(t, http.StatusUnauthorized)
}

// TestManyMachinesTryOneAddress: ten times as many as one, and what one of them is refused doesn't count.
func TestManyMachinesTryOneAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	ada := credentials("ada", "x")
	for machine := range 10 {
		for try := range 2 {
			want := http.StatusUnauthorized
			if try >= 1 {
				want = http.StatusTooManyRequests
			}
			s.from(t, fmt.Sprintf("192.0.2.%d", machine), "/api/auth/login", ada).want(t, want)
		}
	}
	a := s.from(t, "198.51.100.1", "/api/auth/login", ada).want(t, http.StatusTooManyRequests)
	if a.header.Get("RateLimit-Policy") != `"sign-in-email";q=10;w=3600` || a.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", a.header)
	}
	s.from(t, "198.51.100.1", "/api/auth/login", credentials("eve", "x")).want(t, http.StatusUnauthorized)
}

// TestAPasswordIsNotFoundOutWithAToken: whoever has found one has three tries, from wherever they come.
func TestAPasswordIsNotFoundOutWithAToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(3))
	ada := s.register(t, "ada@example.com")
	for i := range 4 {
		a := s.with(t, ada.Token, "POST", "/api/auth/change-password", `{"currentPassword":"x","newPassword":"another password"}`)
		if (a.status == http.StatusTooManyRequests) != (i == 3) {
			t.Errorf("try %d: %d", i, a.status)
		}
	}
}
