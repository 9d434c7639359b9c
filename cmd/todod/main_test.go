package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"todod/internal/config"
	"todod/internal/logtest"
	"todod/internal/pgtest"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// environment is what getenv finds.
type environment map[string]string

// get is a getenv.
func (e environment) get(name string) string { return e[name] }

// isolated returns an environment whose server takes a free port of this machine, on a database of its own in a temporary
// folder, with more in it.
func isolated(t *testing.T, more environment) environment {
	t.Helper()
	env := environment{
		"API_HOST": "127.0.0.1", "API_PORT": "0", "BETTER_AUTH_SECRET": strings.Repeat("s", 32), "LOG_LEVEL": "DEBUG",
		"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "todod.db"), "RATE_LIMIT_ENABLED": "false",
	}
	for name, value := range more {
		env[name] = value
	}
	return env
}

// A process is todod serving.
type process struct {
	url    string
	out    *logtest.Output
	stop   context.CancelFunc
	result chan error
}

// listening finds the address in the line that a start logs.
var listening = regexp.MustCompile(`listens on ([0-9.:]+)`)

// schemes are how a server's URL begins without a certificate and with one.
var schemes = map[bool]string{false: "http://", true: "https://"}

// start serves with env until the test ends or stop is called.
func start(t *testing.T, env environment) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{out: &logtest.Output{}, stop: cancel, result: make(chan error, 1)}
	watchLog(t, env, p.out)
	go func() { p.result <- run(ctx, nil, env.get, p.out) }()
	t.Cleanup(func() { p.end(t) })
	waitFor(t, "the start", func() bool {
		at := listening.FindStringSubmatch(p.out.String())
		if at != nil {
			p.url = schemes[env["TLS_CERT_FILE"] != ""] + at[1]
		}
		return at != nil && status(p.url+"/health/readiness") == http.StatusOK
	})
	return p
}

// watchLog fails the test if what a server with env logs has something in it that no log may have.
func watchLog(t *testing.T, env environment, out *logtest.Output) {
	t.Helper()
	known := &logtest.Known{}
	known.Watch(t, out)
	learn := func() {
		for name, value := range env {
			known.Environment(name + "=" + value)
		}
	}
	learn()
	t.Cleanup(learn) // once more, as files may have changed
}

// end stops the server and fails the test unless it ended well.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.stop()
	if err, open := <-p.result; open {
		close(p.result)
		if err != nil {
			t.Errorf("serve: %v\n%s", err, p.out)
		}
	}
}

// waitFor waits until something has happened.
func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// status returns the status of a GET, 0 if there was no answer. It trusts every certificate.
func status(url string) int {
	resp, err := asksAnyone.Get(url) //nolint:noctx // the test's own server
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// tokenOf has todod mint a token.
func tokenOf(t *testing.T, env environment, user string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"token", "--user", user, "--email", user + "@example.com", "--ttl", "10m"}, env.get, &out); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// call sends a request with a token and returns its status and body.
func call(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func TestTasksSurviveARestart(t *testing.T) {
	t.Parallel()
	empty := pgtest.Empty(t)
	spelt := func(scheme string) string { return scheme + strings.TrimPrefix(empty, "postgres") }
	file := filepath.Join(t.TempDir(), "folder", "todod.db")
	for name, urls := range map[string][]string{
		"sqlite":   {"sqlite:" + file, "sqlite:///" + file},
		"postgres": {empty, spelt("postgresql"), spelt("postgresql+asyncpg"), spelt("postgresql+psycopg2"), spelt("postgresql+psycopg")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want string
			for i, url := range urls {
				env := isolated(t, environment{"DATABASE_URL": url})
				token := tokenOf(t, env, "alice")
				p := start(t, env)
				if i == 0 {
					code, body := call(t, "POST", p.url+"/api/v1/tasks", token, `{"title":"Buy milk"}`)
					if code != http.StatusCreated {
						t.Fatalf("status %d: %s", code, body)
					}
					want = "[" + body + "]"
				}
				if code, body := call(t, "GET", p.url+"/api/v1/tasks", token, ""); code != http.StatusOK || body != want {
					t.Errorf("%s: status %d, %s; want %s", url, code, body, want)
				}
				p.end(t)
			}
		})
	}
}

// TestNothingConfigured runs as a newcomer does, but for the port. It changes the folder and so runs alone.
func TestNothingConfigured(t *testing.T) {
	t.Chdir(t.TempDir())
	env := environment{"API_PORT": "0", "API_HOST": "127.0.0.1"}
	token := tokenOf(t, env, "alice")
	p := start(t, env)
	if code, body := call(t, "GET", p.url+"/api/v1/tasks", token, ""); code != http.StatusOK || body != "[]" {
		t.Errorf("status %d: %s", code, body)
	}
	if !strings.Contains(p.out.String(), "SQLite data/todod.db") || !strings.Contains(p.out.String(), "/docs") {
		t.Errorf("the start does not say what runs: %s", p.out)
	}
}

func TestProductionNamesEverythingMissing(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), nil, environment{"APP_ENV": "production"}.get, io.Discard)
	if err == nil || exitCode(err) != exitUsage {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL", "ALLOWED_ORIGINS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	port := taken.URL[strings.LastIndex(taken.URL, ":")+1:]
	for name, c := range map[string]struct {
		args []string
		env  environment
		want int
	}{
		"help of nothing":     {[]string{"help", "fly"}, nil, exitUsage},
		"an unknown command":  {[]string{"fly"}, nil, exitUsage},
		"an unknown flag":     {[]string{"serve", "--fast"}, nil, exitUsage},
		"a token of nobody":   {[]string{"token"}, nil, exitUsage},
		"a token of \"\"":     {[]string{"token", "--user", ""}, nil, exitUsage},
		"a token for no time": {[]string{"token", "--user", "a", "--ttl", "0s"}, nil, exitUsage},
		"a bad environment":   {nil, environment{"APP_ENV": "moon"}, exitUsage},
		"a bad number":        {[]string{"migrate"}, environment{"API_PORT": "abc"}, exitUsage},
		"no server":           {[]string{"healthcheck"}, environment{"API_PORT": "1"}, exitFailure},
		"not our server":      {[]string{"healthcheck"}, environment{"API_PORT": port}, exitFailure},
		"a port in use":       {nil, environment{"API_PORT": port}, exitFailure},
		"no database folder":  {[]string{"migrate"}, environment{"DATABASE_URL": "sqlite:/dev/null/x/todod.db"}, exitFailure},
	} {
		err := run(t.Context(), c.args, isolated(t, c.env).get, io.Discard)
		if err == nil || exitCode(err) != c.want {
			t.Errorf("%s: %v, want exit code %d", name, err, c.want)
		}
	}
	var problems *config.Problems
	if err := run(t.Context(), nil, environment{"APP_ENV": "moon", "API_PORT": "x"}.get, io.Discard); !errors.As(err, &problems) || len(problems.Unwrap()) != 2 {
		t.Errorf("not all problems at once: %v", err)
	}
}

// TestAPortThatIsTaken: who reads the error knows which variable to set to what.
func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	port := taken.URL[strings.LastIndex(taken.URL, ":")+1:]
	for _, name := range []string{"API_PORT", "METRICS_PORT"} {
		err := run(t.Context(), nil, isolated(t, environment{name: port}).get, io.Discard)
		want := regexp.MustCompile("^" + name + ": port " + port + " is taken, .*set " + name + " to another port, such as " + name + `=\d+: `)
		if err == nil || exitCode(err) != exitFailure || !want.MatchString(err.Error()) {
			t.Errorf("%v", err)
		}
	}
}

func TestSmallCommands(t *testing.T) {
	t.Parallel()
	env := isolated(t, nil)
	for _, c := range []struct{ args, want string }{
		{"version", `^todod \d+\.\d+\.\d+ \(.*, go1`},
		{"openapi", `"openapi": "3.1`},
		{"--version", `^todod \d+\.\d+\.\d+ \(.*, go1`},
		{"--help", "healthcheck"},
		{"-h", "healthcheck"},
		{"help", "healthcheck"},
		{"help token", "--user"},
		{"help user create", "--email"},
		{"help help", "how a command is used"},
		{"doctor", "(?s)ok .*warn .*migrations have not run"},
		{"migrate", `[1-9]\d* migrations run`},
		{"migrate", " 0 migrations run"},
		{"doctor", "ok    all migrations have run"},
		{"token --user alice", `^[\w-]+\.[\w-]+\.[\w-]+\n$`},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(c.args), env.get, &out); err != nil || !regexp.MustCompile(c.want).Match(out.Bytes()) {
			t.Errorf("%s: %v, %s", c.args, err, &out)
		}
	}
}

// TestEnvFile: any command reads it instead of .env, and ends if it isn't there.
func TestEnvFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, path := filepath.Join(folder, "todod.db"), filepath.Join(folder, "my.env")
	if err := os.WriteFile(path, []byte("DATABASE_URL=sqlite:"+file+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"migrate", "--env-file", path}, environment{}.get, &out); err != nil || !strings.Contains(out.String(), file) {
		t.Errorf("%v, %s", err, &out)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"migrate"}, {"serve"}, {"doctor"}, {"version"}, {"token", "--user", "ada"}} {
		err := run(t.Context(), append(args, "--env-file="+filepath.Join(folder, "other.env")), environment{}.get, io.Discard)
		if err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "env-file") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestHealthcheckFindsTheServer(t *testing.T) {
	t.Parallel()
	env := isolated(t, nil)
	p := start(t, env)
	env["API_PORT"] = p.url[strings.LastIndex(p.url, ":")+1:]
	env["API_HOST"] = "0.0.0.0"
	if err := run(t.Context(), []string{"healthcheck"}, env.get, io.Discard); err != nil {
		t.Error(err)
	}
}

// TestADatabaseThatIsAwayDoesNotStopTheStart: the API is there, says that it isn't ready, and begins to work by itself.
func TestADatabaseThatIsAwayDoesNotStopTheStart(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"DATABASE_URL": "postgres://nobody:hunter2@127.0.0.1:1/none?sslmode=disable&connect_timeout=1", "DB_POOL_TIMEOUT": "1s"})
	ctx, cancel := context.WithCancel(t.Context())
	out, result := &logtest.Output{}, make(chan error, 1)
	watchLog(t, env, out)
	go func() { result <- run(ctx, nil, env.get, out) }()
	var url string
	waitFor(t, "the start", func() bool {
		if at := listening.FindStringSubmatch(out.String()); at != nil {
			url = "http://" + at[1]
		}
		return url != "" && status(url+"/health/liveness") == http.StatusOK
	})
	if got := status(url + "/health/readiness"); got != http.StatusServiceUnavailable {
		t.Errorf("readiness: %d", got)
	}
	if code, body := call(t, "GET", url+"/api/v1/tasks", tokenOf(t, env, "alice"), ""); code != http.StatusServiceUnavailable {
		t.Errorf("status %d: %s", code, body)
	}
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
}
