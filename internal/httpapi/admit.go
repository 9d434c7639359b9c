package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"todod/internal/auth"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// callerKey is the context key of who calls.
type callerKey struct{}

// caller returns who calls a secured route.
func caller(ctx context.Context) todo.User {
	user, ok := ctx.Value(callerKey{}).(todo.User)
	if !ok {
		panic("httpapi: caller of a route that is not secured") // a mistake in routes, never a request's doing
	}
	return user
}

// admit lets a request through to its operation or answers why not: it must be within its limit, its token good if the
// operation wants one, and its form such that the operation can read it. Nothing before it has read the body, and nothing
// it refuses has cost a database connection.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	op := ctx.Operation()
	// Closing the body does nothing here: it would wait for the rest of one that is too long.
	r.Body = io.NopCloser(body{http.MaxBytesReader(w, r.Body, maxBody)})
	r.Header.Del("Accept") // there is one type; who prefers errors as problems is in the record
	var err error
	switch {
	case len(op.Security) > 0:
		var user todo.User
		if user, err = a.authenticate(w, r); err == nil {
			w.Header().Set("Cache-Control", "private, no-cache")
			w.Header().Add("Vary", "Authorization")
			asked := newWish(r) // before huma copies the request, of which it reads the body
			ctx = huma.WithValue(huma.WithValue(ctx, callerKey{}, user), wishKey{}, asked)
			err = checkForm(op, r)
		}
	case op.Metadata[exemptTag] == nil:
		err = a.charge(w, r, 1)
	}
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	next(ctx)
}

// body marks the errors of reading a request's body, so that they are told from failures of ours.
type body struct{ io.Reader }

// A bodyError is an error of reading a request's body.
type bodyError struct{ error }

// Unwrap returns the error that was marked.
func (e bodyError) Unwrap() error { return e.error }

// Read implements io.Reader.
func (b body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyError{err}
	}
	return n, err
}

// checkForm returns an error unless op can read the query and the body of r.
func checkForm(op *huma.Operation, r *http.Request) error {
	if op.RequestBody != nil {
		if err := checkContentType(r, op.Metadata[mergePatchType] != nil); err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json") // however it was written
	}
	return checkQuery(op, r.URL, recordOf(r.Context()).frontend)
}

// anonymous puts next behind the limit of addresses.
func (a *API) anonymous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.charge(w, r, 1); err != nil {
			writeProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate returns the user that r's token speaks for. A token that was found good before counts against its user
// alone; any other has to get past the limit of its address first, and counts against it unless it is good.
func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (todo.User, error) {
	token, sent, err := auth.Bearer(r.Header)
	if err == nil && sent {
		if p, ok := a.verifier.Remembered(token); ok {
			return a.chargeUser(w, r, p)
		}
	}
	if err != nil || !sent || !a.verifier.Knows(token) {
		if err := a.charge(w, r, 0); err != nil {
			return todo.User{}, err
		}
	}
	if err == nil && sent {
		var p auth.Principal
		if p, err = a.verifier.Verify(r.Context(), token); err == nil {
			return a.chargeUser(w, r, p)
		}
	}
	return todo.User{}, a.refuse(w, r, sent, err)
}

// refuse returns the one answer to every token that is not good, or to none. Only a key server that can't be reached is
// another matter.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, sent bool, err error) error {
	var refused *auth.Refusal
	switch {
	case err == nil:
		refused = &auth.Refusal{Reason: "no token"}
	case !errors.As(err, &refused):
		err = todo.Away(err)
	}
	if limited := a.charge(w, r, 1); limited != nil {
		return limited
	}
	if refused == nil {
		return err
	}
	challenge := "Bearer"
	if sent {
		challenge = `Bearer error="invalid_token"`
	}
	return &refusal{
		status: http.StatusUnauthorized, detail: "Invalid or expired authentication token", reason: refused.Reason,
		header: map[string]string{"WWW-Authenticate": challenge},
	}
}

// chargeUser counts a request against its user and returns the user.
func (a *API) chargeUser(w http.ResponseWriter, r *http.Request, p auth.Principal) (todo.User, error) {
	recordOf(r.Context()).user = todo.UserID(p.Subject)
	user := todo.User{ID: todo.UserID(p.Subject), Email: p.Email, Name: p.Name, AsOf: p.IssuedAt}
	return user, a.take(w, r, "user", "user:"+p.Subject, a.limits.Authenticated, 1)
}

// charge counts n requests against the address that r comes from.
func (a *API) charge(w http.ResponseWriter, r *http.Request, n int) error {
	key := "address:" + ratelimit.AddressKey(recordOf(r.Context()).client)
	return a.take(w, r, "address", key, a.limits.Anonymous, n)
}

// take counts n requests against key, tells the caller where they stand, and returns a refusal if that is too many.
func (a *API) take(w http.ResponseWriter, r *http.Request, policy, key string, rate ratelimit.Rate, n int) error {
	if a.limits.Source == nil {
		return nil
	}
	decision, err := a.limits.Source.Take(r.Context(), key, rate, n)
	if err != nil {
		a.log.Error("rate limiter failed; the request passes", "error", err.Error())
		return nil
	}
	ratelimit.WriteHeaders(w.Header(), policy, rate, decision, a.now())
	if decision.Allowed {
		return nil
	}
	return &refusal{
		status: http.StatusTooManyRequests, reason: "rate limit of the " + policy,
		detail: fmt.Sprintf("Too many requests: at most %d in %s", rate.Quota, rate.Window),
	}
}
