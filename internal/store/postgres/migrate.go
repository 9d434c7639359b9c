package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"todod/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations are those of a database, in a schema that is there.
var migrations = &sqlstore.Migrations{
	Files: migrationFiles, Dialect: goose.DialectPostgres, Table: "todod.migrations",
	There: "select to_regclass('todod.migrations') is not null",
	Ran:   "select count(distinct version_id) from todod.migrations where version_id > 0",
}

// migrationTimeout bounds one run of all migrations, the wait for another replica's run included.
const migrationTimeout = 10 * time.Minute

// Migrate brings the database at url to this program's schema and returns how many migrations that took. Of several that
// run at once, one works and the others wait and find nothing to do. With betterAuth, users refer to Better Auth's "user"
// from then on, if there is such a table: whoever is deleted there is deleted here, and who isn't there can't write here.
// Without it they don't, even if they did.
func Migrate(ctx context.Context, url string, betterAuth bool) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, migrationTimeout)
	defer cancel()
	if err := mustFit(ctx, url); err != nil {
		return 0, err
	}
	db, err := openForMigrations(url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	unlock, err := lockMigrations(ctx, db)
	if err != nil {
		return 0, fmt.Errorf("lock migrations: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if n, err = migrate(ctx, db); err != nil {
		return n, err
	}
	return n, linkBetterAuth(ctx, db, betterAuth)
}

// openForMigrations returns a pool for migrations, which connects when it is used.
func openForMigrations(url string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	// Nothing prepared: the connection may lead through a pooler.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	cfg.ConnectTimeout = connectTimeout
	return stdlib.OpenDB(*cfg), nil
}

// makeSchema makes the schema unless it is there. Asking first lets a login work that owns the schema and may not make
// others.
const makeSchema = `do $$ begin
	if to_regnamespace('todod') is null then create schema todod; end if;
end $$`

// migrate makes the schema and runs all migrations that have not run. The caller holds the lock.
func migrate(ctx context.Context, db *sql.DB) (int, error) {
	if _, err := db.ExecContext(ctx, makeSchema); err != nil {
		return 0, mayNotCreate(ctx, db, fmt.Errorf("create schema: %w", err))
	}
	return migrations.Run(ctx, db)
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

// betterAuthLink reports whether users refer to Better Auth's table, and whether there is one. It is a constraint outside
// the migrations because it depends on the configuration and on another program's table.
const betterAuthLink = `select exists (select from pg_catalog.pg_constraint
		where conrelid = 'todod.users'::regclass and conname = 'users_better_auth_fk'),
	to_regclass('public."user"') is not null`

// linkBetterAuth makes users refer to Better Auth's table, or no longer. Users who were here before are not checked.
func linkBetterAuth(ctx context.Context, db *sql.DB, wanted bool) error {
	var linked, there bool
	if err := db.QueryRowContext(ctx, betterAuthLink).Scan(&linked, &there); err != nil {
		return fmt.Errorf("look for Better Auth's table: %w", err)
	}
	var change string
	switch {
	case wanted && there && !linked:
		change = `alter table todod.users add constraint users_better_auth_fk
			foreign key (user_id) references public."user" (id) on delete cascade not valid`
	case !wanted && linked:
		change = "alter table todod.users drop constraint users_better_auth_fk"
	default:
		return nil
	}
	if _, err := db.ExecContext(ctx, change); err != nil {
		return fmt.Errorf("link to Better Auth's table: %w", err)
	}
	return nil
}
