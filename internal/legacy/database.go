// Package legacy takes over the accounts and tasks of the backend that todod replaces, which was written with FastAPI and
// SQLModel. It reads that backend's database, SQLite or PostgreSQL, in short steps and without changing it, and hands what
// it finds to todod's own store. What todod's rules refuse stays behind, and the report says so row by row.
package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver
)

// How long things may take.
const (
	connectTimeout = 10 * time.Second // a suspended database takes seconds to wake
	busyTimeout    = 5 * time.Second  // for the old backend to let go of its SQLite file
	stepTimeout    = 2 * time.Minute  // for one step; without an index on user_id each sorts the whole table
)

// Database is the old database. It is only ever read.
type Database struct {
	db    *sql.DB
	sql   dialect
	tasks table
	users table // without columns if there is no such table
}

// OpenSQLite opens the old backend's SQLite file, which must be there.
func OpenSQLite(ctx context.Context, path string) (*Database, error) {
	q := url.Values{"mode": {"ro"}, "_pragma": {
		"query_only(1)", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
	}}
	// As a URI, in which a ? or # of the path is escaped.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return open(ctx, db, inSQLite)
}

// OpenPostgres opens the old backend's PostgreSQL database. Its tables are looked for where the login finds them, which
// is the schema public unless something else was arranged. The URL may lead through a pooler.
func OpenPostgres(ctx context.Context, rawURL string) (*Database, error) {
	cfg, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing prepared
	cfg.ConnectTimeout = connectTimeout
	return open(ctx, stdlib.OpenDB(*cfg), inPostgres)
}

// open looks at db's tables. It closes db if that fails.
func open(ctx context.Context, db *sql.DB, d dialect) (*Database, error) {
	db.SetMaxOpenConns(1)
	old := &Database{db: db, sql: d}
	err := old.examine(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("old database: %w", err), db.Close())
	}
	return old, nil
}

// examine reads which columns the tables have.
func (old *Database) examine(ctx context.Context) (err error) {
	if old.tasks, err = old.table(ctx, "task"); err != nil {
		return err
	}
	if old.users, err = old.table(ctx, "user"); err != nil {
		return err
	}
	if len(old.tasks.columns) == 0 {
		return errors.New(`there is no table "task"`)
	}
	return old.tasks.require("id", "user_id", "title", "completed", "created_at")
}

// Close closes the database.
func (old *Database) Close() error { return old.db.Close() }

// CheckAccounts returns why the database has no accounts to take over, nil if it has.
func (old *Database) CheckAccounts() error {
	if len(old.users.columns) == 0 {
		return errors.New(`old database: there is no table "user"`)
	}
	err := old.users.require("id", "email")
	if err == nil && old.users.hashColumn() == "" {
		err = errors.New(`the table "user" has no column password_hash or hashed_password`)
	}
	if err != nil {
		return fmt.Errorf("old database: %w", err)
	}
	return nil
}

// LeftBehind names the columns that an import takes no notice of, as table.column, sorted.
func (old *Database) LeftBehind(accounts bool) []string {
	left := old.tasks.except("task", taskColumns)
	if accounts {
		left = append(left, old.users.except("user", append([]string{old.users.hashColumn()}, userColumns...))...)
	}
	slices.Sort(left)
	return left
}

// count returns how many rows a table has.
func (old *Database) count(ctx context.Context, t table) (n int, err error) {
	err = old.step(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select count(*) from "+t.name).Scan(&n)
	})
	return n, err
}

// step runs read in a transaction of its own that can't write.
func (old *Database) step(ctx context.Context, read func(context.Context, *sql.Tx) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	tx, err := old.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("read the old database: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // there is nothing to commit
	for _, setting := range old.sql.settings {
		if _, err := tx.ExecContext(ctx, setting); err != nil {
			return fmt.Errorf("read the old database: %w", err)
		}
	}
	if err := read(ctx, tx); err != nil {
		return fmt.Errorf("read the old database: %w", err)
	}
	return nil
}
