package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/todo"
)

// principal returns whom the token speaks for that came to a secured route.
func principal(ctx context.Context) auth.Principal {
	p := recordOf(ctx).principal
	if p.Subject == "" {
		panic("httpapi: caller of a route that is not secured") // a mistake in routes, never a request's doing
	}
	return p
}

// caller returns who calls a secured route.
func caller(ctx context.Context) todo.User {
	p := principal(ctx)
	return todo.User{ID: todo.UserID(p.Subject), Email: p.Email, Name: p.Name, AsOf: p.IssuedAt}
}

// sessionOf returns who calls a secured route, and in which session.
func sessionOf(ctx context.Context) account.Caller {
	p := principal(ctx)
	return account.Caller{ID: todo.UserID(p.Subject), SessionID: p.SessionID}
}

// admit lets a request through to its operation or answers why not: it must be within its limit, its token good if the
// operation wants one, and its form such that the operation can read it. Nothing before it has read the body, and nothing
// it refuses has cost a database connection. Of a body of unknown length the first byte is read here, to see whether there is one.
func (a *admission) admit(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	op := ctx.Operation()
	if r.ContentLength != 0 {
		// Closing the body does nothing here: it would wait for the rest of one that is too long.
		r.Body = io.NopCloser(body{http.MaxBytesReader(w, r.Body, bodyLimit(op))})
	}
	r.Header.Del("Accept") // there is one type; who prefers errors as problems is in the record
	err := a.checkOrigin(op, r)
	if err == nil {
		err = a.authorize(op, w, r)
	}
	if op.Metadata[secretTag] != nil && err == nil {
		w.Header().Set("Cache-Control", "no-store")
	}
	if err == nil && op.Metadata[exemptTag] == nil {
		err = checkForm(op, w, r)
	}
	if err != nil {
		writeProblem(w, r, err)
		return
	}
	next(ctx)
}

// bodyLimit returns how many bytes the body of a request to op may have.
func bodyLimit(op *huma.Operation) int64 {
	if limit, ok := op.Metadata[bodyTag].(int64); ok {
		return limit
	}
	return maxBody
}

// authorize returns an error unless whoever sent r may call op now. Who calls, if that is to be known, is in the record then.
func (a *admission) authorize(op *huma.Operation, w http.ResponseWriter, r *http.Request) error {
	switch {
	case len(op.Security) > 0:
		rec := recordOf(r.Context())
		rec.retired = a.verifier.Retired() // before the token is looked at, so that nothing is missed
		p, err := a.identify(r, op)
		if err != nil {
			return err
		}
		rec.header.Set("Cache-Control", "private, no-cache")
		rec.header.Add("Vary", "Authorization")
		rec.principal, rec.options = p, newRequestOptions(w, r)
		return nil
	case op.Metadata[exemptTag] != nil:
		return nil
	case op.Metadata[signInTag] != nil:
		return a.limitSignIn(r.Context())
	}
	return a.limitAddress(r.Context(), 1)
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

// onlyJSON is the Content-Type of every body that an operation reads. Nobody changes it in its place.
var onlyJSON = []string{jsonMediaType}

// checkForm returns an error unless op can read the query and the body of r, which w answers.
func checkForm(op *huma.Operation, w http.ResponseWriter, r *http.Request) error {
	if op.RequestBody != nil {
		if err := settleBody(w, r); err != nil {
			return err
		}
		if err := checkContentType(r, op); err != nil {
			return err
		}
		r.Header["Content-Type"] = onlyJSON // however it was written
		if op.Metadata[withoutBody] != nil {
			if err := forgoBody(w, r); err != nil {
				return err
			}
		}
	}
	return checkQuery(op, r.URL, recordOf(r.Context()).frontend)
}

// anonymous puts next behind the limit of addresses.
func (a *admission) anonymous(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.limitAddress(r.Context(), 1); err != nil {
			writeProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate returns whom r's token speaks for. A token that was found good before counts against its user alone, as much as
// the request costs; any other has to get past the limit of its address first, and counts against it unless it is good.
func (a *admission) authenticate(r *http.Request, cost int) (auth.Principal, error) {
	ctx := r.Context()
	token, sent, err := auth.Bearer(r.Header)
	if err == nil && sent {
		if p, ok := a.verifier.Remembered(token); ok {
			a.metrics.Remembered()
			return p, a.limitUser(ctx, p, cost)
		}
	}
	if err != nil || !sent || !a.verifier.Knows(token) {
		if err := a.limitAddress(ctx, 0); err != nil {
			return auth.Principal{}, err
		}
	}
	if err == nil && sent {
		var p auth.Principal
		if p, err = a.verifier.Verify(ctx, token); err == nil {
			a.metrics.Verified()
			return p, a.limitUser(ctx, p, cost)
		}
	}
	return auth.Principal{}, a.refuse(ctx, sent, err)
}

// refuse returns the one answer to every token that is not good, or to none. Only a key server that can't be reached is
// another matter.
func (a *admission) refuse(ctx context.Context, sent bool, err error) error {
	var refused *auth.Refusal
	switch {
	case err == nil:
		refused = &auth.Refusal{Reason: "no token"}
	case !errors.As(err, &refused):
		err = todo.ServiceUnavailable(err)
		a.metrics.Undecided()
	}
	if refused != nil {
		a.metrics.Refused(refused.Reason)
	}
	if limited := a.limitAddress(ctx, 1); limited != nil {
		return limited
	}
	if refused == nil {
		return err
	}
	challenge := "Bearer"
	if sent {
		a.refusedToken(ctx, refused)
		challenge = `Bearer error="invalid_token"`
	}
	return &refusal{
		status: http.StatusUnauthorized, detail: "Invalid or expired authentication token", reason: refused.Reason,
		header: map[string]string{"WWW-Authenticate": challenge},
	}
}

// limitUser counts what a request costs against the user of its token.
func (a *admission) limitUser(ctx context.Context, p auth.Principal, cost int) error {
	recordOf(ctx).user = todo.UserID(p.Subject)
	a.metrics.Active(p.Subject)
	return a.take(ctx, userPolicy, userKey(todo.UserID(p.Subject)), a.limits.Authenticated, cost)
}
