package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// files are the contents of migrated database files by the name of their template.
var files struct {
	mu       sync.Mutex // guards the map, and has others wait while a file is migrated
	contents map[string][]byte
}

// File makes a file at path, and its folder, that is a copy of the template called name. The template is made on first use
// by calling migrate with the path of a file that isn't there yet, as Database does with its templates. It is safe in
// parallel tests.
func File(t testing.TB, name, path string, migrate func(ctx context.Context, path string) error) {
	t.Helper()
	content, err := contentOf(t, name, migrate)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// contentOf returns the content of the template called name, making it if need be.
func contentOf(t testing.TB, name string, migrate func(ctx context.Context, path string) error) ([]byte, error) {
	t.Helper()
	files.mu.Lock()
	defer files.mu.Unlock()
	if content := files.contents[name]; content != nil {
		return content, nil
	}
	path := filepath.Join(Folder(t), "template.db")
	if err := migrate(t.Context(), path); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path) //nolint:gosec // a path of our own
	if err != nil {
		return nil, err
	}
	if files.contents == nil {
		files.contents = map[string][]byte{}
	}
	files.contents[name] = content
	return content, nil
}
