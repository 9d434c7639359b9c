package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestLogShowsWhatIsInEffectAndNoSecrets(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, with{
		"DATABASE_URL": "postgres://ada:hunter2@pool/d", "DATABASE_DIRECT_URL": "postgres://ada:hunter2@direct/d?password=hunter2",
		"BETTER_AUTH_SECRET": "hunter2 hunter2 hunter2 hunter2 hunter2", "BETTER_AUTH_SECRETS": "1:hunter2,2:hunter2",
		"BETTER_AUTH_URL": "https://auth.example", "LOG_LEVEL": "warn", "REDIS_URL": "rediss://ada:hunter2@redis", "TRUSTED_PROXIES": "10.0.0.0/8",
	})
	var out bytes.Buffer

	slog.New(slog.NewJSONHandler(&out, nil)).Info("configuration", "config", c)

	for _, want := range []string{
		`"config":{"APP_ENV":"development"`, `"DATABASE_URL":"PostgreSQL ada@pool:5432/d"`, `"DATABASE_DIRECT_URL":"PostgreSQL ada@direct:5432/d"`,
		`"BETTER_AUTH_SECRET":"[redacted]"`, `"BETTER_AUTH_SECRETS":"[redacted]"`, `"AUTH_ISSUER":"https://auth.example"`,
		`"AUTH_PROVIDER":"better-auth"`, `"LOG_LEVEL":"WARNING"`, `"RATE_LIMIT_ANONYMOUS":"120 per 1m0s"`, `"TRUSTED_PROXIES":"[10.0.0.0/8]"`,
		`"REDIS_URL":"[redacted]"`, `"API_PORT":"8000"`, `"SHUTDOWN_TIMEOUT":"15s"`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
	for _, text := range []string{out.String(), fmt.Sprint(c), fmt.Sprintf("%+v", c)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

func TestLogOfNoSecretSaysSo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("configuration", "config", mustLoad(t, nil))
	for _, want := range []string{`"DATABASE_URL":"SQLite data/todod.db"`, `"DATABASE_DIRECT_URL":""`, `"BETTER_AUTH_SECRET":""`, `"BETTER_AUTH_SECRETS":""`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
}

// TestLogShowsNoQuery: what follows a question mark may be a key to what stands before it.
func TestLogShowsNoQuery(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, with{"AUTH_JWKS_URL": "https://keys.example/jwks?key=hunter2", "BETTER_AUTH_URL": "https://auth.example"})
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("configuration", "config", c)
	if !strings.Contains(out.String(), `"AUTH_JWKS_URL":"https://keys.example/jwks?[redacted]"`) || strings.Contains(out.String(), "hunter2") {
		t.Errorf("logged: %s", out.String())
	}
}

// TestChanged: what somebody has set to something else than the default, as they could have written it, without secrets.
func TestChanged(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, with{
		"DATABASE_URL": "postgres://ada:hunter2@pool/d", "BETTER_AUTH_SECRET": "hunter2 hunter2 hunter2 hunter2 hunter2",
		"BETTER_AUTH_URL": "https://auth.example", "LOG_LEVEL": "info", "API_PORT": "8001", "API_HOST": "0.0.0.0", "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
		"ALLOWED_ORIGINS": "https://a.example, https://b.example", "RATE_LIMIT_SIGNIN": "20/h", "TRASH_RETENTION": "7d", "SHUTDOWN_TIMEOUT": "0",
		"DB_POOL_TIMEOUT": "90", "AUTH_ALLOWED_ALGS": "HS256,EdDSA,ES256,RS256,PS256", "AUTH_ISSUER": "https://ada:hunter2@auth.example",
	})
	want := []string{
		"API_PORT=8001", "ALLOWED_ORIGINS=https://a.example,https://b.example", "TRUSTED_PROXIES=10.0.0.0/8,::1/128", "SHUTDOWN_TIMEOUT=0s",
		"TRASH_RETENTION=168h", "DATABASE_URL=PostgreSQL ada@pool:5432/d", "DB_POOL_TIMEOUT=1m30s", "BETTER_AUTH_URL=https://auth.example",
		"BETTER_AUTH_SECRET=[redacted]", "AUTH_ISSUER=[redacted]", "RATE_LIMIT_SIGNIN=20/h",
	}
	if got := c.Changed(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := mustLoad(t, nil).Changed(); got != nil {
		t.Errorf("of the defaults %v are said to be changed", got)
	}
}
