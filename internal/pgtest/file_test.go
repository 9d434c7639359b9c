package pgtest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"todod/internal/pgtest"
)

// TestFile: each test has a copy of its own of what was made once.
func TestFile(t *testing.T) {
	t.Parallel()
	made := 0
	migrate := func(_ context.Context, path string) error {
		made++
		return os.WriteFile(path, []byte("migrated"), 0o600)
	}
	folder := t.TempDir()
	for _, name := range []string{"one", "other"} {
		path := filepath.Join(folder, name, "file.db")
		pgtest.File(t, "file", path, migrate)
		content, err := os.ReadFile(path)
		if err != nil || string(content) != "migrated" || made != 1 {
			t.Errorf("%q, made %d times: %v", content, made, err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFileThatCannotBeMigrated fails the tests that want it.
func TestFileThatCannotBeMigrated(t *testing.T) {
	t.Parallel()
	message := fatal(t, func(tb testing.TB) {
		pgtest.File(tb, "bad file", filepath.Join(t.TempDir(), "file.db"), func(context.Context, string) error { return errors.New("no room") })
	})
	if message != "pgtest: no room" {
		t.Errorf("failed with %q", message)
	}
}
