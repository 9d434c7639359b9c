package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"

	"todod/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are those of a file. Each is a transaction that holds the file's write lock; a second program that migrates
// the same file at the same moment fails and can be started again.
var migrations = &sqlstore.Migrations{
	Files: migrationFiles, Dialect: goose.DialectSQLite3, Table: "migrations",
	There: "select exists (select 1 from sqlite_schema where name = 'migrations')",
	Ran:   "select count(distinct version_id) from migrations where version_id > 0",
}

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
	return migrations.Run(ctx, db)
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
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return migrations.Count(ctx, nil)
	}
	db, err := connect(path, "_pragma", "query_only(1)")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrations.Count(ctx, db)
}
