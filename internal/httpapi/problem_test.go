package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/httpapi"
	"todod/internal/todo"
)

// wantProblem fails the test unless a is a whole problem of this status and code.
func wantProblem(t *testing.T, what string, a answer, status int, code string) object {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: status %d, want %d: %s", what, a.status, status, a.body)
	}
	p := decode[object](t, a)
	for key, want := range map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": json.Number(fmt.Sprint(status)),
		"error_code": code, "request_id": a.header.Get("X-Request-Id"),
	} {
		if p[key] != want {
			t.Errorf("%s: %s is %v, want %v", what, key, p[key], want)
		}
	}
	if detail, _ := p["detail"].(string); detail == "" || !wireTime.MatchString(fmt.Sprint(p["timestamp"])) {
		t.Errorf("%s: detail %q, timestamp %v", what, detail, p["timestamp"])
	}
	if contentType := a.header.Get("Content-Type"); contentType != "application/json" {
		t.Errorf("%s: Content-Type %q", what, contentType)
	}
	return p
}

func TestEveryErrorIsAProblem(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	big := `{"title":"x","description":"` + strings.Repeat("a", 64<<10) + `"}`
	for what, c := range map[string]struct {
		request
		status int
		code   string
	}{
		"no such path":        {request{method: "GET", path: "/nothing"}, 404, "RESOURCE_NOT_FOUND"},
		"no such page":        {request{method: "GET", path: "/app/assets/nothing"}, 404, "RESOURCE_NOT_FOUND"},
		"an unclean path":     {request{method: "GET", path: "//api/v1/tasks"}, 404, "RESOURCE_NOT_FOUND"},
		"dots":                {request{method: "GET", path: "/api/v1/../v1/tasks"}, 404, "RESOURCE_NOT_FOUND"},
		"escaped dots":        {request{method: "GET", path: "/api/v1/tasks/%2e%2e/tasks"}, 404, "RESOURCE_NOT_FOUND"},
		"a trailing slash":    {request{method: "GET", path: "/api/v1/tasks/"}, 404, "RESOURCE_NOT_FOUND"},
		"a wrong method":      {request{method: "DELETE", path: "/api/v1/tasks"}, 405, "METHOD_NOT_ALLOWED"},
		"a made-up method":    {request{method: "BREW", path: "/api/v1/tasks/1"}, 405, "METHOD_NOT_ALLOWED"},
		"a wrong method, doc": {request{method: "POST", path: "/docs"}, 405, "METHOD_NOT_ALLOWED"},
		"no token":            {request{method: "GET", path: "/api/v1/tasks"}, 401, "INVALID_CREDENTIALS"},
		"a missing task":      {request{method: "GET", path: "/api/v1/tasks/5", user: "ada"}, 404, "RESOURCE_NOT_FOUND"},
		"a bad field":         {request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{}`}, 400, "INVALID_REQUEST"},
		"too long a body":     {request{method: "POST", path: "/api/v1/tasks", user: "ada", body: big}, 413, "PAYLOAD_TOO_LARGE"},
		"a form": {
			request{method: "POST", path: "/api/v1/tasks", user: "ada", body: "title=x", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
		"no content type": {
			request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`, header: map[string]string{"Content-Type": ""}},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
		"another charset": {
			request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`, header: map[string]string{"Content-Type": "application/json; charset=latin1"}},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
		"a merge patch to PUT": {
			request{method: "PUT", path: "/api/v1/tasks/1", user: "ada", body: `{}`, header: map[string]string{"Content-Type": "application/merge-patch+json"}},
			415, "UNSUPPORTED_MEDIA_TYPE",
		},
	} {
		wantProblem(t, what, s.do(t, c.request), c.status, c.code)
	}
}

func TestAWrongMethodSaysWhichAreRight(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for path, want := range map[string]string{
		"/api/v1/tasks": "GET, HEAD, POST", "/api/v1/tasks/1": "DELETE, GET, HEAD, PATCH, PUT", "/health": "GET, HEAD",
		"/api/v1/tasks/1/toggle": "PATCH",
	} {
		if got := s.do(t, request{method: "OPTIONS", path: path}).want(t, 405).header.Get("Allow"); got != want {
			t.Errorf("%s: Allow %q, want %q", path, got, want)
		}
	}
}

func TestTheLongestBodyIsTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	body := `{"title":"x"` + strings.Repeat(" ", 64<<10-13) + `}`
	s.as(t, "ada", "POST", "/api/v1/tasks", body).want(t, http.StatusCreated)
	s.as(t, "ada", "POST", "/api/v1/tasks", body+" ").want(t, http.StatusRequestEntityTooLarge)
}

func TestAProblemIsOneOfRFC9457WhenAskedFor(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for accept, want := range map[string]string{
		"application/problem+json": "application/problem+json", "text/html, application/problem+json;q=0.5": "application/problem+json",
		"*/*": "application/json", "text/html": "application/json", "application/problem+xml": "application/json", "garbage;;": "application/json",
	} {
		for _, r := range []request{
			{method: "GET", path: "/nothing"}, {method: "GET", path: "/api/v1/tasks"},
			{method: "GET", path: "/api/v1/tasks/7", user: "ada"}, {method: "POST", path: "/api/v1/tasks", user: "ada", body: "{}"},
		} {
			r.header = map[string]string{"Accept": accept}
			if got := s.do(t, r).header.Get("Content-Type"); got != want {
				t.Errorf("%s %s with Accept %q: Content-Type %q, want %q", r.method, r.path, accept, got, want)
			}
		}
	}
}

// brokenStore fails in the way it is told to.
type brokenStore struct {
	store
	fail func() error
}

// Tasks implements todo.Store.
func (b brokenStore) Tasks(context.Context, todo.UserID, todo.Filter) (todo.Page, error) {
	return todo.Page{}, b.fail()
}

// Ready implements todo.Store.
func (b brokenStore) Ready(context.Context) error { return b.fail() }

func TestFailuresGiveNothingAway(t *testing.T) {
	t.Parallel()
	const inside = "pq: password for todod at db.internal"
	for name, c := range map[string]struct {
		fail   func() error
		status int
		code   string
		level  string
	}{
		"an unknown error": {func() error { return errors.New(inside) }, 500, "INTERNAL_ERROR", "ERROR"},
		"a panic":          {func() error { panic(inside) }, 500, "INTERNAL_ERROR", "ERROR"},
		"a database away": {
			func() error { return todo.ServiceUnavailable(errors.New(inside)) }, 503, "SERVICE_UNAVAILABLE", "ERROR",
		},
		"a long lock": {
			func() error {
				return &todo.Error{Code: todo.Conflict, Message: "wait", RetryAfter: 1500 * time.Millisecond, Cause: errors.New(inside)}
			}, 409, "CONFLICT_DETECTED", "INFO",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, brokenStore{fail: c.fail}, nil)
			a := s.as(t, "ada", "GET", "/api/v1/tasks", "")
			wantProblem(t, name, a, c.status, c.code)
			if strings.Contains(a.body, "pq:") || strings.Contains(a.body, "goroutine") {
				t.Errorf("the answer tells: %s", a.body)
			}
			if retry := a.header.Get("Retry-After"); (retry != "") != (c.status == 503 || c.status == 409) || retry == "0" {
				t.Errorf("Retry-After %q", retry)
			}
			s.Close() // until everything is logged
			if n := strings.Count(s.log.String(), inside); n != 1 && name != "a panic" || n == 0 {
				t.Errorf("the log names the cause %d times: %s", n, s.log)
			}
			if !strings.Contains(s.log.String(), `"level":"`+c.level+`"`) {
				t.Errorf("not logged as %s: %s", c.level, s.log)
			}
			if hasStack := strings.Contains(s.log.String(), `"stack":"goroutine`); hasStack != (c.status == 500) {
				t.Errorf("a stack in the log: %v", hasStack)
			}
		})
	}
}

// refusing registers nobody, for a reason of its own that is about no field.
type refusing struct{ account.Provider }

// Register implements account.Provider.
func (r refusing) Register(context.Context, account.Registration, account.Client) (account.SignedIn, error) {
	return account.SignedIn{}, &todo.Error{
		Code: todo.Invalid, Message: "Only members of the club can register", Cause: errors.New("a rule of the club"),
	}
}

// TestARefusalWithoutFieldsSaysWhy: what the service that registers people says goes out, and its cause goes to the log.
func TestARefusalWithoutFieldsSaysWhy(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) { cfg.Accounts = refusing{cfg.Accounts} })
	p := wantProblem(t, "refused", s.post(t, "/api/auth/register", `{"name":"x","email":"x@example.com","password":"long enough"}`),
		http.StatusBadRequest, "INVALID_REQUEST")
	if p["detail"] != "Only members of the club can register" || p["errors"] != nil {
		t.Errorf("detail %v, errors %v", p["detail"], p["errors"])
	}
	s.Close() // until it is logged
	if !strings.Contains(s.log.String(), "a rule of the club") {
		t.Errorf("the log doesn't say why: %s", s.log)
	}
}

// TestABodyThatBreaksOffIsTheClientsFault: neither a failure of ours nor worth a stack.
func TestABodyThatBreaksOffIsTheClientsFault(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for _, body := range []string{"zz\r\nx\r\n", "-1\r\n", "ffffffffffffffff0\r\n", "5\r\n{\"titXX"} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%s", mint(t, "ada"), body)
		_ = conn.(*net.TCPConn).CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		reply := make([]byte, 12)
		if _, err := io.ReadFull(conn, reply); err != nil || string(reply) != "HTTP/1.1 400" {
			t.Errorf("%q: got %q, %v", body, reply, err)
		}
		_ = conn.Close()
	}
	s.Close()
	if strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("logged as a failure: %s", s.log)
	}
}

// TestALostDatabaseIsNotTheClientsFault: its connection ends in the same way as a body does.
func TestALostDatabaseIsNotTheClientsFault(t *testing.T) {
	t.Parallel()
	s := newServer(t, brokenStore{fail: func() error { return todo.ServiceUnavailable(io.ErrUnexpectedEOF) }}, nil)
	wantProblem(t, "lost", s.as(t, "ada", "GET", "/api/v1/tasks", ""), http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
}

// TestASmallRequestHasNoLargeAnswer: what an answer repeats of a request is bounded.
func TestASmallRequestHasNoLargeAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	var keys, params strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&keys, `"unknown%d":1,`, i)
		fmt.Fprintf(&params, "u%d=1&", i)
	}
	for _, a := range []answer{
		s.as(t, "ada", "POST", "/api/v1/tasks", "{"+strings.TrimSuffix(keys.String(), ",")+"}"),
		s.as(t, "ada", "POST", "/api/v1/tasks", `{"`+strings.Repeat("k", 60000)+`":1}`),
		s.as(t, "ada", "GET", "/api/v1/tasks?"+params.String(), ""),
	} {
		if a.want(t, http.StatusBadRequest); len(a.body) > 5000 {
			t.Errorf("%d bytes", len(a.body))
		}
	}
}

// TestAnEndlessBodyIsCut: nobody reads more than the limit of a body that doesn't say how long it is.
func TestAnEndlessBodyIsCut(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", mint(t, "ada"))
	if err != nil {
		t.Fatal(err)
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 8192, strings.Repeat(" ", 8192))
	for range 12 {
		if _, err := io.WriteString(conn, chunk); err != nil {
			break // cut already
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	reply := make([]byte, 12)
	if _, err := io.ReadFull(conn, reply); err != nil || string(reply) != "HTTP/1.1 413" {
		t.Errorf("got %q, %v", reply, err)
	}
}
