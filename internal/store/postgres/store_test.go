package postgres

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// migrateOnly runs the migrations for a template database.
func migrateOnly(ctx context.Context, url string) error {
	_, err := Migrate(ctx, url)
	return err
}

// open returns a store on a database of its own.
func open(t *testing.T) *Store {
	t.Helper()
	return openURL(t, pgtest.Database(t, "store", migrateOnly))
}

// openURL returns a store on the migrated database at url.
func openURL(t *testing.T, url string) *Store {
	t.Helper()
	s, err := newStore(Config{URL: url, PoolSize: 8, PoolTimeout: 20 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.migrated.Store(true)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) todo.Store { return open(t) })
}
