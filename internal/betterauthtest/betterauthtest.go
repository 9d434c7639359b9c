// Package betterauthtest gives tests the real Better Auth: a Node process (server/server.mjs) that runs one instance for
// each way of setting it up, in memory, on free ports of 127.0.0.1.
//
// A machine without Node fails the test: nothing is skipped. As plain `go test` must do without Node, tests that use this
// package have the build tag heavy. Only tests import it.
package betterauthtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"todod/internal/nodetest"
)

// patience bounds every request.
const patience = time.Minute

// A Server is a process that runs all instances.
type Server struct {
	instances map[string]*Instance
}

// An Instance is one Better Auth with a secret, keys and users of its own.
type Instance struct {
	Name   string
	URL    string // its origin
	API    string // where its routes begin: URL and /api/auth, unless set up otherwise
	Secret string
	Old    string // a secret on its way out, or ""

	control string
}

// Start runs a fresh server until t ends. It is safe in parallel tests.
func Start(t testing.TB) *Server {
	t.Helper()
	var ready struct {
		Control   string
		Instances map[string]*Instance
	}
	if err := json.Unmarshal([]byte(nodetest.Run(t, folder(t), "server.mjs")), &ready); err != nil {
		t.Fatalf("betterauthtest: %v", err)
	}
	for name, instance := range ready.Instances {
		instance.Name = name
		instance.control = ready.Control + "/" + name
	}
	return &Server{instances: ready.Instances}
}

// folder returns the folder of the Node program.
func folder(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("betterauthtest: the folder of the server is not known")
	}
	return filepath.Join(filepath.Dir(file), "server")
}

// Instance returns the instance of that name; server.mjs lists them.
func (s *Server) Instance(t testing.TB, name string) *Instance {
	t.Helper()
	instance, ok := s.instances[name]
	if !ok {
		t.Fatalf("betterauthtest: no instance %s", name)
	}
	return instance
}

// Env returns todod's settings for an instance: where it is, and its secrets.
func (i *Instance) Env() []string {
	at, secret := "BETTER_AUTH_URL="+i.URL, "BETTER_AUTH_SECRET="+i.Secret
	if i.Old != "" {
		secret = "BETTER_AUTH_SECRETS=2:" + i.Secret + ",1:" + i.Old
	}
	return []string{at, secret}
}

// A State is what an instance holds.
type State struct {
	Mails    []Mail // in the order in which they were sent
	Users    []StoredUser
	Sessions []StoredSession
	Keys     []string // the kids of the keys it has made
}

// A Mail was captured instead of sent.
type Mail struct {
	Kind  string // verification, or change: the confirmation of a change of address, sent to the old one
	To    string
	URL   string
	Token string
}

// A StoredUser is a user as Better Auth stores them.
type StoredUser struct {
	ID            string
	Email         string
	EmailVerified bool
}

// A StoredSession is a session as Better Auth stores it.
type StoredSession struct {
	UserID    string
	Token     string
	IPAddress string
	UserAgent string
	ExpiresAt time.Time
}

// State returns what the instance holds now.
func (i *Instance) State(t testing.TB) State {
	t.Helper()
	var state State
	i.ask(t, http.MethodGet, i.control, &state)
	return state
}

// Stop makes the instance unreachable: connections are refused, and those that were open are closed.
func (i *Instance) Stop(t testing.TB) {
	t.Helper()
	i.ask(t, http.MethodPost, i.control+"/stop", nil)
}

// Resume makes a stopped instance reachable again, at the same address and with all that it held.
func (i *Instance) Resume(t testing.TB) {
	t.Helper()
	i.ask(t, http.MethodPost, i.control+"/start", nil)
}

// EndSessions ends every session, as an administrator who deletes them from the database does.
func (i *Instance) EndSessions(t testing.TB) {
	t.Helper()
	i.ask(t, http.MethodDelete, i.control+"/sessions", nil)
}

// ask sends a request to the control server and decodes the answer into result, if there is one.
func (i *Instance) ask(t testing.TB, method, url string, result any) {
	t.Helper()
	answer, err := send(method, url, nil, nil)
	if err == nil && result != nil {
		err = json.Unmarshal(answer.body, result)
	}
	if err != nil {
		t.Fatalf("betterauthtest: %v", err)
	}
}

// An answer has been read to its end.
type answer struct {
	header  http.Header
	cookies []*http.Cookie
	body    []byte
}

// send sends a request with a body in JSON, if it isn't nil, and returns the answer. Every status but 200 is an error.
func send(method, url string, header http.Header, body any) (answer, error) {
	var encoded []byte
	if body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(encoded))
	if err != nil {
		return answer{}, err
	}
	req.Close = true // many tests, few requests each: no connection is worth keeping
	for name, values := range header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, content)
	}
	return answer{header: resp.Header, cookies: resp.Cookies(), body: content}, err
}

// errNoJWT is what an instance that is set up in another way answers.
var errNoJWT = errors.New("betterauthtest: the answer has no JWT")

// text returns the named member of a JSON object if it is a string, or "".
func text(object []byte, name string) string {
	var members map[string]any
	_ = json.Unmarshal(object, &members) // what is no object has no members
	s, _ := members[name].(string)
	return s
}
