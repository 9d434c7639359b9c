package observe_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

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
		"mail to alice@münchen.de or алиса@пример.рф":                   "mail to [e-mail] or [e-mail]",
		"mail to jose\u0301@mu\u0308nchen.de, हिन्दी%40उदाहरण.भारत":     "mail to [e-mail], [e-mail]",
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

// TestWhoIsCalledByAnAddressGoesByItsDigest: in whatever form it is, as whoever makes tokens has it. All others go by
// their id.
func TestWhoIsCalledByAnAddressGoesByItsDigest(t *testing.T) {
	t.Parallel()
	logged := func(id string) string { return observe.ScrubAttr(slog.String("user_id", id)).Value.String() }
	digest := regexp.MustCompile(`^e-mail:[0-9a-f]{32}$`)
	for _, id := range []string{
		"ada@example.com", "alice@münchen.de", "alice@пример.рф", "bob@localhost", "eve@[192.0.2.7]", "carol%40example.com", `"a b"@x`, "@",
	} {
		if got := logged(id); !digest.MatchString(got) || got != logged(id) {
			t.Errorf("%s is logged as %s", id, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name, at, host := rapid.String().Draw(t, "name"), rapid.SampledFrom([]string{"", "@", "%40"}).Draw(t, "at"), rapid.String().Draw(t, "host")
		id := name + at + host
		if address := strings.Contains(id, "@") || strings.Contains(id, "%40"); digest.MatchString(logged(id)) != address || !address && logged(id) != id {
			t.Fatalf("%q is logged as %q", id, logged(id))
		}
	})
}

// TestAddressesOfAnyLettersAreScrubbed: whatever stands around them.
func TestAddressesOfAnyLettersAreScrubbed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.M, unicode.Nd), 1, 10, -1)
		address := word.Draw(t, "name") + rapid.SampledFrom([]string{"@", "%40"}).Draw(t, "at") + word.Draw(t, "host") + "." +
			rapid.StringOfN(rapid.RuneFrom(nil, unicode.L), 2, 10, -1).Draw(t, "top")
		if got, want := observe.Scrub("to <"+address+">: no"), "to <[e-mail]>: no"; got != want {
			t.Fatalf("%q gives %q", address, got)
		}
	})
}

// BenchmarkScrub measures what an error of the usual kind costs.
func BenchmarkScrub(b *testing.B) {
	for name, text := range map[string]string{
		"plain": "the token has expired", "path": "connect to 10.0.0.7:5432: refused (see https://example.com/a)", "mail": "duplicate key (ada.l+x@mail.example.com)",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				observe.Scrub(text)
			}
		})
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
