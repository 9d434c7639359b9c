package observe_test

import (
	"bytes"
	"log/slog"
	"net/netip"
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
		"endpoint":                             of(observe.NewTerminalLogger(&out, slog.LevelInfo)),
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
