package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"todod/internal/store/storetest"
)

func TestLeap(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	storetest.Leap(t, s, func(ctx context.Context) (int, error) { return Leap(ctx, path) })
}

// TestALeapNeedsTheSchema: it makes nothing where there is nothing.
func TestALeapNeedsTheSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	if people, err := Leap(t.Context(), path); err == nil {
		t.Errorf("%d people", people)
	}
}
