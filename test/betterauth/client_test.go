//go:build heavy

package betterauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/betterauthtest"
	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// TestMain runs more tests at once than there are cores: most of them wait.
func TestMain(m *testing.M) { pgtest.Main(m) }

// An answer of todod, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// task is what these tests look at in a task.
type task struct {
	ID        int64  `json:"id"`
	UserID    string `json:"user_id"`
	Title     string `json:"title"`
	Completed bool   `json:"completed"`
}

// send sends a request with a bearer token to todod. It may be called from any goroutine.
func send(todod *tododtest.Process, token, method, path, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, todod.URL+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(content)}, err
}

// want sends a request and decodes the answer, whose status must be want, into result, if there is one.
func want(t *testing.T, todod *tododtest.Process, token, method, path, body string, want int, result any) {
	t.Helper()
	got := must(t, func() (answer, error) { return send(todod, token, method, path, body) })
	if got.status != want {
		t.Fatalf("%s %s: %d %s, want %d\n%s", method, path, got.status, got.body, want, todod.Out)
	}
	if result == nil {
		return
	}
	decode(t, got.body, result)
}

// decode reads JSON into result, or ends the test.
func decode(t *testing.T, doc string, result any) {
	t.Helper()
	if err := json.Unmarshal([]byte(doc), result); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
}

// kid returns the kid of a JWT, "" of anything else.
func kid(token string) string {
	header, _, _ := strings.Cut(token, ".")
	doc, err := base64.RawURLEncoding.DecodeString(header)
	var members struct{ Kid string }
	if err != nil || json.Unmarshal(doc, &members) != nil {
		return ""
	}
	return members.Kid
}

// must returns what do returns, or ends the test.
func must[T any](t *testing.T, do func() (T, error)) T {
	t.Helper()
	result, err := do()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// serve starts todod on SQLite behind an instance, with further settings.
func serve(t *testing.T, instance *betterauthtest.Instance, env ...string) *tododtest.Process {
	t.Helper()
	return tododtest.Start(t, t.TempDir(), append(instance.Env(), env...)...)
}

// canWork has a user create, list and toggle a task with a token, and looks whether it is theirs and theirs alone.
func canWork(t *testing.T, todod *tododtest.Process, token, user string) {
	t.Helper()
	title := fmt.Sprintf("of %s, %s", user, t.Name())
	var made, toggled task
	want(t, todod, token, http.MethodPost, "/api/v1/tasks", must(t, func() (string, error) {
		body, err := json.Marshal(map[string]string{"title": title})
		return string(body), err
	}), http.StatusCreated, &made)
	if made.UserID != user || made.Title != title {
		t.Errorf("made %+v, want one of user %s", made, user)
	}
	want(t, todod, token, http.MethodPatch, fmt.Sprintf("/api/v1/tasks/%d/toggle", made.ID), "", http.StatusOK, &toggled)
	if toggled.ID != made.ID || !toggled.Completed {
		t.Errorf("toggled %+v of %+v", toggled, made)
	}
	var all []task
	want(t, todod, token, http.MethodGet, "/api/v1/tasks", "", http.StatusOK, &all)
	found := false
	for _, one := range all {
		found = found || one == toggled
		if one.UserID != user {
			t.Errorf("user %s was shown %+v", user, one)
		}
	}
	if !found {
		t.Errorf("the list of user %s lacks %+v: %+v", user, toggled, all)
	}
}

// addresses counts the e-mail addresses in use.
var addresses atomic.Int64

// address returns an e-mail address that nobody has.
func address(person string) string {
	return fmt.Sprintf("%s.%d@example.com", person, addresses.Add(1))
}
