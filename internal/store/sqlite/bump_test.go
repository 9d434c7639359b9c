package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"todod/internal/store/storetest"
)

func TestBumpRevisions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	storetest.BumpRevisions(t, storetest.Of(s), func(ctx context.Context) (int, error) { return BumpRevisions(ctx, path) })
}

// TestBumpRevisionsNeedsTheSchema: it makes nothing where there is nothing.
func TestBumpRevisionsNeedsTheSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	if people, err := BumpRevisions(t.Context(), path); err == nil {
		t.Errorf("%d people", people)
	}
}
