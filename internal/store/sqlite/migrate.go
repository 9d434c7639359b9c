package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the file at path to this program's schema and returns how many migrations that took.
func Migrate(ctx context.Context, path string) (n int, err error) {
	if err := create(path); err != nil {
		return 0, fmt.Errorf("database file: %w", err)
	}
	db, err := connect(path, "_pragma", "journal_mode(WAL)", "_txlock", "immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrate(ctx, db)
}

// migrate brings db to this program's schema and returns how many migrations that took. Each is a transaction that holds
// the file's write lock; a second program that migrates the same file at the same moment fails and can be started again.
func migrate(ctx context.Context, db *sql.DB) (int, error) {
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	return len(results), nil
}

// newProvider returns what runs the migrations on db.
func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return provider, nil
}

// Pending returns how many migrations have not run on the file at path, and changes nothing. A file that is not there has
// run none.
func Pending(ctx context.Context, path string) (n int, err error) {
	n, _, err = lookForMigrations(ctx, path)
	return n, err
}

// lookForMigrations returns how many migrations have not run on the file at path, and how many have that this program
// doesn't know. A file that is not there has run none.
func lookForMigrations(ctx context.Context, path string) (pending, unknown int, err error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, 0, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return len(files), 0, nil
	}
	db, err := connect(path, "_pragma", "query_only(1)")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var run int
	err = db.QueryRowContext(ctx, "select count(*) from sqlite_schema where name = 'migrations'").Scan(&run)
	if err == nil && run > 0 {
		// goose's own first row, version 0, is no migration.
		err = db.QueryRowContext(ctx, "select count(distinct version_id) from migrations where version_id > 0").Scan(&run)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look for migrations: %w", err)
	}
	return max(len(files)-run, 0), max(run-len(files), 0), nil
}
