package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestDevelopmentSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(dir, "secret")
	got := make([]Secret, 16)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = ensureSecret(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	if different := slices.Compact(slices.Clone(got)); len(different) != 1 || len(got[0]) < minSecret {
		t.Errorf("%d secrets of %d bytes", len(different), len(got[0]))
	}
	if weakness(got[0]) != "" {
		t.Error("the secret is weak")
	}
	for name, mode := range map[string]os.FileMode{path: 0o600, dir: 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDevelopmentSecretThatCannotBe(t *testing.T) {
	t.Parallel()
	if _, err := ensureSecret(write(t, "secret", "short\n")); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("a short one: %v", err)
	}
	if _, err := ensureSecret(filepath.Join(write(t, "file", ""), "secret")); err == nil {
		t.Error("a file served as the data folder")
	}
}

// Not parallel: it changes the working directory.
func TestDevelopmentStartsWithTheSecretOfTheDataFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("API_PORT=9000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var secrets []Secret
	for range 2 {
		c, err := Load(func(string) string { return "" })
		if err != nil || c.Port != 9000 {
			t.Fatalf("port %d, %v", c.Port, err)
		}
		if err := c.EnsureDevSecret(); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, c.Auth.Secrets()...)
	}
	if kept := mustRead(t, filepath.Join("data", "secret")); len(secrets) != 2 || secrets[0] != secrets[1] || string(secrets[0])+"\n" != kept {
		t.Errorf("%d secrets, the same: %t", len(secrets), secrets[0] == secrets[1])
	}
}

// TestTheSecretOfTheDataFolderIsForeseen: what EnsureDevSecret will do, without doing it. Not parallel: it changes the
// working directory.
func TestTheSecretOfTheDataFolderIsForeseen(t *testing.T) {
	t.Chdir(t.TempDir())
	foreseen := Config{Env: Development}
	if err := foreseen.ForeseeDevSecret(); err != nil || len(foreseen.Auth.Secret) < minSecret {
		t.Errorf("before there is one: %d bytes, %v", len(foreseen.Auth.Secret), err)
	}
	if _, err := os.Stat(DataDir); err == nil {
		t.Error("the data folder was made")
	}
	made, again := Config{Env: Development}, Config{Env: Development}
	if err := made.EnsureDevSecret(); err != nil {
		t.Fatal(err)
	}
	if err := again.ForeseeDevSecret(); err != nil || again.Auth.Secret != made.Auth.Secret || again.Auth.Secret == foreseen.Auth.Secret {
		t.Errorf("once there is one: the same %t, %v", again.Auth.Secret == made.Auth.Secret, err)
	}
	if err := os.WriteFile(filepath.Join(DataDir, "secret"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	unusable := Config{Env: Development}
	if err := unusable.ForeseeDevSecret(); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("one that can't be used: %v", err)
	}
	for _, c := range []Config{{Env: Production}, {Env: Staging}, {Env: Development, Auth: Auth{Secret: goodSecret}}} {
		before := c.Auth.Secret
		if err := c.ForeseeDevSecret(); err != nil || c.Auth.Secret != before {
			t.Errorf("%s with %d secrets got another, %v", c.Env, len(c.Auth.Secrets()), err)
		}
	}
}

func TestEnsureDevSecretKeepsToDevelopment(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{
		{Env: Production},
		{Env: Staging},
		{Env: Development, Auth: Auth{Secret: goodSecret}},
		{Env: Development, Auth: Auth{RotatedSecrets: []Secret{goodSecret}}},
	} {
		before := c.Auth.Secret
		if err := c.EnsureDevSecret(); err != nil || c.Auth.Secret != before {
			t.Errorf("%s with %d secrets got another, %v", c.Env, len(c.Auth.Secrets()), err)
		}
	}
	if _, err := os.Stat(DataDir); err == nil {
		t.Error("the data folder was made")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	s := struct{ S Secret }{goodSecret}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(format, s); strings.Contains(got, "forty") || strings.Contains(got, "666f727479") {
			t.Errorf("%s prints %s", format, got)
		}
	}
	if got, err := json.Marshal(s); err != nil || string(got) != `{"S":"[redacted]"}` {
		t.Errorf("JSON is %s, %v", got, err)
	}
}
