package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/httpapi"
	"todod/internal/logtest"
	"todod/internal/observe"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// A logLine is a line of the log, with its keys in their order.
type logLine struct {
	keys   []string
	values map[string]any
}

// readLine reads a line of the log.
func readLine(t testing.TB, text string) logLine {
	t.Helper()
	l := logLine{values: map[string]any{}}
	dec := json.NewDecoder(strings.NewReader(text))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		t.Fatalf("no line of the log: %s", text)
	}
	for dec.More() {
		key, err := dec.Token()
		var value any
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			t.Fatalf("no line of the log: %s", text)
		}
		l.keys = append(l.keys, key.(string))
		l.values[key.(string)] = value
	}
	return l
}

// everyLine are the fields that every line of the log begins with, and everyRequest those that each line of a request goes
// on with.
var (
	everyLine    = []string{"timestamp", "level", "logger", "message"}
	everyRequest = []string{"request_id", "user_id", "endpoint", "method", "status_code", "duration_ms", "correlation_id"}
	someRequests = []string{"client_ip", "reason", "stack"}
)

// checkLog fails the test unless every line of a log has the fields that it must have, in their order, and nothing that it
// must not have. It is done for every server of these tests.
func checkLog(t testing.TB, log string) {
	t.Helper()
	for text := range strings.Lines(log) {
		l := readLine(t, text)
		if len(l.keys) < 4 || !slices.Equal(l.keys[:4], everyLine) {
			t.Errorf("begins otherwise: %s", text)
			continue
		}
		if strings.Contains(text, "eyJ") { // how every JSON Web Token begins
			t.Errorf("has a token: %s", text)
		}
		switch l.values["logger"] {
		case "todod.access":
			checkAccess(t, l, text)
		case "todod.security":
			checkEvent(t, l, text)
		}
	}
}

// checkAccess checks the line of a request.
func checkAccess(t testing.TB, l logLine, text string) {
	t.Helper()
	rest := l.keys[4:]
	var more []string
	for _, key := range someRequests {
		if _, ok := l.values[key]; ok {
			more = append(more, key)
		}
	}
	if l.values["message"] != "request" || !slices.Equal(rest, slices.Concat(everyRequest, more)) {
		t.Errorf("fields %v: %s", rest, text)
	}
	status, _ := l.values["status_code"].(float64)
	level := "INFO"
	switch {
	case status >= 500 && (status != 503 || l.values["level"] != "INFO"), // a client who went away is nobody's failure
		strings.HasPrefix(fmt.Sprint(l.values["reason"]), "the answer was cut off: ") && l.values["level"] != "INFO":
		level = "ERROR"
	case status == 401, status == 403, status == 429:
		level = "WARNING"
	}
	if l.values["level"] != level {
		t.Errorf("level %v, want %s: %s", l.values["level"], level, text)
	}
	if _, ok := l.values["stack"]; ok != (status == 500) && status != 200 { // a panic after the answer has begun
		t.Errorf("a stack: %v: %s", ok, text)
	}
	checkNetwork(t, l, text)
}

// checkEvent checks the line of a security event.
func checkEvent(t testing.TB, l logLine, text string) {
	t.Helper()
	event := audit.Event(fmt.Sprint(l.values["message"]))
	if !slices.Contains(audit.Events(), event) {
		t.Errorf("no such event: %s", text)
	}
	if level := map[slog.Level]string{slog.LevelInfo: "INFO", slog.LevelWarn: "WARNING"}[event.Level()]; l.values["level"] != level {
		t.Errorf("level %v, want %s: %s", l.values["level"], level, text)
	}
	if len(l.keys) < 6 || !slices.Equal(l.keys[4:6], []string{"request_id", "client_ip"}) || l.values["request_id"] == "" {
		t.Errorf("fields %v: %s", l.keys, text)
	}
	if strings.Contains(text, "@") {
		t.Errorf("has an e-mail address: %s", text)
	}
	checkNetwork(t, l, text)
}

// checkNetwork fails the test if a line has more of an address than its network.
func checkNetwork(t testing.TB, l logLine, text string) {
	t.Helper()
	from, ok := l.values["client_ip"].(string)
	if !ok || from == "" {
		return
	}
	addr, err := netip.ParseAddr(from)
	if err != nil {
		t.Errorf("client_ip: %v: %s", err, text)
		return
	}
	bits := map[bool]int{true: 24, false: 48}[addr.Is4()]
	if network, err := addr.Prefix(bits); err != nil || network.Addr() != addr {
		t.Errorf("a whole address: %s", text)
	}
}

// events returns the security events in the log from its byte start on.
func (s *server) events(t testing.TB, start int) []logLine {
	t.Helper()
	var all []logLine
	for text := range strings.Lines(s.log.String()[start:]) {
		if l := readLine(t, text); l.values["logger"] == "todod.security" {
			all = append(all, l)
		}
	}
	return all
}

// elsewhere are the events that don't come from the API.
var elsewhere = []audit.Event{
	audit.UserCreated, audit.UserPasswordSet, audit.UserErased, audit.UserTokenMinted, audit.ServerStarted, audit.ServerStopped,
	audit.DatabaseBackedUp, audit.DatabaseRestored, audit.DatabaseLeapt, audit.SecretsChanged, audit.SecretsRefused, audit.CertificateReloaded,
	audit.Opened, audit.Torn, audit.Gap, audit.Failed, audit.Anchor,
}

// pending registers nobody at once, as Better Auth does that wants an address confirmed first.
type pending struct{ account.Provider }

// Register implements account.Provider.
func (p pending) Register(context.Context, account.Registration, account.Client) (account.SignedIn, error) {
	return account.SignedIn{Person: account.Person{ID: "made up", CreatedAt: time.Now()}}, nil
}

// TestEveryEventComesWhenItHappens, once, with what is known, and nothing that must not be known.
func TestEveryEventComesWhenItHappens(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		rotating := newServer(t, s.store, func(cfg *httpapi.Config) { cfg.Accounts = local(s.store, true) })
		confirming := newServer(t, s.store, func(cfg *httpapi.Config) { cfg.Accounts = pending{cfg.Accounts} })
		limited := newServer(t, s.store, func(cfg *httpapi.Config) {
			rate := ratelimit.Rate{Quota: 1, Window: time.Hour}
			cfg.Limits = httpapi.Limits{
				Source: ratelimit.NewMemory(time.Now, 100), Authenticated: rate, Anonymous: rate, SignIn: rate,
			}
		})
		ada := s.register(t, "ada@example.com")
		eve := rotating.register(t, "eve@example.com")
		second := decode[signedIn](t, rotating.post(t, "/api/auth/refresh", refreshBody(eve.RefreshToken)))
		rotating.post(t, "/api/auth/refresh", refreshBody(second.RefreshToken)).want(t, http.StatusOK)
		task := s.create(t, "somebody", `{"title":"x"}`)
		expired, err := auth.Mint(secret, auth.Claims{Subject: "ada", ExpiresAt: time.Now().Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		limited.as(t, "flooder", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
		seen := map[audit.Event]bool{}
		for _, c := range []struct {
			server *server
			event  audit.Event
			user   string
			fields string // besides those that all have
			times  int    // it is done; the event comes once
			do     func(s *server) answer
		}{
			{s, audit.Registered, "*", "", 1, func(s *server) answer {
				return s.post(t, "/api/auth/register", `{"name":"x","email":"new@example.com","password":"long enough"}`)
			}},
			{confirming, audit.RegistrationPending, "", "", 1, func(s *server) answer {
				return s.post(t, "/api/auth/register", `{"name":"x","email":"new2@example.com","password":"long enough"}`)
			}},
			{s, audit.RegistrationRefused, "", "email_hash reason", 1, func(s *server) answer {
				return s.post(t, "/api/auth/register", `{"name":"x","email":"Ada@example.com","password":"long enough"}`)
			}},
			{s, audit.SignedIn, ada.User.ID, "", 1, func(s *server) answer {
				return s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword))
			}},
			{s, audit.SignInRefused, "", "email_hash reason", 1, func(s *server) answer {
				return s.post(t, "/api/auth/login", credentials("ada@example.com", "not the password"))
			}},
			{s, audit.PasswordChangeRefused, ada.User.ID, "", 1, func(s *server) answer {
				return s.with(t, ada.Token, "POST", "/api/auth/change-password", credentialsChange("not the password", "another password"))
			}},
			{s, audit.PasswordChanged, ada.User.ID, "", 1, func(s *server) answer {
				return s.with(t, ada.Token, "POST", "/api/auth/change-password", credentialsChange(goodPassword, "another password"))
			}},
			{s, audit.ProfileChanged, ada.User.ID, "", 1, func(s *server) answer {
				return s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"email":"ada.l@example.com"}`)
			}},
			{s, audit.SignedOut, ada.User.ID, "", 1, func(s *server) answer {
				return s.with(t, ada.Token, "POST", "/api/auth/logout", "")
			}},
			{s, audit.RefreshRefused, "", "reason", 1, func(s *server) answer {
				return s.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken))
			}},
			{rotating, audit.RefreshReused, eve.User.ID, "", 1, func(s *server) answer {
				return s.post(t, "/api/auth/refresh", refreshBody(eve.RefreshToken))
			}},
			{rotating, audit.RefreshRefused, "", "reason", 1, func(s *server) answer {
				return s.post(t, "/api/auth/refresh", refreshBody(second.RefreshToken))
			}},
			{s, audit.TokenRefused, "", "reason", 1, func(s *server) answer {
				return s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer " + expired}})
			}},
			{s, audit.TokenRefused, "", "reason", 1, func(s *server) answer {
				return s.do(t, request{method: "GET", path: "/api/v1/events?ticket=none"})
			}},
			{s, "", "", "", 1, func(s *server) answer { return s.do(t, request{method: "GET", path: "/api/v1/tasks"}) }},
			{s, audit.TaskNotFound, "ada", "task_id", 1, func(s *server) answer { return s.as(t, "ada", "GET", path(task), "") }},
			{s, audit.TaskNotFound, "ada", "task_id", 1, func(s *server) answer {
				return s.as(t, "ada", "DELETE", "/api/todos/123456789", "")
			}},
			{s, audit.TaskNotFound, "ada", "task_ids", 1, func(s *server) answer {
				return s.as(t, "ada", "POST", "/api/v1/tasks/batch", `{"operations":[{"op":"create","task":{"title":"x"}},
					{"op":"complete","id":`+task["id"].(json.Number).String()+`},{"op":"delete","id":123456789}]}`)
			}},
			{s, audit.TaskNotFound, "ada", "task_ids", 1, func(s *server) answer {
				return s.as(t, "ada", "POST", "/api/v1/tasks/batch", `{"atomic":true,"operations":[{"op":"delete","id":123456789}]}`)
			}},
			{limited, audit.LimitExceeded, "flooder", "policy", 5, func(s *server) answer {
				return s.as(t, "flooder", "GET", "/api/v1/tasks", "")
			}},
			{s, audit.Exported, "ada", "from_rev to_rev", 1, func(s *server) answer { return s.as(t, "ada", "GET", "/api/v1/me/export", "") }},
			{s, audit.Erased, "ada", "", 1, func(s *server) answer { return s.as(t, "ada", "DELETE", "/api/v1/me", "") }},
		} {
			start := len(c.server.log.String())
			var a answer
			for range c.times {
				a = c.do(c.server)
			}
			got := c.server.events(t, start)
			if c.event == "" && len(got) == 0 {
				continue
			}
			seen[c.event] = true
			if len(got) != 1 || got[0].values["message"] != string(c.event) {
				t.Errorf("%s: status %d, %v", c.event, a.status, got)
				continue
			}
			want := append(slices.Clone(everyLine), "request_id", "client_ip")
			if user, _ := got[0].values["user_id"].(string); user != c.user && c.user != "*" {
				t.Errorf("%s of %q, want %q", c.event, user, c.user)
			}
			if c.user != "" {
				want = append(want, "user_id")
			}
			if want = append(want, strings.Fields(c.fields)...); !slices.Equal(got[0].keys, want) {
				t.Errorf("%s has %v, want %v", c.event, got[0].keys, want)
			}
			if got[0].values["request_id"] != a.header.Get("X-Request-ID") && c.times == 1 {
				t.Errorf("%s of another request", c.event)
			}
		}
		for _, e := range audit.Events() { // the last two have tests of their own
			if !seen[e] && !slices.Contains(elsewhere, e) && e != audit.TokenRefusedBurst && e != audit.ExportCut {
				t.Errorf("%s did not happen", e)
			}
		}
	})
}

// failing changes no password.
type failing struct {
	account.Provider
	err error
}

// ChangePassword implements account.Provider.
func (f failing) ChangePassword(context.Context, account.Caller, string, string, account.Client) error {
	return f.err
}

// TestAFailureIsNoRefusedPassword: nobody is to be suspected because the database was away.
func TestAFailureIsNoRefusedPassword(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	for _, c := range []struct {
		err    error
		status int
		events int
	}{
		{todo.ServiceUnavailable(errors.New("away")), http.StatusServiceUnavailable, 0},
		{errors.New("a bug"), http.StatusInternalServerError, 0},
		{todo.InvalidFields(todo.FieldError{Field: "currentPassword", Message: "is not correct"}), http.StatusBadRequest, 1},
		{&todo.Error{Code: todo.Forbidden, Message: "not here"}, http.StatusForbidden, 1},
	} {
		s := newServer(t, store, func(cfg *httpapi.Config) { cfg.Accounts = failing{cfg.Accounts, c.err} })
		s.as(t, "ada", "POST", "/api/auth/change-password", credentialsChange("one password", "another password")).want(t, c.status)
		if got := s.events(t, 0); len(got) != c.events {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// add lets time pass.
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// TestABurstIsToldOnceAMinute, of each network for itself, and however many there are.
func TestABurstIsToldOnceAMinute(t *testing.T) {
	t.Parallel()
	at := &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		cfg.Now, cfg.TrustedProxies = at.Now, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	try := func(from string, times int) {
		for range times {
			s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{
				"Authorization": "Bearer x", "X-Forwarded-For": from,
			}}).want(t, http.StatusUnauthorized)
		}
	}
	bursts := func() (from []string) {
		for _, e := range s.events(t, 0) {
			if e.values["message"] == string(audit.TokenRefusedBurst) {
				from = append(from, e.values["client_ip"].(string))
			}
		}
		return from
	}
	try("203.0.113.7", 29)
	try("198.51.100.7", 29)
	try("2001:db8:1:2::1", 29)
	if got := bursts(); len(got) != 0 {
		t.Errorf("29 are a burst of %v", got)
	}
	try("203.0.113.200", 40) // the same /24
	if got := bursts(); !slices.Equal(got, []string{"203.0.113.0"}) {
		t.Errorf("got %v", got)
	}
	at.add(59 * time.Second)
	try("203.0.113.7", 40)
	if got := bursts(); len(got) != 1 {
		t.Errorf("in the same minute: %v", got)
	}
	at.add(time.Second)
	try("198.51.100.7", 29)
	try("203.0.113.7", 40)
	try("2001:db8:1:ffff::1", 30)
	if got := bursts(); !slices.Equal(got, []string{"203.0.113.0", "203.0.113.0", "2001:db8:1::"}) {
		t.Errorf("in the next minute: %v", got)
	}
	if observe.RefusedBurst != string(audit.TokenRefusedBurst) {
		t.Error("the metrics have another name for it")
	}
	if n := strings.Count(s.log.String(), string(audit.TokenRefused)+`"`); n != 29*3+40+40+29+40+30 {
		t.Errorf("%d refusals were told", n)
	}
}

// TestTheSecurityLoggerHearsAll, whatever the other one is for.
func TestTheSecurityLoggerHearsAll(t *testing.T) {
	t.Parallel()
	heard := &logtest.Output{}
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		cfg.Logger = slog.New(slog.DiscardHandler)
		cfg.Security = slog.New(slog.NewTextHandler(heard, nil))
	})
	s.as(t, "ada", "GET", "/api/v1/tasks/1", "").want(t, http.StatusNotFound)
	if !strings.Contains(heard.String(), "level=WARN msg=task.not_found") || !strings.Contains(heard.String(), "user_id=ada task_id=1") {
		t.Errorf("heard %s", heard)
	}
}
