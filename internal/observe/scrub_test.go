package observe_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"todod/internal/logtest"
	"todod/internal/observe"
)

// TestWordsOfOthersAreScrubbed: what failed may be quoted by who says so.
func TestWordsOfOthersAreScrubbed(t *testing.T) {
	t.Parallel()
	opaque := "YWRh." + strings.Repeat("aB3_", 10) + "x-9"
	for text, want := range map[string]string{
		"no such task": "no such task",
		"connect to 10.0.0.7:5432: refused (see https://example.com/a)": "connect to 10.0.0.7:5432: refused (see https://example.com/a)",
		"panic: bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln!":   "panic: bad token [token]!",
		"cut off: eyJhbGciOiJIUzI1NiJ9":                                 "cut off: [token]",
		"no session of " + opaque:                                       "no session of [token]",
		"duplicate key (ada.l+x@mail.example.com)":                      "duplicate key ([e-mail])",
		"path /x/ada%40example.com":                                     "path /x/[e-mail]",
		"parse postgres://todod:hunter2@db.internal/x":                  "parse postgres://[redacted]@db.internal/x",
		`Get "https://a.example/jwks?key=hunter2&x=1": EOF`:             `Get "https://a.example/jwks?[query]": EOF`,
		"huma/v2@v2.39.0/api.go:12":                                     "huma/v2@v2.39.0/api.go:12",
	} {
		for name, newLogger := range map[string]func(*bytes.Buffer) *slog.Logger{
			"json":     func(b *bytes.Buffer) *slog.Logger { return observe.NewLogger(b, slog.LevelInfo) },
			"terminal": func(b *bytes.Buffer) *slog.Logger { return observe.NewTerminalLogger(b, slog.LevelInfo) },
		} {
			for key, value := range map[string]any{"error": fmt.Errorf("x: %w", errors.New(text)), "reason": "x: " + text} {
				var out bytes.Buffer
				newLogger(&out).Warn("m", key, value)
				got := strings.ReplaceAll(out.String(), `\"`, `"`)
				if !strings.Contains(got, "x: "+want) {
					t.Errorf("%s, %s: %s, want %s", name, key, got, want)
				}
				if faults := (&logtest.Known{}).Faults(out.String()); len(faults) > 0 && !strings.Contains(text, "10.0.0.7") {
					t.Errorf("%s, %s: %s", name, key, faults)
				}
			}
		}
	}
}

func TestAnonymise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"write tcp 192.0.2.1:8000->203.0.113.77:51234: broken pipe": "write tcp 192.0.2.0:8000->203.0.113.0:51234: broken pipe",
		"handshake error from [2001:db8:1:2::3]:443: EOF":           "handshake error from [2001:db8:1::]:443: EOF",
		"from [fe80::1%eth0]:1, [::1]:2 and 127.0.0.1":              "from [fe80::]:1, [::]:2 and 127.0.0.0",
		"go1.26.8, [redacted], 1.2.3 and [12:30] of 999.1.1.1":      "go1.26.8, [redacted], 1.2.3 and [12:30] of 999.1.1.1",
		"no address": "no address",
	} {
		if got := observe.Anonymise(text); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
