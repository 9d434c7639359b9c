package test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

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
	out, err := tododtest.Command(t, folder, env, "token", "--user", user).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// signed returns a token of a user under a secret. Tests with many people take it: a process for each is slow.
func signed(secret, user string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(`{"alg":"HS256"}`)) + "." + b64(fmt.Appendf(nil, `{"sub":%q,"exp":%d}`, user, time.Now().Add(time.Hour).Unix()))
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

// manysSecret signs the tokens of many.
var manysSecret = strings.Repeat("of many ", 4)

// onBothStores runs a test with the environment of each store.
func onBothStores(t *testing.T, test func(t *testing.T, folder string, env []string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Folder(t), nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, t.TempDir(), []string{"DATABASE_URL=" + pgtest.Empty(t)})
	})
}

// keepCreating makes tasks with several clients until none gets an answer any more, and returns when the first is made: a function
// that waits for the end and returns how many were answered with 201. allowed says which errors may end a client.
func keepCreating(t *testing.T, url, token string, allowed func(error) bool) (answered func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	begun := make(chan struct{})
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
				if n++; n == 1 {
					close(begun)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-begun:
	case <-time.After(30 * time.Second):
		t.Error("no task is made")
	}
	return func() int { clients.Wait(); return n }
}

// countTasks returns how many tasks a user has.
func countTasks(t *testing.T, p *tododtest.Process, token string) int {
	t.Helper()
	resp, err := send(http.DefaultClient, http.MethodGet, p.URL+"/api/v1/tasks?limit=1&count=true", token, "")
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
		p := tododtest.Start(t, folder, env...)
		ada := token(t, folder, env, "ada")
		answered := keepCreating(t, p.URL, ada, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) })
		time.Sleep(300 * time.Millisecond)
		if code := p.Signal(t, syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.Out)
		}
		n := answered()
		if got := countTasks(t, tododtest.Start(t, folder, env...), ada); got != n || n == 0 {
			t.Errorf("%d creates were answered, %d were made", n, got)
		}
	})
}

// TestSIGKILLLosesNothingAnswered: what was answered is there afterwards; at most what was under way is there, too.
func TestSIGKILLLosesNothingAnswered(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		p := tododtest.Start(t, folder, env...)
		ada := token(t, folder, env, "ada")
		answered := keepCreating(t, p.URL, ada, func(error) bool { return true })
		time.Sleep(300 * time.Millisecond)
		p.Signal(t, syscall.SIGKILL)
		n := answered()
		if got := countTasks(t, tododtest.Start(t, folder, env...), ada); got < n || got > n+16 || n == 0 {
			t.Errorf("%d creates were answered, %d were made", n, got)
		}
	})
}

// TestASecondSignalEndsItAtOnce: an operator who is in a hurry does not wait for a request that never ends.
func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	p := tododtest.Start(t, t.TempDir())
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const want = "HTTP/1.1 100 Continue\r\n" // the body is being waited for
	said := make([]byte, len(want))
	_, err = io.WriteString(conn, "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	if _, readErr := io.ReadFull(conn, said); err != nil || readErr != nil || string(said) != want {
		t.Fatalf("%v, %v: %q", err, readErr, said)
	}
	_ = p.Process.Signal(syscall.SIGINT)
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(p.Out.String(), "stopping"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the first signal does nothing")
		}
	}
	if code := p.Signal(t, syscall.SIGINT); code == 0 {
		t.Errorf("exit code %d:\n%s", code, p.Out)
	}
}

// TestABadConfigurationIsSaidOnStandardError: all of it at once, with exit code 2.
func TestABadConfigurationIsSaidOnStandardError(t *testing.T) {
	t.Parallel()
	cmd := tododtest.Command(t, t.TempDir(), []string{"APP_ENV=production", "LOG_LEVEL=loud"})
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
	replicas := make([]*tododtest.Process, 3)
	var all sync.WaitGroup
	for i := range replicas {
		folder := t.TempDir()
		all.Go(func() { replicas[i] = tododtest.Start(t, folder, env, "BETTER_AUTH_SECRET="+strings.Repeat("s", 32)) })
	}
	all.Wait()
	worked := 0
	for _, p := range replicas {
		if p == nil {
			t.Fatal("a replica did not start")
		}
		if !strings.Contains(p.Out.String(), `"migrations_run":0`) {
			worked++
		}
	}
	if worked != 1 {
		t.Errorf("%d replicas ran migrations", worked)
	}
}
