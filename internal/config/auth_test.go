package config

import (
	"slices"
	"strings"
	"testing"
)

func TestBetterAuthURLSetsWhatFollowsFromIt(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://auth.example":             "https://auth.example",
		"https://Auth.Example:443/":        "https://auth.example",
		"http://localhost:3000/api/auth":   "http://localhost:3000",
		"HTTP://auth.example:80/x?y#z":     "http://auth.example",
		"http://[::1]:3000":                "http://[::1]:3000",
		"https://auth.example:8443/a/b/c/": "https://auth.example:8443",
	} {
		auth := mustLoad(t, with{"BETTER_AUTH_URL": raw}).Auth
		if auth.BetterAuthURL != want || auth.Issuer != want || auth.Audience != want || auth.JWKSURL != want+"/api/auth/jwks" || auth.Provider != BetterAuth {
			t.Errorf("%s: %+v", raw, auth)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	first, second := goodSecret+"1", goodSecret+"2"
	for name, tc := range map[string]struct {
		vars with
		want []Secret
	}{
		"none":             {with{}, nil},
		"one":              {with{"BETTER_AUTH_SECRET": first}, []Secret{Secret(first)}},
		"rotated":          {with{"BETTER_AUTH_SECRETS": "2:" + second + ",1:" + first}, []Secret{Secret(second), Secret(first)}},
		"both":             {with{"BETTER_AUTH_SECRETS": "2:" + second, "BETTER_AUTH_SECRET": first}, []Secret{Secret(second), Secret(first)}},
		"the same in both": {with{"BETTER_AUTH_SECRETS": "2:" + second + ", 1:" + first, "BETTER_AUTH_SECRET": first}, []Secret{Secret(second), Secret(first)}},
		"with colons":      {with{"BETTER_AUTH_SECRETS": "1:a:" + first}, []Secret{Secret("a:" + first)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mustLoad(t, tc.vars).Auth.Secrets(); !slices.Equal(got, tc.want) {
				t.Errorf("got %d secrets, want %d, or in another order", len(got), len(tc.want))
			}
		})
	}
}

func TestProviderNeedsWhatItUses(t *testing.T) {
	t.Parallel()
	wantOne(t, problems(t, with{"AUTH_PROVIDER": "better-auth"}), "BETTER_AUTH_URL must be set")
	c := mustLoad(t, with{"AUTH_ALLOWED_ALGS": "EdDSA"})
	if !strings.Contains(strings.Join(c.Warnings, "\n"), "AUTH_ALLOWED_ALGS lacks HS256") {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestWhatIsRequiredMustBeKnown(t *testing.T) {
	t.Parallel()
	if _, err := loadWith(t, with{"AUTH_REQUIRE_ISS_AUD": "true"}); err == nil || !strings.HasPrefix(err.Error(), "AUTH_REQUIRE_ISS_AUD") {
		t.Errorf("got %v", err)
	}
	mustLoad(t, with{"AUTH_REQUIRE_ISS_AUD": "true", "BETTER_AUTH_URL": "https://auth.example"})
	mustLoad(t, with{"AUTH_REQUIRE_ISS_AUD": "true", "AUTH_ISSUER": "a", "AUTH_AUDIENCE": "b"})
}

func TestAListIsNoSecret(t *testing.T) {
	t.Parallel()
	const want = "BETTER_AUTH_SECRET must be one secret: a list such as 2:new,1:old goes into BETTER_AUTH_SECRETS"
	for _, list := range []string{"2:" + goodSecret + ",1:" + goodSecret, "12:new, 11:old,10:older"} {
		for name, vars := range map[string]with{
			"the environment": {"BETTER_AUTH_SECRET": list}, "a file": {"BETTER_AUTH_SECRET_FILE": write(t, "secret", list+"\n")},
		} {
			if got := problems(t, vars); len(got) != 1 || got[0] != want {
				t.Errorf("from %s: %q", name, got)
			}
		}
	}
	for _, secret := range []string{"2:" + goodSecret, "a:" + goodSecret + ",b:c", goodSecret + ",1:c", "2:" + goodSecret + ",1", "2:" + goodSecret + ",1:"} {
		if got := mustLoad(t, with{"BETTER_AUTH_SECRET": secret}).Auth.Secret; string(got) != secret {
			t.Errorf("a secret was taken for a list: %d bytes", len(secret))
		}
	}
}
