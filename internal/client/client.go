// Package client asks a todod server for things in the name of a person who has signed in.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	attempts  = 5                      // how often a request is sent at most
	firstWait = 200 * time.Millisecond // before the second time; twice as long before each that follows
	longWait  = 10 * time.Second       // how long a server may ask to wait
	patience  = time.Minute            // how long an answer may take
	maxAnswer = 16 << 20               // bytes of an answer that are read
)

// ErrNotSignedIn is the error of who has to sign in, for the first time or again.
var ErrNotSignedIn = errors.New("not signed in: todod login does it")

// ErrBadURL is the error of a server's URL that can't be one. It doesn't repeat it, as there may be a password in it.
var ErrBadURL = errors.New("must be a URL such as https://todo.example.com, without credentials, path or query")

// An Error is what a server answered instead of what it was asked for.
type Error struct {
	Status int
	Detail string // in words for people
}

// Error implements error.
func (e *Error) Error() string { return e.Detail }

// NotFound reports whether err says that something isn't there.
func NotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// Invalid reports whether err says that what was asked for breaks a rule.
func Invalid(err error) bool { return hasStatus(err, http.StatusBadRequest) }

// hasStatus reports whether err is an answer with this status.
func hasStatus(err error, status int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == status
}

// A Client asks one server. It is not safe for concurrent use.
type Client struct {
	base     string // the server's URL, without a slash at its end
	sessions *Sessions
	http     *http.Client
	pause    func(ctx context.Context, d time.Duration) error
}

// New returns a client of the server at this URL whose sessions are kept in sessions. A URL that can't be one is ErrBadURL.
func New(server string, sessions *Sessions) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" || strings.Contains(server, "@") {
		return nil, ErrBadURL
	}
	sameAnswer := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		base: u.Scheme + "://" + u.Host, sessions: sessions, pause: pause, http: &http.Client{CheckRedirect: sameAnswer},
	}, nil
}

// Server returns the server's URL.
func (c *Client) Server() string { return c.base }

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// A request is what is sent, perhaps several times.
type request struct {
	method, path string
	body         []byte // nil for none
	header       http.Header
}

// newRequest returns a request with body as JSON, nil for none. One that writes gets an Idempotency-Key, so that it happens
// once however often it is sent.
func newRequest(method, path string, body any) (r request, err error) {
	r = request{method: method, path: path, header: http.Header{}}
	if body != nil {
		r.header.Set("Content-Type", "application/json")
		if r.body, err = json.Marshal(body); err != nil {
			return r, err
		}
	}
	if method != http.MethodGet {
		r.header.Set("Idempotency-Key", rand.Text())
	}
	return r, nil
}

// Do sends a request in the name of who has signed in, reads the answer into out unless that is nil, and returns its
// header. It is sent again on a 503 and when the connection is lost; on a 401 the token is refreshed once. An answer that
// says no is an *Error; ErrNotSignedIn if nobody has signed in or the session has ended.
func (c *Client) Do(ctx context.Context, method, path string, body, out any) (http.Header, error) {
	r, err := newRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	resp, err := c.signedIn(ctx, r) //nolint:bodyclose // read does
	if err != nil {
		return nil, err
	}
	return resp.Header, read(resp, out)
}

// signedIn sends r with the token of the session, and once more with a new one if that is refused.
func (c *Client) signedIn(ctx context.Context, r request) (*http.Response, error) {
	s, err := c.sessions.of(c.base)
	if err != nil {
		return nil, err
	}
	for refreshed := false; ; refreshed = true {
		r.header.Set("Authorization", "Bearer "+s.Token)
		resp, err := c.persist(ctx, r)
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		_ = resp.Body.Close()
		if refreshed {
			return nil, ErrNotSignedIn
		}
		if s, err = c.refresh(ctx, s); err != nil {
			return nil, err
		}
	}
}

// persist sends r until there is an answer other than 503, a few times at most.
func (c *Client) persist(ctx context.Context, r request) (*http.Response, error) {
	for n, wait := 1, firstWait; ; n, wait = n+1, 2*wait {
		resp, err := c.send(ctx, r)
		lost := err != nil && ctx.Err() == nil
		unavailable := err == nil && resp.StatusCode == http.StatusServiceUnavailable
		if n == attempts || !lost && !unavailable {
			return resp, err
		}
		if unavailable {
			_ = resp.Body.Close()
			wait = max(wait, min(retryAfter(resp.Header), longWait))
		}
		if err := c.pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// retryAfter returns how long an answer asks to wait.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// send sends r once.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header = r.header.Clone()
	resp, err := c.http.Do(req)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return nil, fmt.Errorf("%s can't be reached: %w", c.base, failed.Err)
	}
	return resp, err
}

// read reads an answer into out, unless that is nil, or returns the *Error that it is.
func read(resp *http.Response, out any) error {
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return refusal(resp.StatusCode, data)
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("the answer is not todod's: %w", err)
	}
	return nil
}

// refusal returns the error that an answer is.
func refusal(status int, data []byte) *Error {
	var problem struct{ Detail, Message string }
	_ = json.Unmarshal(data, &problem) // what isn't JSON says nothing
	text := problem.Detail
	if text == "" {
		text = problem.Message
	}
	if text == "" {
		text = fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	}
	return &Error{Status: status, Detail: text}
}
