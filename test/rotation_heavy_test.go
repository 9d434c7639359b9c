//go:build heavy

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"todod/test/tododtest"
)

// rotated is a todod whose secrets change under load.
type rotated struct {
	*tododtest.Process
	file string // of the secrets

	retired sync.Map // secrets, as keys, that may be gone: what they signed may be refused
	served  atomic.Int64
	renewed atomic.Int64 // sign-ins and refreshes
}

// post sends JSON, and returns the status and the tokens in the answer.
func (r *rotated) post(path, body string) (status int, token, refresh string, err error) {
	resp, err := http.Post(r.URL+path, "application/json", strings.NewReader(body)) //nolint:noctx // the test's own server
	if err != nil {
		return 0, "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var tokens struct{ Token, RefreshToken string }
	data, err := io.ReadAll(resp.Body)
	_ = json.Unmarshal(data, &tokens)
	return resp.StatusCode, tokens.Token, tokens.RefreshToken, err
}

// status returns the status of a request with a token.
func (r *rotated) status(t *testing.T, method, path, token, body string) int {
	resp, err := send(http.DefaultClient, method, r.URL+path, token, body)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return 0
	}
	return resp.StatusCode
}

// useSecret reads and writes with a token under secret until ctx ends or the secret is refused, which it may only be once
// it is retired.
func (r *rotated) useSecret(ctx context.Context, t *testing.T, secret, user string) {
	token := signed(secret, user)
	for i := 0; ctx.Err() == nil; i++ {
		method, body := http.MethodGet, ""
		if i%2 == 0 {
			method, body = http.MethodPost, `{"title":"while secrets change"}`
		}
		switch status := r.status(t, method, "/api/v1/tasks", token, body); status {
		case http.StatusOK, http.StatusCreated:
			r.served.Add(1)
		case http.StatusUnauthorized:
			if _, may := r.retired.Load(secret); !may {
				t.Error("a token was refused while its secret was configured")
			}
			return
		default:
			t.Errorf("%s: status %d", method, status)
			return
		}
	}
}

// signInAndOn registers, then refreshes and signs in again and again until ctx ends, and uses what it gets. An access token
// is only refused if its secret went in between: so one of two in a row is good.
func (r *rotated) signInAndOn(ctx context.Context, t *testing.T, name string) {
	who := fmt.Sprintf(`{"name":%q,"email":"%[1]s@example.com","password":"analytical engine"}`, name)
	status, _, refresh, err := r.post("/api/auth/register", who)
	if status != http.StatusCreated || err != nil {
		t.Errorf("register: status %d, %v", status, err)
		return
	}
	first := refresh
	for i := 0; ctx.Err() == nil; i++ {
		for try := range 2 {
			path, body := "/api/auth/refresh", fmt.Sprintf(`{"refreshToken":%q}`, first)
			if i%10 == 9 {
				path, body = "/api/auth/login", who
			}
			status, token, _, err := r.post(path, body)
			if status != http.StatusOK || err != nil {
				t.Errorf("%s: status %d, %v", path, status, err)
				return
			}
			r.renewed.Add(1)
			got := r.status(t, http.MethodGet, "/api/v1/tasks", token, "")
			if got == http.StatusOK {
				break
			}
			if got != http.StatusUnauthorized || try == 1 {
				t.Errorf("a new token: status %d", got)
				return
			}
		}
	}
}

// write writes the secrets file in one of the ways in which that is done.
func (r *rotated) write(t *testing.T, way int, text string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	switch way % 3 {
	case 0: // in place
		must(os.WriteFile(r.file, []byte(text), 0o600))
	case 1: // another file in its place
		must(os.WriteFile(r.file+".new", []byte(text), 0o600))
		must(os.Rename(r.file+".new", r.file))
	case 2: // as Kubernetes does it: the file is reached through a link to a folder, which is replaced
		folder := filepath.Join(filepath.Dir(r.file), fmt.Sprintf("..%d", time.Now().UnixNano()))
		must(os.Mkdir(folder, 0o700))
		must(os.WriteFile(filepath.Join(folder, "secrets"), []byte(text), 0o600))
		must(os.Symlink(filepath.Join(folder, "secrets"), r.file+".link"))
		must(os.Rename(r.file+".link", r.file))
	}
}

// until waits for token to get this status, and returns after how long.
func (r *rotated) until(t *testing.T, token string, status int) time.Duration {
	t.Helper()
	for start := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		if r.status(t, http.MethodGet, "/api/v1/tasks?limit=1", token, "") == status {
			return time.Since(start)
		}
		if time.Since(start) > 30*time.Second {
			t.Fatalf("no status %d", status)
		}
	}
}

// TestSecretsRotateUnderLoad: a new secret is added, then signs, and then the old one is removed, again and again, by
// changing a file and by SIGHUP. Nothing fails but tokens of a secret that is gone. How long that takes is printed.
func TestSecretsRotateUnderLoad(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		name := func(i int) string { return fmt.Sprintf("secret number %d of thirty-two bytes", i) }
		r := &rotated{file: filepath.Join(t.TempDir(), "secrets")}
		r.write(t, 0, "0:"+name(0))
		r.Process = tododtest.Start(t, folder, append(env, "BETTER_AUTH_SECRETS_FILE="+r.file, "MAX_TASKS_PER_USER=1000000")...)
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		begin := func(secret string) {
			for i := range 3 {
				all.Go(func() { r.useSecret(ctx, t, secret, fmt.Sprintf("user%d", i)) })
			}
		}
		begin(name(0))
		for i := range 2 {
			all.Go(func() { r.signInAndOn(ctx, t, fmt.Sprintf("person%d", i)) })
		}
		_, _, before, err := r.post("/api/auth/register", `{"name":"Eve","email":"eve@example.com","password":"analytical engine"}`)
		if err != nil {
			t.Fatal(err)
		}

		var slowest [2]time.Duration
		for i := 1; i <= rotations; i++ {
			older, newer := name(i-1), name(i)
			both, swapped, alone := fmt.Sprintf("%d:%s,%d:%s", i-1, older, i, newer), fmt.Sprintf("%d:%s,%d:%s", i, newer, i-1, older), fmt.Sprintf("%d:%s", i, newer)
			stream, err := listen(ctx, r.URL, signed(older, "listener"), "")
			if err != nil {
				t.Fatal(err)
			}
			r.write(t, i, both)
			added := r.until(t, signed(newer, "ada"), http.StatusOK)
			begin(newer)
			r.write(t, i+1, swapped)
			time.Sleep(700 * time.Millisecond) // both are good for a while
			keeping, err := listen(ctx, r.URL, signed(newer, "listener"), "")
			if err != nil {
				t.Fatal(err)
			}
			r.retired.Store(older, true)
			r.write(t, i+2, alone)
			if i%3 == 0 && runtime.GOOS != "windows" {
				_ = r.Process.Process.Signal(syscall.SIGHUP)
			}
			removed := r.until(t, signed(older, "ada"), http.StatusUnauthorized)
			slowest = [2]time.Duration{max(slowest[0], added), max(slowest[1], removed)}
			if e, err := stream.Next(); err != nil || e.Name != "expired" {
				t.Errorf("the stream under the old secret: %+v, %v", e, err)
			}
			stream.Close()
			if status := r.status(t, http.MethodPost, "/api/v1/tasks", signed(newer, "listener"), `{"title":"heard"}`); status != http.StatusCreated {
				t.Errorf("status %d", status)
			}
			if e, err := keeping.Next(); err != nil || e.Name != "created" {
				t.Errorf("the stream under the new secret: %+v, %v", e, err)
			}
			keeping.Close()
		}
		if status, _, _, err := r.post("/api/auth/refresh", fmt.Sprintf(`{"refreshToken":%q}`, before)); status != http.StatusOK || err != nil {
			t.Errorf("who signed in before all of it can't refresh: status %d, %v", status, err)
		}
		stop()
		all.Wait()
		if r.served.Load() == 0 || r.renewed.Load() == 0 {
			t.Error("there was no load")
		}
		if code := r.Signal(t, syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d", code)
		}
		t.Logf("%d rotations under %d requests and %d sign-ins and refreshes: a new secret is good after %d ms, an old one refused after %d ms at most",
			rotations, r.served.Load(), r.renewed.Load(), slowest[0].Milliseconds(), slowest[1].Milliseconds())
		if strings.Contains(r.Out.String(), "secret number") {
			t.Error("the log has a secret in it")
		}
	})
}

// TestSIGHUPReadsDotenv: the environment of a process can't change, but .env can.
func TestSIGHUPReadsDotenv(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(secret string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, ".env"), []byte("BETTER_AUTH_SECRET='"+secret+"'\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	older, newer := strings.Repeat("o", 32), strings.Repeat("n", 32)
	write(older)
	r := &rotated{Process: tododtest.Start(t, folder)}
	hangUp := func(says string) {
		t.Helper()
		n := strings.Count(r.Out.String(), says)
		if err := r.Process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); strings.Count(r.Out.String(), says) == n; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("it does not say %s:\n%s", says, r.Out)
			}
		}
	}
	hangUp("secrets.unchanged")
	r.until(t, signed(older, "ada"), http.StatusOK)
	write(newer)
	hangUp("secrets.changed")
	r.until(t, signed(newer, "ada"), http.StatusOK)
	r.until(t, signed(older, "ada"), http.StatusUnauthorized)
	if err := os.WriteFile(filepath.Join(folder, ".env"), []byte("BETTER_AUTH_SECRET='broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp("secrets.refused")
	r.until(t, signed(newer, "ada"), http.StatusOK)
	if code := r.Signal(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
