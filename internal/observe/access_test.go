package observe_test

import (
	"bytes"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"todod/internal/observe"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	for want, access := range map[string]observe.Access{
		`"message":"request","request_id":"req_1","user_id":"KtuE43PE","endpoint":"GET /api/v1/tasks/{id}","method":"GET",` +
			`"status_code":200,"duration_ms":1.234,"correlation_id":"c1"}`: {
			RequestID: "req_1", CorrelationID: "c1", UserID: "KtuE43PE", Endpoint: "GET /api/v1/tasks/{id}", Method: "GET",
			Status: 200, Duration: 1_233_999 * time.Nanosecond,
		},
		`"message":"request","request_id":"req_2","user_id":null,"endpoint":"GET /api/v1/tasks","method":"GET",` +
			`"status_code":401,"duration_ms":0,"correlation_id":"c2","client_ip":"203.0.113.0","reason":"expired"}`: {
			RequestID: "req_2", CorrelationID: "c2", Endpoint: "GET /api/v1/tasks", Method: "GET", Status: 401,
			Client: netip.MustParseAddr("203.0.113.77"), Reason: "expired",
		},
	} {
		var out bytes.Buffer
		access.Log(t.Context(), observe.For(observe.NewLogger(&out, slog.LevelInfo), observe.AccessLogger), slog.LevelInfo)
		if !strings.HasSuffix(lines(&out)[0], want) {
			t.Errorf("got  %swant %s", out.String(), want)
		}
	}
}

// TestAccessOfOtherLoggers: one with attributes of its own, one for a terminal, one that isn't ours, and one that is silent.
func TestAccessOfOtherLoggers(t *testing.T) {
	t.Parallel()
	access := observe.Access{RequestID: "req_1", Endpoint: "/health", Method: "GET", Status: 200}
	var out bytes.Buffer
	of := func(l *slog.Logger) *slog.Logger { return observe.For(l, observe.AccessLogger) }
	for want, logger := range map[string]*slog.Logger{
		`,"message":"request","node":"a","request_id":"req_1"`: of(observe.NewLogger(&out, slog.LevelInfo).With("node", "a")),
		`,"message":"request","g":{"request_id":"req_1"`:       of(observe.NewLogger(&out, slog.LevelInfo).WithGroup("g")),
		"GET /health":                          of(observe.NewTerminalLogger(&out, slog.LevelInfo)),
		`"msg":"request","request_id":"req_1"`: slog.New(slog.NewJSONHandler(&out, nil)),
		"":                                     of(observe.NewLogger(&out, slog.LevelError)),
	} {
		out.Reset()
		access.Log(t.Context(), logger, slog.LevelInfo)
		if got := out.String(); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("wrote %q, want %q in it", got, want)
		}
	}
}

// TestAccessInATerminal: one short line each, in which nothing can begin another or take over the terminal.
func TestAccessInATerminal(t *testing.T) {
	t.Parallel()
	const id = "KtuE43PE5xr1lYbBcLXPWhVbzSB0mx2E"
	for want, access := range map[string]observe.Access{
		"200 GET /api/v1/tasks/{id} 1.2ms KtuE43PE5xr…\n": {
			RequestID: "req_1", UserID: id, Endpoint: "GET /api/v1/tasks/{id}", Method: "GET", Status: 200, Duration: 1_233_999,
		},
		"204 DELETE /api/v1/me 1234ms alice\n":     {UserID: "alice", Endpoint: "DELETE /api/v1/me", Method: "DELETE", Status: 204, Duration: 1_234 * time.Millisecond},
		"401 GET /api/v1/tasks 0.0ms - expired\n":  {Endpoint: "GET /api/v1/tasks", Method: "GET", Status: 401, Reason: "expired"},
		"404 GET unmatched 0.0ms -\n":              {Endpoint: "unmatched", Method: "GET", Status: 404},
		"409 PUT a␛[2J␊b 0.0ms - for [e-mail]␊x\n": {Endpoint: "PUT a\x1b[2J\nb", Method: "PUT", Status: 409, Reason: "for ada@example.com\nx"},
		"500 GET / 0.0ms - broken req_2\n    main.f()\n      f.go:1␛\n": {
			RequestID: "req_2", Endpoint: "GET /", Method: "GET", Status: 500, Reason: "broken", Stack: "main.f()\n\tf.go:1\x1b\n",
		},
	} {
		var out bytes.Buffer
		access.Log(t.Context(), observe.For(observe.NewTerminalLogger(&out, slog.LevelInfo), observe.AccessLogger), slog.LevelInfo)
		plain := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(out.String(), "")
		if _, line, _ := strings.Cut(plain, " "); line != want || plain == out.String() {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
	}
}

func TestAnonymiseAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.77":         "203.0.113.0",
		"::ffff:203.0.113.77":  "203.0.113.0",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::",
		"fe80::1%eth0":         "fe80::",
		"::1":                  "::",
	} {
		if got := observe.AnonymiseAddr(netip.MustParseAddr(addr)); got != want {
			t.Errorf("AnonymiseAddr(%s) = %s, want %s", addr, got, want)
		}
	}
	if got := observe.AnonymiseAddr(netip.Addr{}); got != "" {
		t.Errorf("no address became %q", got)
	}
}
