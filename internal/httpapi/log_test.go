package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// canary is a text that tests look for where it must not turn up.
const canary = "kanarienvogel"

// TestTheLogQuotesNoRequest: whatever a request has in its path, query, header and body, and whichever route it goes to,
// none of it is in the log but who sent it, the number of a task, and the id that was chosen for it.
func TestTheLogQuotesNoRequest(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		header := map[string]string{
			"User-Agent": canary, "Referer": "https://example.com/?x=" + canary, "Cookie": "session=" + canary + "; todod_refresh=" + canary, "If-Match": `"` + canary + `"`,
			"If-None-Match": `"` + canary + `"`, "Idempotency-Key": canary, "Last-Event-ID": canary, "Origin": "https://" + canary + ".example",
			"Prefer": canary, "traceparent": canary, "X-Forwarded-For": canary, "Accept": canary, "Accept-Language": canary,
			"X-Request-ID": canary + "@example.com",
		}
		document := `{"title":"x","` + canary + `":"` + canary + `","email":"` + canary + `@example.com","name":"` + canary + `","password":"` +
			canary + `","currentPassword":"` + canary + `","newPassword":"` + canary + `2","refreshToken":"` + canary + `","due_date":"` + canary +
			`","rev":"` + canary + `","operations":[{"op":"` + canary + `"}]}`
		for _, route := range append(s.api.Routes(), appRoutes...) {
			path := strings.NewReplacer("{id}", canary, "{key}", canary).Replace(route.Path)
			for _, path := range []string{path, path + "?" + canary + "=" + canary, path + "?since=" + canary + "&ticket=" + canary} {
				for _, body := range []string{document, bodies[route.Method+" "+route.Path], `{"title": ` + canary} {
					for _, user := range []string{"ada", ""} {
						if erasing(route) == 1 && user != "" {
							continue
						}
						s.do(t, request{method: route.Method, path: path, user: user, body: body, header: header})
					}
				}
			}
		}
		for _, r := range []request{
			{method: "GET", path: "/" + canary}, {method: "GET", path: "//" + canary}, {method: "PUT", path: "/api/todos"},
			{method: strings.ToUpper(canary), path: "/api/v1/tasks"},
			{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer " + canary}},
			{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": canary + " x"}},
			{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9." + canary + ".x"}},
		} {
			s.do(t, r)
		}
		s.Close()
		for line := range strings.Lines(s.log.String()) {
			if strings.Contains(strings.ToLower(line), canary) {
				t.Fatalf("it is there: %s", line)
			}
		}
	})
}

// TestARequestIDIsNobodysNameOrKey: one that looks like an e-mail address or a token is replaced, as it goes into the log.
func TestARequestIDIsNobodysNameOrKey(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for _, sent := range []string{mint(t, "a")[:100], "ada@example.com", "YWRh." + strings.Repeat("aB3_", 10) + "x-9", "eyJhbGciOiJIUzI1NiJ9"} {
		if got := s.do(t, request{method: "GET", path: "/health", header: map[string]string{"X-Request-ID": sent}}).header.Get("X-Request-Id"); got == sent {
			t.Errorf("%q is taken", sent)
		}
	}
}

// TestAUserWhoIsCalledByTheirAddress: some who make tokens take it for the subject. The log has a digest then.
func TestAUserWhoIsCalledByTheirAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	names := []string{"ada@example.com", "ada@пример.рф", "ada@localhost", "ada@[192.0.2.7]", "ada%40example.com"}
	for _, name := range names {
		s.as(t, name, "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
		s.as(t, name, "GET", "/api/v1/tasks/1", "").want(t, http.StatusNotFound)
	}
	s.Close()
	if log := s.log.String(); strings.Contains(log, "ada") || strings.Count(log, `"user_id":"e-mail:`) != 3*len(names) {
		t.Errorf("logged: %s", log)
	}
}
