package test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"todod/internal/pgtest"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// binary builds todod once and returns its path: in the project's bin folder, as the next run can use it again.
var binary = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs("../bin/todod-under-test")
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", path, "todod/cmd/todod").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// command returns todod with args, in a folder and an environment of its own.
func command(t *testing.T, folder string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build todod: %v", err)
	}
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Dir = folder
	cmd.Env = append([]string{"API_HOST=127.0.0.1", "API_PORT=0", "RATE_LIMIT_ENABLED=false"}, env...)
	return cmd
}

// output is what a process prints, to be read while it runs.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns what was printed.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// A process is a todod that serves, or a program that it works with.
type process struct {
	*exec.Cmd
	url  string // of a todod
	out  *output
	done chan struct{} // closed when it has ended
}

// listening finds the address in the line that a start logs.
var listening = regexp.MustCompile(`listens on ([0-9.:]+)`)

// start serves from folder until the test ends.
func start(t *testing.T, folder string, env ...string) *process {
	t.Helper()
	p := run(t, command(t, folder, env))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if at := listening.FindStringSubmatch(p.out.String()); at != nil {
			p.url = "http://" + at[1]
			resp, err := send(http.DefaultClient, http.MethodGet, p.url+"/health/readiness", "", "")
			if err == nil && resp.StatusCode == http.StatusOK {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("todod did not start:\n%s", p.out)
		}
	}
}

// run starts a process that runs until it is told to end, or the test ends.
func run(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, out: &output{}, done: make(chan struct{})}
	p.Stdout, p.Stderr = p.out, p.out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // the exit code is looked at by who waits for done
		close(p.done)
	}()
	t.Cleanup(func() { p.signal(t, syscall.SIGKILL) })
	return p
}

// signal sends a signal and returns the exit code once the process has ended.
func (p *process) signal(t *testing.T, s syscall.Signal) int {
	t.Helper()
	_ = p.Process.Signal(s) // it may have ended
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not end:\n%s", filepath.Base(p.Path), p.out)
	}
	return p.ProcessState.ExitCode()
}

// send sends a request and returns the answer with its whole body read.
func send(client *http.Client, method, url, token, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp, err
}

// token has todod mint a token of a user.
func token(t *testing.T, folder string, env []string, user string) string {
	t.Helper()
	out, err := command(t, folder, env, "token", "--user", user).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// onBothStores runs a test with the environment of each store.
func onBothStores(t *testing.T, test func(t *testing.T, folder string, env []string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, t.TempDir(), nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, t.TempDir(), []string{"DATABASE_URL=" + pgtest.Empty(t)})
	})
}

// keepCreating makes tasks with several clients until none gets an answer any more, and returns how many were answered
// with 201. allowed says which errors may end a client.
func keepCreating(t *testing.T, url, token string, allowed func(error) bool) (answered func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				resp, err := send(client, http.MethodPost, url+"/api/v1/tasks", token, `{"title":"x"}`)
				switch {
				case err != nil && allowed(err):
					return
				case err != nil:
					t.Errorf("no answer: %v", err)
					return
				case resp.StatusCode != http.StatusCreated:
					t.Errorf("status %d", resp.StatusCode)
					return
				}
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	return func() int { clients.Wait(); return n }
}

// countTasks returns how many tasks a user has.
func countTasks(t *testing.T, p *process, token string) int {
	t.Helper()
	resp, err := send(http.DefaultClient, http.MethodGet, p.url+"/api/v1/tasks?limit=1&count=true", token, "")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(resp.Header.Get("X-Total-Count"))
	if err != nil {
		t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	return n
}

// TestSIGTERMAnswersWhatIsUnderWay: no request that was taken is left without its answer, and todod exits with 0.
func TestSIGTERMAnswersWhatIsUnderWay(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		p := start(t, folder, env...)
		ada := token(t, folder, env, "ada")
		answered := keepCreating(t, p.url, ada, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) })
		time.Sleep(300 * time.Millisecond)
		if code := p.signal(t, syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.out)
		}
		n := answered()
		if got := countTasks(t, start(t, folder, env...), ada); got != n || n == 0 {
			t.Errorf("%d creates were answered, %d were made", n, got)
		}
	})
}

// TestSIGKILLLosesNothingAnswered: what was answered is there afterwards; at most what was under way is there, too.
func TestSIGKILLLosesNothingAnswered(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		p := start(t, folder, env...)
		ada := token(t, folder, env, "ada")
		answered := keepCreating(t, p.url, ada, func(error) bool { return true })
		time.Sleep(300 * time.Millisecond)
		p.signal(t, syscall.SIGKILL)
		n := answered()
		if got := countTasks(t, start(t, folder, env...), ada); got < n || got > n+16 || n == 0 {
			t.Errorf("%d creates were answered, %d were made", n, got)
		}
	})
}

// TestASecondSignalEndsItAtOnce: an operator who is in a hurry does not wait for a request that never ends.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	_ = p.Process.Signal(syscall.SIGINT)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(p.out.String(), "stopping"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the first signal does nothing")
		}
	}
	if code := p.signal(t, syscall.SIGINT); code == 0 {
		t.Errorf("exit code %d:\n%s", code, p.out)
	}
}

// TestABadConfigurationIsSaidOnStandardError: all of it at once, with exit code 2.
func TestABadConfigurationIsSaidOnStandardError(t *testing.T) {
	t.Parallel()
	cmd := command(t, t.TempDir(), []string{"APP_ENV=production", "LOG_LEVEL=loud"})
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || stdout.Len() != 0 {
		t.Errorf("%v, standard output %q", err, &stdout)
	}
	for _, name := range []string{"DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL", "ALLOWED_ORIGINS", "LOG_LEVEL"} {
		if !strings.Contains(stderr.String(), name) {
			t.Errorf("%s is not named: %s", name, &stderr)
		}
	}
}

// TestReplicasThatStartTogetherMigrateOnce: of three on an empty database, one does the work, and all are ready.
func TestReplicasThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	env := "DATABASE_URL=" + pgtest.Empty(t)
	replicas := make([]*process, 3)
	var all sync.WaitGroup
	for i := range replicas {
		folder := t.TempDir()
		all.Go(func() { replicas[i] = start(t, folder, env, "BETTER_AUTH_SECRET="+strings.Repeat("s", 32)) })
	}
	all.Wait()
	worked := 0
	for _, p := range replicas {
		if p == nil {
			t.Fatal("a replica did not start")
		}
		if !strings.Contains(p.out.String(), `"migrations_run":0`) {
			worked++
		}
	}
	if worked != 1 {
		t.Errorf("%d replicas ran migrations", worked)
	}
}
