package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Diagnosis is what an operator wants to know of a database.
type Diagnosis struct {
	Version   string // of the server
	TLS       bool   // the connection is encrypted
	Pending   int    // migrations that have not run
	Protected bool   // the database itself keeps users apart for this login; only known when nothing is pending
	Isolation string // how, in words
}

// Diagnose looks at the database of cfg without changing it. An error says what could not be looked at.
func Diagnose(ctx context.Context, cfg Config) (d Diagnosis, err error) {
	direct := cfg.DirectURL
	if direct == "" {
		direct = cfg.URL
	}
	conn, err := pgx.Connect(ctx, cfg.URL)
	if err != nil {
		return d, fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, encrypted := conn.PgConn().Conn().(interface{ HandshakeContext(context.Context) error })
	d.TLS, d.Version = encrypted, conn.PgConn().ParameterStatus("server_version")
	if d.Pending, err = pending(ctx, direct); err != nil || d.Pending > 0 {
		return d, err
	}
	found, err := findIsolation(ctx, conn)
	d.Protected, d.Isolation = found != unprotected, found.String()
	return d, err
}

// pending returns how many migrations have not run on the database at url.
func pending(ctx context.Context, url string) (n int, err error) {
	db, err := openForMigrations(url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	var there bool
	if err := db.QueryRowContext(ctx, "select to_regclass('todod.migrations') is not null").Scan(&there); err != nil {
		return 0, fmt.Errorf("look for migrations: %w", err)
	}
	if !there {
		return len(files), nil
	}
	// goose's own first row, version 0, is no migration.
	var run int
	err = db.QueryRowContext(ctx, "select count(distinct version_id) from todod.migrations where version_id > 0").Scan(&run)
	if err != nil {
		return 0, fmt.Errorf("look for migrations: %w", err)
	}
	return max(len(files)-run, 0), nil
}
