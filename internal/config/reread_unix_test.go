//go:build unix

package config

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestAPipeIsReadOnce: it has nothing to say a second time, and whoever asked would wait for ever.
func TestAPipeIsReadOnce(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		if w, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil {
			_, _ = w.WriteString(goodSecret)
			_ = w.Close()
		}
	}()
	vars := with{"BETTER_AUTH_SECRET_FILE": pipe}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, after, err := reread(t, vars, vars, "", "")
		if err == nil || !slices.Equal(after.Auth.Secrets(), []Secret{goodSecret}) {
			t.Errorf("%d secrets, %v", len(after.Auth.Secrets()), err)
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("it waits")
	}
}
