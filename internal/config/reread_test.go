package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// reread loads vars and .env, then reads the secrets again from others.
func reread(t *testing.T, vars, others with, dotenv, otherDotenv string) (before, after Config, err error) {
	t.Helper()
	env := func(vars with) func(string) string { return func(name string) string { return vars[name] } }
	folder := func(text string) fstest.MapFS { return fstest.MapFS{".env": &fstest.MapFile{Data: []byte(text)}} }
	before, err = load(env(vars), folder(dotenv))
	if err != nil {
		t.Fatal(err)
	}
	after, err = before.readSecrets(env(others), folder(otherDotenv))
	return before, after, err
}

func TestSecretsAreReadAgain(t *testing.T) {
	t.Parallel()
	one, two := strings.Repeat("1", 32), strings.Repeat("2", 32)
	file := write(t, "secrets", "2:"+two+",1:"+one+"\n")
	for name, c := range map[string]struct {
		others with
		dotenv string
		want   []Secret
		files  []string
	}{
		"from the environment":   {with{"BETTER_AUTH_SECRET": two}, "", []Secret{Secret(two)}, nil},
		"from .env":              {nil, "BETTER_AUTH_SECRET=" + two, []Secret{Secret(two)}, nil},
		"from a file":            {with{"BETTER_AUTH_SECRETS_FILE": file}, "", []Secret{Secret(two), Secret(one)}, []string{file}},
		"from a file of .env's":  {nil, "BETTER_AUTH_SECRETS_FILE=" + file, []Secret{Secret(two), Secret(one)}, []string{file}},
		"and nothing else is":    {with{"BETTER_AUTH_SECRET": two, "API_PORT": "x", "APP_ENV": "moon"}, "LOG_LEVEL=loud", []Secret{Secret(two)}, nil},
		"none are left":          {nil, "", nil, nil},
		"the same as before":     {with{"BETTER_AUTH_SECRET": one}, "", []Secret{Secret(one)}, nil},
		"several, and the other": {with{"BETTER_AUTH_SECRETS": "3:" + two, "BETTER_AUTH_SECRET": one}, "", []Secret{Secret(two), Secret(one)}, nil},
	} {
		before, after, err := reread(t, with{"BETTER_AUTH_SECRET": one, "API_PORT": "9000"}, c.others, "", c.dotenv)
		if err != nil || !slices.Equal(after.Auth.Secrets(), c.want) || !slices.Equal(after.Auth.SecretFiles, c.files) {
			t.Errorf("%s: %d secrets from %q, %v", name, len(after.Auth.Secrets()), after.Auth.SecretFiles, err)
		}
		if after.Port != 9000 || after.Env != Development || after.LogLevel != before.LogLevel {
			t.Errorf("%s: something else has changed, too", name)
		}
	}
}

func TestSecretsThatCannotBeUsedAreNot(t *testing.T) {
	t.Parallel()
	good := with{
		"APP_ENV": "production", "DATABASE_URL": "sqlite:/var/todod.db", "AUTH_PROVIDER": "local", "ALLOWED_ORIGINS": "https://a.example",
		"BETTER_AUTH_SECRET_FILE": write(t, "secret", goodSecret),
	}
	folder := t.TempDir()
	for name, c := range map[string]struct {
		others with
		dotenv string
		says   string
	}{
		"none":             {nil, "", "BETTER_AUTH_SECRET must be set"},
		"a short one":      {with{"BETTER_AUTH_SECRET": "hunter2hunter2"}, "", "BETTER_AUTH_SECRET must have at least 32 bytes"},
		"one short of two": {with{"BETTER_AUTH_SECRETS": "2:" + goodSecret + ",1:hunter2hunter2"}, "", "BETTER_AUTH_SECRETS must have at least"},
		"a published one":  {with{"BETTER_AUTH_SECRET": "better-auth-secret-12345678901234567890"}, "", "BETTER_AUTH_SECRET must not be a published"},
		"no versions":      {with{"BETTER_AUTH_SECRETS": "hunter2hunter2"}, "", "BETTER_AUTH_SECRETS must be versions"},
		"a list of them":   {with{"BETTER_AUTH_SECRET": "2:" + goodSecret + ",1:hunter2hunter2"}, "", "BETTER_AUTH_SECRET must be one secret"},
		"an empty file":    {with{"BETTER_AUTH_SECRET_FILE": write(t, "empty", "\n")}, "", "BETTER_AUTH_SECRET_FILE must name a file that is not empty"},
		"no file":          {with{"BETTER_AUTH_SECRET_FILE": filepath.Join(folder, "none")}, "", "BETTER_AUTH_SECRET_FILE must name a file that can be read"},
		"a folder":         {with{"BETTER_AUTH_SECRET_FILE": folder}, "", "BETTER_AUTH_SECRET_FILE must name a regular file"},
		"a broken .env":    {good, "BETTER_AUTH_SECRET='hunter2hunter2", ".env can't be read"},
		"two at once":      {with{"BETTER_AUTH_SECRET_FILE": good["BETTER_AUTH_SECRET_FILE"], "BETTER_AUTH_SECRET": goodSecret}, "", "are both set"},
	} {
		before, after, err := reread(t, good, c.others, "", c.dotenv)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(after.Auth.Secrets(), before.Auth.Secrets()) {
			t.Errorf("%s: %d secrets are used", name, len(after.Auth.Secrets()))
		}
	}
}

// TestWeakSecretsAreWarnedOfAgain in development, where they can be used.
func TestWeakSecretsAreWarnedOfAgain(t *testing.T) {
	t.Parallel()
	_, after, err := reread(t, with{"BETTER_AUTH_SECRET": goodSecret}, with{"BETTER_AUTH_SECRET": "short"}, "", "")
	if err != nil || len(after.Warnings) != 1 || !strings.Contains(after.Warnings[0], "BETTER_AUTH_SECRET should have") {
		t.Errorf("%q, %v", after.Warnings, err)
	}
}
