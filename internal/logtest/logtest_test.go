package logtest_test

import (
	"fmt"
	"strings"
	"testing"

	"todod/internal/logtest"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	line := func(level, text string) string {
		return fmt.Sprintf(`{"timestamp":"2026-11-23T18:47:03.120000Z","level":%q,"logger":"todod","message":"m","reason":%q}`, level, text) + "\n"
	}
	opaque := "YWRh." + strings.Repeat("aB3_", 10) + "x-9"
	for text, want := range map[string]struct {
		what       string
		atAnyLevel bool
	}{
		"no such task, see internal/httpapi.go:12 and huma/v2@v2.39.0/api.go": {"", false},
		"the network 203.0.113.0, or 2001:db8:1::, or ::":                     {"", false},
		"connect to 127.0.0.1:5432 (127.0.0.1): refused":                      {"", false},
		"read tcp 127.0.0.1:51234->127.0.0.1:5432: EOF":                       {"", false},
		"eyJhbGciOiJIUzI1NiJ9":                                                {"a JWT", true},
		"token " + opaque + "!":                                               {"a token of todod's own", true},
		"it was the configured secret!":                                       {"a secret of", true},
		"it was said \"in private\"":                                          {"a secret of", true},
		"postgres://a:b@db/x":                                                 {"a URL with a password", true},
		"$argon2id$v=19":                                                      {"a password's hash", true},
		"Bearer abc":                                                          {"an Authorization", true},
		"BEARER ABC":                                                          {"an Authorization", true},
		"of ada%40example.com":                                                {"an e-mail address", false},
		"from x203.0.113.77y":                                                 {"a full address", true},
		"of ada@example.com":                                                  {"an e-mail address", false},
		"of алиса@пример.рф":                                                  {"an e-mail address", false},
		"GET /api/v1/tasks?q=secret":                                          {"a query", false},
		"from 203.0.113.77":                                                   {"a full address", true},
		"from 203.0.113.77:1234":                                              {"a full address", true},
		"from [2001:db8:1:2::3]:443":                                          {"a full address", true},
		"from 127.0.0.1:9":                                                    {"a full address", true},
	} {
		k := &logtest.Known{}
		k.Environment("BETTER_AUTH_SECRETS=2:the configured secret,1:the older one", "DATABASE_URL=postgres://todod@127.0.0.1:5432/x")
		k.Overhear(`{"refreshToken":"in private","title":"no such task"}`)
		for _, level := range []string{"INFO", "ERROR", "DEBUG"} {
			found := strings.Join(k.Faults(line("INFO", "fine")+line(level, text)), " ")
			if wanted := want.what != "" && (want.atAnyLevel || level != "DEBUG"); wanted != (found != "") || !strings.Contains(found, want.what) && wanted {
				t.Errorf("%s, %q: %q, want %q", level, text, found, want.what)
			}
		}
		if found := k.Faults(text); (len(found) > 0) != (want.what != "") {
			t.Errorf("without a level, %q: %q", text, found)
		}
	}
}
