package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestWhereTheAppIs: with accounts of todod's own, unless it is left out.
func TestWhereTheAppIs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("secret!!", 6)
	for name, c := range map[string]struct {
		env  environment
		want int
	}{
		"by default":              {environment{}, http.StatusOK},
		"left out":                {environment{"APP_ENABLED": "false"}, http.StatusNotFound},
		"Better Auth":             {environment{"BETTER_AUTH_URL": "http://127.0.0.1:1", "BETTER_AUTH_SECRET": long}, http.StatusNotFound},
		"accounts and its tokens": {environment{"BETTER_AUTH_URL": "http://127.0.0.1:1", "BETTER_AUTH_SECRET": long, "AUTH_PROVIDER": "local"}, http.StatusOK},
		"nobody can sign in":      {environment{"BETTER_AUTH_SECRET": long, "AUTH_ALLOWED_ALGS": "EdDSA"}, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, isolated(t, c.env))
			if got := status(p.url + "/app/"); got != c.want {
				t.Errorf("GET /app/: %d, want %d", got, c.want)
			}
		})
	}
}
