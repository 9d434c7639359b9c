package sqlite

import (
	"path/filepath"
	"testing"

	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// open returns a store on a file of its own.
func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "odd ?#%20 name", "todod.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) todo.Store { return open(t) })
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	storetest.RunAccounts(t, func(t *testing.T) storetest.AccountStore { return open(t) })
}
