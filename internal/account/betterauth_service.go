package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// The limits on a call of the Better Auth service.
const (
	callTimeout    = 5 * time.Second // from the first byte out to the last one in
	maxAnswer      = 64 << 10        // bytes
	maxConnections = 32

	// keepIdle is shorter than the five seconds for which Node keeps an idle connection: a request that meets one which is
	// just being closed fails, and a sign-in must not be repeated blindly.
	keepIdle = 3 * time.Second

	maxAgent = 256 // bytes of a User-Agent that are passed on
)

// service is a Better Auth service with its bearer() plugin, called as one server calls another: without cookies and
// without Origin, Referer and Sec-Fetch headers, so that it has no browser to protect. It is safe for concurrent use.
type service struct {
	base    string // up to and with /api/auth
	client  *http.Client
	breaker *breaker
	log     *slog.Logger
}

// newService returns the Better Auth service at origin, such as https://auth.example.com. It must be closed.
func newService(origin string, now func() time.Time, log *slog.Logger) *service {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = maxConnections
	transport.MaxIdleConnsPerHost = maxConnections
	transport.IdleConnTimeout = keepIdle
	transport.MaxResponseHeaderBytes = maxAnswer
	return &service{
		base: strings.TrimSuffix(origin, "/") + "/api/auth",
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breaker: &breaker{now: now},
		log:     log,
	}
}

// close gives the idle connections back.
func (s *service) close() { s.client.CloseIdleConnections() }

// An answer is what the service said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// signUp asks for a new account.
func (s *service) signUp(ctx context.Context, r Registration, from Client) (answer, error) {
	return s.post(ctx, "/sign-up/email", map[string]string{"name": r.Name, "email": r.Email, "password": r.Password}, "", from)
}

// signIn asks for a new session of whoever has this password.
func (s *service) signIn(ctx context.Context, email, password string, from Client) (answer, error) {
	return s.post(ctx, "/sign-in/email", map[string]string{"email": email, "password": password}, "", from)
}

// signOut asks to end the session of a token. The service says yes whether or not there is one.
func (s *service) signOut(ctx context.Context, token string, from Client) (answer, error) {
	return s.post(ctx, "/sign-out", struct{}{}, token, from)
}

// getSession asks for the session of a token and for its user. The answer is null if it has ended.
func (s *service) getSession(ctx context.Context, token string, from Client) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/get-session", nil)
	if err != nil {
		return answer{}, fmt.Errorf("better auth: %w", err)
	}
	return s.call(req, token, from)
}

// post sends body as JSON.
func (s *service) post(ctx context.Context, path string, body any, token string, from Client) (answer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{}, fmt.Errorf("better auth: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(data))
	if err != nil {
		return answer{}, fmt.Errorf("better auth: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return s.call(req, token, from)
}

// call sends req in the name of token, "" for nobody's, and of the machine it comes from: the service has limits on the
// use of its own, and one address is what it takes for the person's. The error is an Unavailable without an answer.
func (s *service) call(req *http.Request, token string, from Client) (answer, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", agentOf(from))
	if from.Address != "" {
		req.Header.Set("X-Forwarded-For", from.Address)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	pass, wait, ok := s.breaker.allow()
	if !ok {
		return answer{}, awayFor(wait, errors.New("better auth was away just now; it is not asked for a moment"))
	}
	result, err := s.exchange(req)
	found := present
	switch {
	case err != nil && req.Context().Err() != nil:
		found = unknown
	case err != nil, result.status >= http.StatusBadGateway && result.status <= http.StatusGatewayTimeout:
		// Not 500: some requests may fail with that time and again, and must not shut out the others.
		found = away
	}
	if s.breaker.done(pass, found) {
		if found == present {
			s.log.Info("Better Auth answers again")
		} else {
			s.log.Error("Better Auth is away: sign-in fails until it answers", "error", fmt.Sprint(err), "status", result.status)
		}
	}
	if err != nil {
		return answer{}, awayFor(time.Second, fmt.Errorf("better auth: %w", err))
	}
	return result, nil
}

// exchange sends req and reads the answer, within callTimeout and maxAnswer.
func (s *service) exchange(req *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), callTimeout)
	defer cancel()
	resp, err := s.client.Do(req.WithContext(ctx))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, err
	}
	if len(body) > maxAnswer {
		return answer{}, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// agentOf returns the User-Agent to pass on: Better Auth shows it to people in the list of their sessions.
func agentOf(from Client) string {
	switch {
	case from.Agent == "":
		return "todod"
	case len(from.Agent) > maxAgent:
		return from.Agent[:maxAgent]
	}
	return from.Agent
}

// awayFor says that the service can't be had, and after how long to try again.
func awayFor(wait time.Duration, cause error) error {
	return &todo.Error{
		Code: todo.Unavailable, Message: "Signing in is temporarily unavailable", RetryAfter: max(wait, time.Second), Cause: cause,
	}
}
