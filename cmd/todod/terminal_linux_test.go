package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"todod/internal/logtest"
)

// TestAStartInATerminal: a person reads where to go, then what they have set, then a line for each request, and no secret.
func TestAStartInATerminal(t *testing.T) {
	t.Parallel()
	person, terminal := newTerminal(t)
	out := &logtest.Output{}
	go func() { _, _ = io.Copy(out, person) }() // until the terminal is closed
	env := isolated(t, environment{"LOG_LEVEL": "INFO", "DB_POOL_SIZE": "20"})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- run(ctx, nil, env.get, terminal) }()
	var url string
	waitFor(t, "the start", func() bool {
		if at := listening.FindStringSubmatch(out.String()); at != nil {
			url = "http://" + at[1]
		}
		return url != ""
	})
	if got := status(url + "/api/v1/tasks"); got != http.StatusUnauthorized {
		t.Errorf("status %d", got)
	}
	waitFor(t, "the line", func() bool { return strings.Contains(out.String(), "/api/v1/tasks") })
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
	want := regexp.MustCompile(`(?s)^\S+ INF todod \S+ listens on 127.0.0.1:\d+, database SQLite \S+, sign-in with accounts of its own, docs at http://127.0.0.1:\d+/docs
\S+ INF API_HOST=127.0.0.1
\S+ INF API_PORT=0
\S+ INF DATABASE_URL=SQLite \S+
\S+ INF BETTER_AUTH_SECRET=\[redacted\]
\S+ INF RATE_LIMIT_ENABLED=false
.*\S+ 401 GET /api/v1/tasks \d+\.\dms - [^\n]+
`)
	plain := strings.ReplaceAll(regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(out.String(), ""), "\r", "")
	if !want.MatchString(plain) || strings.Contains(plain, env["BETTER_AUTH_SECRET"]) {
		t.Errorf("the terminal shows\n%s", plain)
	}
}
