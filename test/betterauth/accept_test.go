//go:build heavy

package betterauth

import (
	"errors"
	"testing"

	"todod/internal/betterauthtest"
)

// cached returns the JWT in which Better Auth caches the session in a cookie.
func cached(u *betterauthtest.User) (string, error) {
	if token := u.Cookie("session_data"); token != "" {
		return token, nil
	}
	return "", errors.New("there is no cookie session_data")
}

// TestTheTokensOfEverySetUp: two users of each instance work with their tokens, each on tasks of their own.
func TestTheTokensOfEverySetUp(t *testing.T) {
	t.Parallel()
	server := betterauthtest.Start(t)
	fetched, inHeader := (*betterauthtest.User).JWT, (*betterauthtest.User).HeaderJWT
	for name, c := range map[string]struct {
		instance string
		env      []string
		token    func(*betterauthtest.User) (string, error)
	}{
		"default, EdDSA":         {"default", nil, fetched},
		"in the header":          {"default", nil, inHeader},
		"without a secret":       {"default", []string{"BETTER_AUTH_SECRET=", "AUTH_ALLOWED_ALGS=EdDSA"}, fetched},
		"ES256":                  {"es256", nil, fetched},
		"ES512":                  {"es512", []string{"AUTH_ALLOWED_ALGS=ES512"}, fetched},
		"RS256":                  {"rs256", nil, fetched},
		"PS256":                  {"ps256", nil, fetched},
		"issuer and audience":    {"custom", []string{"AUTH_ISSUER=https://id.example.com", "AUTH_AUDIENCE=todo-api"}, fetched},
		"HS256":                  {"hs256", nil, fetched},
		"HS256, iss and aud":     {"hs256", []string{"AUTH_REQUIRE_ISS_AUD=true"}, fetched},
		"bearer plugin":          {"bearer", nil, fetched},
		"few claims":             {"lean", nil, fetched},
		"several audiences":      {"audiences", nil, fetched},
		"two-factor plugin":      {"twofactor", nil, fetched},
		"cookie cache":           {"cookiecache", []string{"AUTH_ACCEPT_SESSION_JWT=true"}, cached},
		"token and cookie cache": {"cookiecache", []string{"AUTH_ACCEPT_SESSION_JWT=true"}, fetched},
		"secrets in rotation":    {"secrets", []string{"AUTH_ACCEPT_SESSION_JWT=true"}, cached},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instance := server.Instance(t, c.instance)
			todod := serve(t, instance, c.env...)
			for _, person := range []string{"ada", "bob"} {
				user := instance.SignUp(t, address(person))
				canWork(t, todod, must(t, func() (string, error) { return c.token(user) }), user.ID)
			}
		})
	}
}

// TestWhoIsVerifiedLaterIsTheSameUser: a token fetched after the address is verified works.
func TestWhoIsVerifiedLaterIsTheSameUser(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "verified")
	todod := serve(t, instance)
	email := address("ada")
	user := instance.SignUp(t, email)
	if user.SessionToken != "" {
		t.Fatal("signed in with an address that is not verified")
	}
	instance.Verify(t, instance.State(t).Mails[0])
	canWork(t, todod, must(t, instance.SignIn(t, email).JWT), user.ID)
}
