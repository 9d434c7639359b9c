package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"todod/internal/account"
	"todod/internal/todo"
)

// sessionPath is where the app's session is: the one path that browsers send its cookie to, with what is below it.
const sessionPath = "/app/session"

// The names of the cookie that has the app's refresh token. Browsers let nobody set one of the second kind by plain HTTP.
const (
	cookieName       = "todod_refresh"
	secureCookieName = "__Secure-todod_refresh"
)

// appSession is what the app's page learns of a session: its refresh token is in a cookie, which no script can read.
type appSession struct {
	User    person  `json:"user"`
	Token   *string `json:"token" nullable:"true"`
	Message string  `json:"message,omitempty"`
}

// appOutput answers who begins or goes on with a session of the app.
type appOutput struct {
	Status int
	Body   appSession
}

// letIn answers the app with a session of these tokens, which begins with this status, and has its browser keep the refresh
// token.
func (a *resources) letIn(ctx context.Context, out *signInOutput) *appOutput {
	if out.Body.RefreshToken != nil {
		a.keep(ctx, *out.Body.RefreshToken)
	}
	return forApp(out)
}

// forApp returns an answer as the app gets it: without the refresh token.
func forApp(out *signInOutput) *appOutput {
	return &appOutput{out.Status, appSession{User: out.Body.User, Token: out.Body.Token, Message: out.Body.Message}}
}

// startAppSession is login for the app.
func (a *resources) startAppSession(ctx context.Context, in *loginInput) (*appOutput, error) {
	out, err := a.login(ctx, in)
	if err != nil {
		return nil, err
	}
	return a.letIn(ctx, out), nil
}

// registerAppSession is register for the app.
func (a *resources) registerAppSession(ctx context.Context, in *registerInput) (*appOutput, error) {
	out, err := a.register(ctx, in)
	if err != nil {
		return nil, err
	}
	return a.letIn(ctx, out), nil
}

// cookieInput is a request that comes with the app's cookie, or without.
type cookieInput struct{ header http.Header }

// Resolve implements huma.Resolver.
func (in *cookieInput) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	in.header = r.Header
	return nil
}

// refreshAppSession is refresh for the app. Who comes without a cookie gets the answer to a bad one, but is no event: that is
// how the app finds out that nobody has signed in yet.
func (a *resources) refreshAppSession(ctx context.Context, in *cookieInput) (*appOutput, error) {
	token := a.kept(ctx, in)
	if token == "" {
		_, err := a.accounts.Refresh(ctx, "", client(ctx))
		return nil, err
	}
	s, err := a.renew(ctx, token)
	if err != nil {
		if todo.CodeOf(err) == todo.Unauthenticated {
			a.forget(ctx)
		}
		return nil, err
	}
	if s.Tokens.Refresh != token {
		a.keep(ctx, s.Tokens.Refresh)
	}
	return forApp(signedIn(http.StatusOK, s)), nil
}

// noContent is an answer without a body.
type noContent struct{}

// endAppSession is logout for the app. Who comes without a cookie has none to end.
func (a *resources) endAppSession(ctx context.Context, in *cookieInput) (*noContent, error) {
	if token := a.kept(ctx, in); token != "" {
		if _, err := a.logout(ctx, &logoutInput{Body: refreshToken{token: token}}); err != nil {
			return nil, err
		}
		a.forget(ctx)
	}
	return &noContent{}, nil
}

// kept returns the refresh token that a request has in its cookie, "" for none. Of two cookies of this name one isn't ours,
// and nobody can tell which: another server of the same domain may have set it.
func (a *resources) kept(ctx context.Context, in *cookieInput) string {
	sent := (&http.Request{Header: in.header}).CookiesNamed(a.cookie(ctx).Name)
	if len(sent) != 1 {
		return ""
	}
	return sent[0].Value
}

// keep has the browser that a request comes from keep a refresh token for as long as that may be good.
func (a *resources) keep(ctx context.Context, token string) {
	cookie := a.cookie(ctx) //nolint:gosec // it has these attributes; Secure goes by how the request came
	cookie.Value, cookie.MaxAge = token, int(account.RefreshLifetime.Seconds())
	recordOf(ctx).header.Add("Set-Cookie", cookie.String())
}

// forget has the browser that a request comes from forget its refresh token.
func (a *resources) forget(ctx context.Context) {
	cookie := a.cookie(ctx) //nolint:gosec // it has these attributes; Secure goes by how the request came
	cookie.MaxAge = -1
	recordOf(ctx).header.Add("Set-Cookie", cookie.String())
}

// cookie returns the app's cookie, without a value, as it is for who came as a request did. Where only HTTPS is served, it is
// for HTTPS alone, even if no proxy says how a request came.
func (a *resources) cookie(ctx context.Context) *http.Cookie {
	cookie := &http.Cookie{Name: cookieName, Path: sessionPath, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if a.secureCookies || recordOf(ctx).scheme == "https" {
		cookie.Name, cookie.Secure = secureCookieName, true
	}
	return cookie
}

// sameOriginTag marks, in an operation's metadata, a route that only pages of the same origin may have called.
const sameOriginTag = "same origin"

// ownPages refuses what a route is asked by pages of other origins, and keeps it out of the API's document: it is there for
// our own pages, whose browsers send a cookie with what they ask.
func ownPages(op *huma.Operation) { mark(op, sameOriginTag, true) }

// sameOrigin tells by what browsers say of a request whether another origin's page has sent it.
var sameOrigin = http.NewCrossOriginProtection()

// checkOrigin returns an error if r was sent by a page of another origin, or of another server of the same site, and op is for
// our own pages. Such a request counts against the address alone: no page is to use up what its visitor has for signing in.
func (a *admission) checkOrigin(op *huma.Operation, r *http.Request) error {
	if op.Metadata[sameOriginTag] == nil || sameOrigin.Check(r) == nil {
		return nil
	}
	if err := a.limitAddress(r.Context(), 1); err != nil {
		return err
	}
	return &refusal{
		status: http.StatusForbidden, detail: "Only pages of this server may ask for this", reason: "asked by another origin",
	}
}
