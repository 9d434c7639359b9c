//go:build heavy

package betterauth

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"todod/internal/betterauthtest"
	"todod/test/tododtest"
)

// TestWhatIsNoAccessTokenIsRefused: all that Better Auth signs or hands out for another purpose, or for another service,
// gets the answer that nonsense gets, and the log says why.
func TestWhatIsNoAccessTokenIsRefused(t *testing.T) {
	t.Parallel()
	server := betterauthtest.Start(t)
	const acceptCache = "AUTH_ACCEPT_SESSION_JWT=true"
	for name, c := range map[string]struct {
		instance string
		env      []string
		token    func(t *testing.T, instance *betterauthtest.Instance, user *betterauthtest.User) string
		reason   string // begins what the log says
	}{
		"session token":                 {"default", nil, sessionToken, "the token has not three parts"},
		"signed session cookie":         {"default", nil, signedSession, "the token has not three parts"},
		"cookie cache":                  {"cookiecache", nil, cookieCache, "sub is missing"},
		"cookie cache, asymmetric":      {"signedcache", nil, cookieCache, "typ is not JWT"},
		"cookie cache, asymmetric, on":  {"signedcache", []string{acceptCache}, cookieCache, "typ is not JWT"},
		"cookie cache of an old secret": {"cookiecache", []string{acceptCache, "BETTER_AUTH_SECRET=" + strings.Repeat("o", 32)}, cookieCache, "the signature fits no secret"},
		"cookie cache, compact":         {"compact", []string{acceptCache}, cookieCache, "the token has not three parts"},
		"cookie cache, encrypted":       {"jwe", []string{acceptCache}, cookieCache, "the token has not three parts"},
		"a claim type":                  {"typed", nil, fetch, "type is not access"},
		"verification mail":             {"verified", nil, verificationMail, "sub is missing"},
		"verification mail, cache on":   {"verified", []string{acceptCache}, verificationMail, "sub is missing and so is a session"},
		"change of address":             {"verified", nil, changeMail("change"), "the token has updateTo"},
		"change of address, second":     {"verified", nil, changeMail("verification"), "the token has updateTo"},
		"another instance":              {"default", nil, tokenOf(server, "bearer"), "the key server has no usable key"},
		"another instance, HS256":       {"hs256", []string{"AUTH_ALLOWED_ALGS=HS256"}, tokenOf(server, "default"), "alg is not allowed"},
		"HS256 of another":              {"default", nil, tokenOf(server, "hs256"), "the signature fits no secret"},
		"another issuer and audience":   {"custom", nil, fetch, "iss is not the expected issuer"},
		"another audience":              {"custom", []string{"AUTH_ISSUER=https://id.example.com"}, fetch, "aud does not name the expected"},
		"an algorithm that is not on":   {"es512", nil, fetch, "alg is not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance := server.Instance(t, c.instance)
			todod := serve(t, instance, c.env...)
			token := c.token(t, instance, instance.SignUp(t, address("ada")))
			refused(t, todod, token)
			if !strings.Contains(todod.Out.String(), c.reason) {
				t.Errorf("the log does not say %q:\n%s", c.reason, todod.Out)
			}
			if strings.Contains(todod.Out.String(), token) {
				t.Errorf("the log has the token:\n%s", todod.Out)
			}
		})
	}
}

// TestOnlyKnownSecretsCount: a todod that has not been told of a new secret refuses what is signed with it.
func TestOnlyKnownSecretsCount(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "secrets")
	todod := serve(t, instance, "BETTER_AUTH_SECRETS=1:"+instance.Old, "AUTH_ACCEPT_SESSION_JWT=true")
	refused(t, todod, cookieCache(t, instance, instance.SignUp(t, address("ada"))))
}

// refused looks whether todod answers to a token as it answers to nonsense, but for what belongs to the request.
func refused(t *testing.T, todod *tododtest.Process, token string) {
	t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		got := must(t, func() (answer, error) { return send(todod, token, method, "/api/v1/tasks", `{"title":"no"}`) })
		nonsense := must(t, func() (answer, error) { return send(todod, "nonsense", method, "/api/v1/tasks", `{"title":"no"}`) })
		if got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
			t.Errorf("%s: %d %v %s, want 401", method, got.status, got.header, got.body)
		}
		if got, want := general(t, got), general(t, nonsense); !maps.Equal(got, want) {
			t.Errorf("%s: answered %v, but to nonsense %v", method, got, want)
		}
	}
}

// general returns the headers and the members of an answer that are not one request's own.
func general(t *testing.T, a answer) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for name, values := range a.header {
		all[name] = strings.Join(values, "\n")
	}
	var members map[string]any
	decode(t, a.body, &members)
	for name, value := range members {
		all["body: "+name] = fmt.Sprint(value)
	}
	for _, own := range []string{"Date", "X-Request-Id", "body: timestamp", "body: request_id"} {
		if all[own] == "" {
			t.Errorf("the answer has no %s: %v", own, all)
		}
		delete(all, own)
	}
	return all
}

// sessionToken returns Better Auth's session token, which its bearer plugin takes.
func sessionToken(_ *testing.T, _ *betterauthtest.Instance, user *betterauthtest.User) string {
	return user.SessionToken
}

// signedSession returns the value of Better Auth's session cookie: the session token with a signature.
func signedSession(t *testing.T, _ *betterauthtest.Instance, user *betterauthtest.User) string {
	t.Helper()
	value := user.Cookie("session_token")
	if !strings.HasPrefix(value, user.SessionToken+".") {
		t.Fatalf("the session cookie is %q", value)
	}
	return value
}

// cookieCache returns the JWT in the cookie of a user's session.
func cookieCache(t *testing.T, _ *betterauthtest.Instance, user *betterauthtest.User) string {
	t.Helper()
	return must(t, func() (string, error) { return cached(user) })
}

// verificationMail returns the token in the mail that a user got when they signed up.
func verificationMail(t *testing.T, instance *betterauthtest.Instance, user *betterauthtest.User) string {
	t.Helper()
	return mailTo(t, instance, "verification", user.Email).Token
}

// changeMail returns how to get the token in one of the two mails of a change of address: change goes to the old address
// and asks for consent, verification goes to the new one and proves it.
func changeMail(kind string) func(*testing.T, *betterauthtest.Instance, *betterauthtest.User) string {
	return func(t *testing.T, instance *betterauthtest.Instance, user *betterauthtest.User) string {
		t.Helper()
		instance.Verify(t, mailTo(t, instance, "verification", user.Email))
		next := address("next")
		instance.SignIn(t, user.Email).ChangeEmail(t, next)
		consent := mailTo(t, instance, "change", user.Email)
		if kind == "change" {
			return consent.Token
		}
		instance.Verify(t, consent)
		return mailTo(t, instance, "verification", next).Token
	}
}

// mailTo returns the one mail of a kind to an address.
func mailTo(t *testing.T, instance *betterauthtest.Instance, kind, to string) betterauthtest.Mail {
	t.Helper()
	mails := instance.State(t).Mails
	for _, mail := range mails {
		if mail.Kind == kind && mail.To == to {
			return mail
		}
	}
	t.Fatalf("no mail of kind %s to %s: %v", kind, to, mails)
	return betterauthtest.Mail{}
}

// fetch returns the user's token for todod.
func fetch(t *testing.T, _ *betterauthtest.Instance, user *betterauthtest.User) string {
	t.Helper()
	return must(t, user.JWT)
}

// tokenOf returns how to get the token of another instance's user.
func tokenOf(server *betterauthtest.Server, instance string) func(*testing.T, *betterauthtest.Instance, *betterauthtest.User) string {
	return func(t *testing.T, _ *betterauthtest.Instance, _ *betterauthtest.User) string {
		t.Helper()
		return must(t, server.Instance(t, instance).SignUp(t, address("eve")).JWT)
	}
}
