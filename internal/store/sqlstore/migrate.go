package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations are those of an engine.
type Migrations struct {
	Files   fs.FS // with a folder called migrations
	Dialect goose.Dialect
	Table   string // notes which have run
	There   string // asks whether that table is there
	Ran     string // asks it how many have run; goose's own first row, version 0, is no migration
}

// Provider returns what runs the migrations on db.
func (m *Migrations) Provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(m.Files, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(m.Dialect, db, files,
		goose.WithTableName(m.Table), goose.WithDisableGlobalRegistry(true))
}

// Run brings db to this program's schema and returns how many migrations that took. Where none is left to run, as at most
// starts, the migrations are not read: goose takes 4 MiB for each.
func (m *Migrations) Run(ctx context.Context, db *sql.DB) (int, error) {
	if pending, _, err := m.Count(ctx, db); err != nil || pending == 0 {
		return 0, err
	}
	provider, err := m.Provider(db)
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	return len(results), nil
}

// Count returns how many migrations have not run on db, and how many have that this program doesn't know. None has on
// nil.
func (m *Migrations) Count(ctx context.Context, db *sql.DB) (pending, unknown int, err error) {
	files, err := fs.ReadDir(m.Files, "migrations")
	if err != nil || db == nil {
		return len(files), 0, err
	}
	var there bool
	var run int
	err = db.QueryRowContext(ctx, m.There).Scan(&there)
	if err == nil && there {
		err = db.QueryRowContext(ctx, m.Ran).Scan(&run)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look for migrations: %w", err)
	}
	return max(len(files)-run, 0), max(run-len(files), 0), nil
}
