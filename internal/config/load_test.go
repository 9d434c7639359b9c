package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// goodSecret is long enough and known to nobody.
const goodSecret = "a secret of forty bytes that tests can use"

// with is an environment of these variables.
type with map[string]string

// loadWith loads vars, without a .env.
func loadWith(t *testing.T, vars with) (Config, error) {
	t.Helper()
	return load(func(name string) string { return vars[name] }, fstest.MapFS{})
}

// mustLoad loads vars and ends the test if they have problems.
func mustLoad(t *testing.T, vars with) Config {
	t.Helper()
	c, err := loadWith(t, vars)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problems loads vars and returns what is wrong with them, line by line.
func problems(t *testing.T, vars with) []string {
	t.Helper()
	_, err := loadWith(t, vars)
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

// wantOne reports anything but one problem that contains each of parts.
func wantOne(t *testing.T, got []string, parts ...string) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("got %d problems: %q", len(got), got)
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			t.Errorf("got %q, want it to contain %q", got[0], part)
		}
	}
}

// write makes a file in a new folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := Config{
		Env: Development, LogLevel: Level(slog.LevelInfo), Host: "0.0.0.0", Port: 8000, App: true, AllowedOrigins: []string{"*"},
		ShutdownTimeout: 15 * time.Second, MaxTasksPerUser: 10000, MaxChangesPerUser: 100_000, MaxKeysPerUser: 20_000, MaxConnections: 10_000,
		Retention: Retention{Trash: 30 * day, Changes: 90 * day, Keys: day},
		Database:  Database{Engine: SQLite, Path: "data/todod.db", PoolSize: 20, PoolTimeout: 30 * time.Second},
		Auth: Auth{
			Provider: Local, AllowedAlgs: []string{"HS256", "EdDSA", "ES256", "RS256", "PS256"},
			Leeway: 30 * time.Second, MaxTokenBytes: 8192, RefreshGrace: 30 * time.Second,
		},
		RateLimit: RateLimit{
			Enabled: true, Authenticated: Rate{600, time.Minute}, Anonymous: Rate{120, time.Minute},
			SignIn: Rate{10, time.Minute},
		},
		Telemetry: Telemetry{Protocol: "http/protobuf", TracesExporter: "otlp"},
	}
	if got := mustLoad(t, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEveryVariableIsRead(t *testing.T) {
	t.Parallel()
	want := Config{
		Env: Staging, LogLevel: Level(slog.LevelWarn), AuditLogFile: "/var/log/todod/audit.log", Host: "::", Port: 0, AllowedOrigins: []string{"https://a.example", "http://b.example:3000"},
		AllowedHeaders:  []string{"X-Tenant", "X-Build"},
		TrustedProxies:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("2001:db8::1/128")},
		ShutdownTimeout: 0, MaxTasksPerUser: 7, MaxChangesPerUser: 70, MaxKeysPerUser: 77, MaxConnections: 8,
		TLS:       TLS{CertFile: "/tls/cert.pem", KeyFile: "/tls/key.pem", RedirectPort: 80},
		Retention: Retention{Trash: 7 * day, Changes: 36 * time.Hour, Keys: time.Hour},
		Database: Database{
			Engine: Postgres, URL: "postgres://u:p@pool/d", DirectURL: "postgres://u:p@direct/d",
			PoolSize: 5, PoolTimeout: 90 * time.Second, Insecure: true,
		},
		Auth: Auth{
			Provider: Local, BetterAuthURL: "https://auth.example", Secret: goodSecret, RotatedSecrets: []Secret{goodSecret + "3", goodSecret + "1"},
			AllowedAlgs: []string{"HS256", "ES512"}, JWKSURL: "http://jwks.example/keys", Issuer: "i", Audience: "a",
			RequireIssAud: true, AcceptSessionJWT: true, Leeway: time.Second, MaxTokenBytes: 100, RefreshRotation: true, RefreshGrace: time.Minute,
		},
		RateLimit: RateLimit{
			Enabled: false, Authenticated: Rate{1, time.Second}, Anonymous: Rate{2, time.Hour}, SignIn: Rate{3, time.Minute},
			RedisURL: "rediss://u:p@redis:6380/1",
		},
		MetricsPort: 9000,
		Telemetry: Telemetry{
			Endpoint: "http://c:4318", TracesEndpoint: "https://c/v1/traces", Headers: "k=v", Protocol: "http/protobuf",
			TracesExporter: "otlp", SDKDisabled: true,
		},
	}
	got := mustLoad(t, with{
		"APP_ENV": "staging", "LOG_LEVEL": "warn", "AUDIT_LOG_FILE": "/var/log/todod/audit.log", "API_HOST": "::", "API_PORT": "0", "APP_ENABLED": "false",
		"ALLOWED_ORIGINS":      "https://A.example:443/, http://b.example:3000,",
		"CORS_ALLOWED_HEADERS": "X-Tenant, X-Build",
		"TRUSTED_PROXIES":      "10.1.2.3/8, ::ffff:192.0.2.1, fd00::/8, 2001:db8::1", "SHUTDOWN_TIMEOUT": "0", "MAX_TASKS_PER_USER": "7",
		"MAX_CHANGES_PER_USER": "70", "MAX_KEYS_PER_USER": "77",
		"MAX_CONNECTIONS": "8", "TLS_CERT_FILE": "/tls/cert.pem", "TLS_KEY_FILE": "/tls/key.pem", "TLS_REDIRECT_PORT": "80",
		"TRASH_RETENTION": "7d", "CHANGE_RETENTION": "36h", "IDEMPOTENCY_RETENTION": "3600",
		"DATABASE_URL": "postgresql+asyncpg://u:p@pool/d", "DATABASE_DIRECT_URL": "postgresql://u:p@direct/d",
		"DB_POOL_SIZE": "5", "DB_POOL_TIMEOUT": "1m30s", "DB_INSECURE": "true",
		"AUTH_PROVIDER": "local", "BETTER_AUTH_URL": "https://auth.example/api/auth", "BETTER_AUTH_SECRET": goodSecret,
		"BETTER_AUTH_SECRETS": "3:" + goodSecret + "3, 1:" + goodSecret + "1", "AUTH_ALLOWED_ALGS": "HS256, ES512",
		"AUTH_JWKS_URL": "http://jwks.example/keys", "AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a", "AUTH_REQUIRE_ISS_AUD": "true",
		"AUTH_ACCEPT_SESSION_JWT": "1", "AUTH_LEEWAY": "1", "AUTH_MAX_TOKEN_BYTES": "100", "AUTH_REFRESH_ROTATION": "true",
		"AUTH_REFRESH_GRACE": "1m",
		"RATE_LIMIT_ENABLED": "False", "RATE_LIMIT_AUTHENTICATED": "1/s", "RATE_LIMIT_ANONYMOUS": "2/h", "RATE_LIMIT_SIGNIN": "3/m",
		"REDIS_URL": "rediss://u:p@redis:6380/1", "METRICS_PORT": "9000",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/v1/traces",
		"OTEL_EXPORTER_OTLP_HEADERS": "k=v", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_TRACES_EXPORTER": "otlp",
		"OTEL_SDK_DISABLED": "true",
	})
	got.given = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestProblemsComeAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadWith(t, with{"API_PORT": "abc", "LOG_LEVEL": "LOUD", "RATE_LIMIT_ANONYMOUS": "10/d", "AUTH_ALLOWED_ALGS": "HS512,none"})
	want := `LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, got "LOUD"
API_PORT must be a number from 1 to 65535, got "abc"
RATE_LIMIT_ANONYMOUS must be a rate such as 120/m, or with /s or /h, got "10/d"
AUTH_ALLOWED_ALGS must be a comma-separated list out of HS256, EdDSA, ES256, RS256, PS256 and ES512, got "HS512,none"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %v", err, want)
	}
	if all, ok := errors.AsType[*Problems](err); !ok || len(all.Unwrap()) != 4 {
		t.Errorf("%v is no *Problems of four", err)
	}
}

func TestBadValues(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"APP_ENV":                  {"prod", "Production", "test"},
		"LOG_LEVEL":                {"LOUD", "INFO+2", "0"},
		"API_PORT":                 {"-1", "65536", "80a", "0x50", " 8000"},
		"ALLOWED_ORIGINS":          {"app.example", "https://", "https://a.example/app", "https://*.example", "https://a.example?x", ",", "null", "https://u:p@a.example"},
		"CORS_ALLOWED_HEADERS":     {"X Tenant", "X-A, Y:Z", "*", ","},
		"TRUSTED_PROXIES":          {"10.0.0.0/33", "proxy", "10.0.0.0-10.0.0.9", ","},
		"SHUTDOWN_TIMEOUT":         {"-1s", "soon", "1.5d", "-1d", "106752d", "99999999999999"},
		"TRASH_RETENTION":          {"0", "0d", "ever"},
		"CHANGE_RETENTION":         {"0", "23h"},
		"IDEMPOTENCY_RETENTION":    {"0", "d"},
		"MAX_TASKS_PER_USER":       {"0", "-5", "many", "99999999999"},
		"MAX_CHANGES_PER_USER":     {"0", "-5"},
		"MAX_KEYS_PER_USER":        {"0", "few"},
		"DB_POOL_SIZE":             {"0"},
		"DB_POOL_TIMEOUT":          {"0"},
		"DB_INSECURE":              {"yes"},
		"AUTH_PROVIDER":            {"google", "Local"},
		"BETTER_AUTH_URL":          {"auth.example", "/api/auth", "ftp://auth.example", "https://u:p@auth.example", "https://:3000"},
		"AUTH_JWKS_URL":            {"jwks", "file:///etc/passwd"},
		"BETTER_AUTH_SECRETS":      {"new,old", "1:", "-1:x", "1:x,1:y", "x:y", "1:x,"},
		"AUTH_ALLOWED_ALGS":        {"none", "HS384", "hs256", ","},
		"AUTH_LEEWAY":              {"-1"},
		"AUTH_MAX_TOKEN_BYTES":     {"0"},
		"AUTH_REQUIRE_ISS_AUD":     {"maybe"},
		"REDIS_URL":                {"redis", "localhost:6379", "http://redis:6379", "redis://redis:port", "redis://redis/db", "redis://redis/0?retries=3", "unix://"},
		"RATE_LIMIT_AUTHENTICATED": {"600", "0/m", "-1/m", "600/d", "1.5/s", "1000001/s"},
	} {
		for _, value := range values {
			wantOne(t, problems(t, with{name: value}), name+" must be")
		}
	}
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]slog.Level{
		"DEBUG": slog.LevelDebug, "info": slog.LevelInfo, "Warning": slog.LevelWarn, "WARN": slog.LevelWarn,
		"ERROR": slog.LevelError, "critical": slog.Level(12),
	} {
		if got := mustLoad(t, with{"LOG_LEVEL": value}).LogLevel.Level(); got != want {
			t.Errorf("%s is level %v, want %v", value, got, want)
		}
	}
}

func TestValueFromFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		goodSecret:                 goodSecret,
		goodSecret + "\n":          goodSecret,
		goodSecret + "\r\n":        goodSecret,
		" " + goodSecret + " \n\n": " " + goodSecret + " \n",
		"пароль из файла ≥ 32 байт\n": "пароль из файла ≥ 32 байт",
	} {
		if got := mustLoad(t, with{"BETTER_AUTH_SECRET_FILE": write(t, "secret", text)}).Auth.Secret; string(got) != want {
			t.Errorf("%q was read as %q", text, string(got))
		}
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	path := write(t, "secret", goodSecret)
	wantOne(t, problems(t, with{"BETTER_AUTH_SECRET": goodSecret, "BETTER_AUTH_SECRET_FILE": path}),
		"BETTER_AUTH_SECRET and BETTER_AUTH_SECRET_FILE are both set")
	wantOne(t, problems(t, with{"BETTER_AUTH_SECRET_FILE": write(t, "empty", "\n")}), "BETTER_AUTH_SECRET_FILE", "not empty")

	// A secret where its path belongs is not shown.
	got := problems(t, with{"BETTER_AUTH_SECRET_FILE": goodSecret})
	wantOne(t, got, "BETTER_AUTH_SECRET_FILE must name a file that can be read: ")
	if strings.Contains(got[0], goodSecret) {
		t.Errorf("shows the secret: %s", got)
	}
}

// dotenv is a folder with this .env.
func dotenv(text string) fstest.MapFS {
	return fstest.MapFS{".env": {Data: []byte(text)}}
}

func TestDotenv(t *testing.T) {
	t.Parallel()
	dir := dotenv("\ufeff" + `
# a comment
API_PORT=9000
export API_HOST="127.0.0.1"
DB_POOL_SIZE=3 # few
LOG_LEVEL=
BETTER_AUTH_SECRET=$o$many$DOLLARS_in_$(this)_one_'${API_PORT}'
BETTER_AUTH_SECRETS='2:in single quotes nothing ${HAPPENS} ever,1:and # is no comment in here either'
AUTH_ISUER=typo
`)
	vars := with{"API_PORT": "9001", "API_HOST": "", "DB_POOL_SIZE_FILE": write(t, "size", "4\n")}

	c, err := load(func(name string) string { return vars[name] }, dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Port != 9001 || c.Host != "127.0.0.1" || c.Database.PoolSize != 4 || c.LogLevel != 0 {
		t.Errorf("got %+v", c)
	}
	if got, want := string(c.Auth.Secret), `$o$many$DOLLARS_in_$(this)_one_'9000'`; got != want {
		t.Errorf("secret is %s, want %s", got, want)
	}
	if got, want := string(c.Auth.RotatedSecrets[0]), "in single quotes nothing ${HAPPENS} ever"; got != want {
		t.Errorf("rotated secret is %s, want %s", got, want)
	}
	if got := strings.Join(c.Warnings, "\n"); !strings.Contains(got, "AUTH_ISUER in .env") {
		t.Errorf("warnings: %s", got)
	}
}

// mustRead returns the text of a file.
func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEnvFile: it takes the place of .env, also when secrets are read again, and has to be there.
func TestEnvFile(t *testing.T) {
	t.Parallel()
	path := write(t, "other.env", "API_PORT=9000\nBETTER_AUTH_SECRET="+goodSecret+"\nAUTH_ISUER=typo\n")
	vars := with{"API_HOST": "127.0.0.1"}
	getenv := func(name string) string { return vars[name] }
	c, err := LoadFile(getenv, path)
	if err != nil || c.Port != 9000 || c.Host != "127.0.0.1" || c.Auth.Secret != goodSecret {
		t.Fatalf("got %+v, %v", c, err)
	}
	if got := strings.Join(c.Warnings, "\n"); !strings.Contains(got, "AUTH_ISUER in "+path+" is no variable") {
		t.Errorf("warnings: %s", got)
	}
	if err := os.WriteFile(path, []byte("BETTER_AUTH_SECRET="+goodSecret+"2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = c.ReadSecrets(getenv); err != nil || c.Auth.Secret != goodSecret+"2" {
		t.Errorf("read again: %q, %v", string(c.Auth.Secret), err)
	}

	for _, missing := range []string{filepath.Join(t.TempDir(), "none.env"), t.TempDir()} {
		_, err = LoadFile(getenv, missing)
		if all, ok := errors.AsType[*Problems](err); !ok || !strings.HasPrefix(all.Error(), missing+" can't be read: ") {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

func TestBrokenDotenvIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"BETTER_AUTH_SECRET='" + goodSecret, "BETTER-AUTH-SECRET=" + goodSecret} {
		_, err := load(func(string) string { return "" }, dotenv(text))
		if err == nil || !strings.HasPrefix(err.Error(), ".env can't be read: ") || strings.Contains(err.Error(), "forty") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := load(func(string) string { return "" }, fstest.MapFS{".env/file": {}}); err == nil {
		t.Error("a folder was read as .env")
	}
}

func TestFieldNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, v := range variables(new(Config)) {
		if other := seen[v.field]; other != "" {
			t.Errorf("%s and %s are both in a field %s", v.name, other, v.field)
		}
		seen[v.field] = v.name
	}
}

func TestExampleShowsEveryVariableAndItsDefault(t *testing.T) {
	t.Parallel()
	var names []string
	values := with{}
	for line := range strings.Lines(mustRead(t, "../../.env.example")) {
		if !strings.HasPrefix(line, "#") && line != "\n" {
			t.Errorf("not commented out: %s", line)
		}
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if name = strings.TrimPrefix(name, "#"); ok && !strings.Contains(name, " ") {
			names = append(names, name)
			values[name] = value
		}
	}
	var want []string
	for _, v := range variables(new(Config)) {
		want = append(want, v.name)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("shown are\n%v\nthere are\n%v", names, want)
	}
	got := mustLoad(t, values)
	if changed := got.Changed(); changed != nil {
		t.Errorf("of the defaults %v are said to be changed", changed)
	}
	got.given = nil
	if want := mustLoad(t, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("with every line uncommented: %+v\nwithout: %+v", got, want)
	}
}
