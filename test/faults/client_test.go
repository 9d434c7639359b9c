package faults

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long a client waits for an answer, and goes on retrying: generous, as machines are shared.
const patience = 60 * time.Second

// A client is one program of one user.
type client struct {
	http  *http.Client
	url   func() string // where to send the next request
	token string
}

// newClient returns a client of user that sends each request to what url returns. It ends with t.
func newClient(t *testing.T, user string, url func() string) *client {
	t.Helper()
	c := &client{url: url, token: mint(user), http: &http.Client{
		Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 4},
	}}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// mint returns a token of user, signed with secret.
func mint(user string) string {
	part := base64.RawURLEncoding.EncodeToString
	now := time.Now().Unix()
	signed := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." +
		part(fmt.Appendf(nil, `{"sub":%q,"iat":%d,"exp":%d}`, user, now, now+3600))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + part(mac.Sum(nil))
}

// A request is what a client wants.
type request struct {
	method, path, body string
	key                string // "" for none
	ifMatch            string // "" for none
	ifNoneMatch        string // "" for none
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// A task is what tests look at in an answer.
type task struct {
	ID        int64  `json:"id"`
	Title     string `json:"title"`
	Completed bool   `json:"completed"`
	Version   int64  `json:"version"`
}

// send sends r once. An error says that there was no answer, or only a part of one.
func (c *client) send(r request) (answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), r.method, c.url()+r.path, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	if r.body == "" {
		req.Body, req.GetBody = http.NoBody, nil
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	for name, value := range map[string]string{"Idempotency-Key": r.key, "If-Match": r.ifMatch, "If-None-Match": r.ifNoneMatch} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	return readAnswer(resp)
}

// readAnswer reads all of an answer.
func readAnswer(resp *http.Response) (answer, error) {
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// get reads path, which must be answered with 200.
func (c *client) get(t *testing.T, path string) answer {
	t.Helper()
	return c.want(t, http.StatusOK, request{method: http.MethodGet, path: path})
}

// want sends r, which must be answered with status. If it isn't, t has failed.
func (c *client) want(t *testing.T, status int, r request) answer {
	t.Helper()
	a, err := c.send(r)
	if err != nil || a.status != status {
		t.Errorf("%s %s %s: status %d, %v, want %d: %s", r.method, r.path, r.body, a.status, err, status, a.body)
	}
	return a
}

// create makes a task and returns it.
func (c *client) create(t *testing.T, title string) task {
	t.Helper()
	a := c.want(t, http.StatusCreated, request{method: http.MethodPost, path: "/api/v1/tasks", body: fmt.Sprintf(`{"title":%q}`, title)})
	return a.task(t)
}

// untilAnswered sends r, which has a key, again and again until it is answered by something else than "later", and counts
// the attempts.
func (c *client) untilAnswered(t *testing.T, r request) (a answer, attempts int) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		attempts++
		a, err = c.send(r)
		if err == nil && !a.later() {
			return a, attempts
		}
	}
	t.Errorf("%s %s is never answered: status %d, %v: %s", r.method, r.path, a.status, err, a.body)
	return a, attempts
}

// later reports whether a asks the client to come back.
func (a answer) later() bool {
	switch a.status {
	case http.StatusServiceUnavailable, http.StatusConflict, http.StatusTooManyRequests:
		return a.header.Get("Retry-After") != ""
	}
	return false
}

// replayed reports whether a is what an earlier request was answered.
func (a answer) replayed() bool { return a.header.Get("Idempotency-Replayed") == "true" }

// task returns the task in a, if there is one.
func (a answer) task(t *testing.T) task {
	t.Helper()
	var got task
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Errorf("%v: %s", err, a.body)
		}
	}
	return got
}

// essence returns what a retry must find as it was.
func (a answer) essence() string {
	return fmt.Sprintf("%d ETag %s Location %s\n%s", a.status, a.header.Get("ETag"), a.header.Get("Location"), a.body)
}

// all returns the caller's tasks by id, as they are on the wire, page by page.
func (c *client) all(t *testing.T) map[int64]string {
	t.Helper()
	tasks := map[int64]string{}
	for path := "/api/v1/tasks?limit=1000"; path != ""; {
		a := c.get(t, path)
		if a.status != http.StatusOK {
			t.Fatal("the tasks can't be read")
		}
		for _, raw := range a.items(t) {
			tasks[answer{body: string(raw)}.task(t).ID] = string(raw)
		}
		path = a.next()
	}
	return tasks
}

// items returns the elements of the array in a, as they are on the wire.
func (a answer) items(t *testing.T) []json.RawMessage {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Errorf("%v: %s", err, a.body)
	}
	return list
}

// next returns the path of the page after a, "" for none.
func (a answer) next() string {
	link, _, _ := strings.Cut(a.header.Get("Link"), ">")
	return strings.TrimPrefix(link, "<")
}

// etag returns the entity tag of a version.
func etag(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }
