package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// production is an environment that production accepts, changed by vars; "" removes a variable.
func production(vars with) with {
	all := with{
		"APP_ENV": "production", "DATABASE_URL": "postgres://u:p@db/d?sslmode=require", "BETTER_AUTH_SECRET": goodSecret,
		"BETTER_AUTH_URL": "https://auth.example", "ALLOWED_ORIGINS": "https://app.example",
	}
	maps.Copy(all, vars)
	return all
}

func TestStrictNamesEverythingMissing(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"production", "staging"} {
		got := problems(t, with{"APP_ENV": env})
		var names []string
		for _, problem := range got {
			name, rest, _ := strings.Cut(problem, " ")
			names = append(names, name)
			if !strings.HasPrefix(rest, "must be set in "+env+": ") {
				t.Errorf("problem %q", problem)
			}
		}
		if want := []string{"DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL", "ALLOWED_ORIGINS"}; !slices.Equal(names, want) {
			t.Errorf("%s: missing are %v, want %v", env, names, want)
		}
	}
}

func TestStrictRules(t *testing.T) {
	t.Parallel()
	const asymmetric = "EdDSA,ES256"
	for name, tc := range map[string]struct {
		change with
		want   string // in the only problem; "" for none
	}{
		"all there":                  {with{}, ""},
		"SQLite on purpose":          {with{"DATABASE_URL": "sqlite:data/todod.db"}, ""},
		"no TLS":                     {with{"DATABASE_URL": "postgres://u:p@db/d"}, "DATABASE_URL must use TLS to reach db in production"},
		"no TLS on purpose":          {with{"DATABASE_URL": "postgres://u:p@db/d", "DB_INSECURE": "true"}, ""},
		"no TLS on this machine":     {with{"DATABASE_URL": "postgres://u:p@localhost/d"}, ""},
		"no TLS on the direct way":   {with{"DATABASE_DIRECT_URL": "postgres://u:p@direct/d"}, "DATABASE_DIRECT_URL must use TLS to reach direct"},
		"no secret":                  {with{"BETTER_AUTH_SECRET": ""}, "BETTER_AUTH_SECRET must be set"},
		"no secret needed":           {with{"BETTER_AUTH_SECRET": "", "AUTH_ALLOWED_ALGS": asymmetric}, ""},
		"rotated secrets only":       {with{"BETTER_AUTH_SECRET": "", "BETTER_AUTH_SECRETS": "1:" + goodSecret}, ""},
		"bad rotated secrets only":   {with{"BETTER_AUTH_SECRET": "", "BETTER_AUTH_SECRETS": goodSecret}, "BETTER_AUTH_SECRETS must be versions"},
		"short secret":               {with{"BETTER_AUTH_SECRET": strings.Repeat("x", 31)}, "BETTER_AUTH_SECRET must have at least 32 bytes"},
		"secret of 32 bytes":         {with{"BETTER_AUTH_SECRET": strings.Repeat("ж", 16)}, ""},
		"short old secret":           {with{"BETTER_AUTH_SECRETS": "2:" + goodSecret + ",1:short"}, "BETTER_AUTH_SECRETS must have at least 32 bytes"},
		"Better Auth's default":      {with{"BETTER_AUTH_SECRET": "better-auth-secret-12345678901234567890"}, "BETTER_AUTH_SECRET must not be a published one"},
		"no Better Auth":             {with{"BETTER_AUTH_URL": ""}, "BETTER_AUTH_URL must be set"},
		"Better Auth without URL":    {with{"BETTER_AUTH_URL": "", "AUTH_PROVIDER": "better-auth"}, "BETTER_AUTH_URL must be set"},
		"own accounts":               {with{"BETTER_AUTH_URL": "", "AUTH_PROVIDER": "local"}, ""},
		"no key at all":              {with{"BETTER_AUTH_URL": "", "AUTH_PROVIDER": "local", "AUTH_ALLOWED_ALGS": asymmetric}, "AUTH_ALLOWED_ALGS allows no token"},
		"no origins":                 {with{"ALLOWED_ORIGINS": ""}, "ALLOWED_ORIGINS must be set"},
		"any origin":                 {with{"ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS must not be *"},
		"any origin among others":    {with{"ALLOWED_ORIGINS": "https://a.example, *"}, "ALLOWED_ORIGINS must not be *"},
		"bad file is told once":      {with{"DATABASE_URL": "", "DATABASE_URL_FILE": "/nonexistent"}, "DATABASE_URL_FILE must name a file"},
		"bad URL is told once":       {with{"DATABASE_URL": "mysql://db/d"}, "DATABASE_URL must be sqlite:path"},
		"bad Better Auth, told once": {with{"BETTER_AUTH_URL": "auth.example"}, "BETTER_AUTH_URL must be a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, production(tc.change))
			if tc.want != "" {
				wantOne(t, got, tc.want)
			} else if got != nil {
				t.Errorf("refused: %q", got)
			}
		})
	}
}

func TestPublishedSecretsAreHashed(t *testing.T) {
	t.Parallel()
	if want := "9c0d437b2f1b566708e0b01c896ebbafa4cabbcd6f3c6bc3db986eb8001cdb72"; !slices.Contains(published, want) {
		t.Errorf("%s is missing", want)
	}
	for _, hash := range published {
		if len(hash) != 64 || strings.ToLower(hash) != hash {
			t.Errorf("%q is no SHA-256 in lower case", hash)
		}
	}
}

func TestDevelopmentWarnsOnly(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"short": "BETTER_AUTH_SECRET should have at least 32 bytes",
		"better-auth-secret-12345678901234567890": "BETTER_AUTH_SECRET should not be a published one",
		goodSecret: "",
	} {
		c := mustLoad(t, with{"BETTER_AUTH_SECRET": secret, "DATABASE_URL": "postgres://db/d"})
		if got := strings.Join(c.Warnings, "\n"); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: warnings %q, want %q", secret, got, want)
		}
	}
}
