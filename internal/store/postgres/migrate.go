package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationTimeout bounds one run of all migrations, the wait for another replica's run included.
const migrationTimeout = 10 * time.Minute

// Migrate brings the database at url to this program's schema and returns how many migrations that took. Of several that
// run at once, one works and the others wait and find nothing to do.
func Migrate(ctx context.Context, url string) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, migrationTimeout)
	defer cancel()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return 0, fmt.Errorf("database URL: %w", err)
	}
	// Nothing prepared: the connection may lead through a pooler.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	cfg.ConnectTimeout = connectTimeout
	db := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, db.Close()) }()

	unlock, err := lockMigrations(ctx, db)
	if err != nil {
		return 0, fmt.Errorf("lock migrations: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return migrate(ctx, db)
}

// migrate makes the schema and runs all migrations that have not run. The caller holds the lock.
func migrate(ctx context.Context, db *sql.DB) (int, error) {
	if _, err := db.ExecContext(ctx, "create schema if not exists todod"); err != nil {
		return 0, fmt.Errorf("create schema: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("todod.migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	return len(results), nil
}

// migrationKey is the advisory lock of todod's migrations: the letters of its name as a number.
const migrationKey = 0x746f646f64

// lockMigrations lets one migrator work at a time. It holds PostgreSQL's advisory lock in a transaction of its own: such a
// lock works through a pooler in transaction mode, where a session's would not, and goes when its holder dies.
func lockMigrations(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock($1)", int64(migrationKey)); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx.Commit, nil
}
