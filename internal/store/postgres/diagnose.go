package postgres

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Diagnosis is what an operator wants to know of a database.
type Diagnosis struct {
	Version     string        // of the server, as it says it
	Major       int           // of the server
	TLS         bool          // the connection is encrypted
	Ahead       time.Duration // by how much its clock is ahead of this machine's
	Connections int           // how many this login may have at once, if nobody else has any
	Pending     int           // migrations that have not run
	Unknown     int           // migrations that have run and that this program doesn't know
	Protected   bool          // the database itself keeps users apart for this login; only known when nothing is pending
	Isolation   string        // how, in words

	Lacks []string // what keeps todod from working there, with what to do; then nothing more is known
}

// getConnections asks how many connections this login may have. A limit of -1 is none.
const getConnections = `select least(
	current_setting('max_connections')::int - case when r.rolsuper then 0 else current_setting('superuser_reserved_connections')::int end,
	nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1))
	from pg_catalog.pg_roles r, pg_catalog.pg_database d where r.rolname = session_user and d.datname = current_database()`

// Diagnose looks at the database of cfg without changing it. An error says what could not be looked at.
func Diagnose(ctx context.Context, cfg Config) (d Diagnosis, err error) {
	direct := cfg.DirectURL
	if direct == "" {
		direct = cfg.URL
	}
	conn, err := connectOnce(ctx, cfg.URL)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, encrypted := conn.PgConn().Conn().(interface{ HandshakeContext(context.Context) error })
	d.TLS, d.Version = encrypted, conn.PgConn().ParameterStatus("server_version")
	state, err := readState(ctx, conn)
	if err != nil {
		return d, err
	}
	d.Major, d.Ahead, d.Lacks = state.major, state.ahead, state.lacks()
	if len(d.Lacks) > 0 {
		return d, nil
	}
	if err := conn.QueryRow(ctx, getConnections).Scan(&d.Connections); err != nil {
		return d, fmt.Errorf("ask the server: %w", err)
	}
	d.Pending, d.Unknown, err = lookForMigrations(ctx, direct)
	switch {
	case err != nil && direct != cfg.URL:
		return d, fmt.Errorf("over DATABASE_DIRECT_URL: %w", err)
	case err != nil || d.Pending > 0:
		return d, err
	}
	found, err := findIsolation(ctx, conn)
	d.Protected, d.Isolation = found != unprotected, found.String()
	return d, err
}

// connectOnce returns a connection to the database at url on which nothing is prepared unasked: it is used for little, and
// may lead through a pooler.
func connectOnce(ctx context.Context, url string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	cfg.DefaultQueryExecMode = unprepared
	cfg.ConnectTimeout = connectTimeout
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, scanTimesInUTC(ctx, conn)
}

// PreparedSurvive reports whether a statement that was prepared over a connection to the database at url is known there
// later on. Behind a pooler in transaction mode a connection leads to another server process each time: here it has to,
// because a second connection keeps the one that prepared busy.
func PreparedSurvive(ctx context.Context, url string) (survive bool, err error) {
	one, err := connectOnce(ctx, url)
	if err != nil {
		return false, err
	}
	defer func() { _ = one.Close(context.WithoutCancel(ctx)) }() // they have served
	two, err := connectOnce(ctx, url)
	if err != nil {
		return false, err
	}
	defer func() { _ = two.Close(context.WithoutCancel(ctx)) }()
	name := "todod_doctor_" + rand.Text()
	if _, err := one.Prepare(ctx, name, "select 1"); err != nil {
		return false, err
	}
	tx, err := two.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "select 1"); err != nil {
		return false, err
	}
	var got int
	err = one.QueryRow(ctx, name, pgx.QueryExecModeCacheStatement).Scan(&got)
	if preparedElsewhere(err) {
		return false, nil
	}
	return err == nil, err
}

// lookForMigrations returns how many migrations have not run on the database at url, and how many have that this program
// doesn't know.
func lookForMigrations(ctx context.Context, url string) (pending, unknown int, err error) {
	db, err := openForMigrations(url)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if pending, unknown, err = migrations.Count(ctx, db); err != nil {
		err = notOwner(ctx, db, err)
	}
	return pending, unknown, err
}

// An advisedError is one that comes with what to do about it.
type advisedError struct {
	error
	advice string
}

// Unwrap returns what the server says.
func (e *advisedError) Unwrap() error { return e.error }

// mayNotCreate returns err, with what to do if the login of db may not make a schema.
func mayNotCreate(ctx context.Context, db *sql.DB, err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != insufficientPrivilege {
		return err
	}
	var grant string
	if asked := db.QueryRowContext(ctx, "select format('grant create on database %I to %I;', current_database(), session_user)").Scan(&grant); asked != nil {
		return err
	}
	return &advisedError{err, "execute this, as the owner of the database: " + grant + " or name a login that may in DATABASE_DIRECT_URL"}
}

// ownerOfMigrations asks who owns the table of migrations, and whether the present role has that role's rights.
const ownerOfMigrations = `select pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'usage')
	from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
	where n.nspname = 'todod' and c.relname = 'migrations'`

// notOwner returns err, with what to do if the login of db may not do what it tried because it doesn't own the tables.
func notOwner(ctx context.Context, db *sql.DB, err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != insufficientPrivilege {
		return err
	}
	var owner string
	var owns bool
	if asked := db.QueryRowContext(ctx, ownerOfMigrations).Scan(&owner, &owns); asked != nil || owns {
		return err // which says enough
	}
	return &advisedError{err, "DATABASE_DIRECT_URL must be the login that owns the tables: " + owner}
}

// Advice says to an operator what to do about a database that can't be connected to, looked at or migrated, "" if the error has to speak for itself.
func Advice(err error) string {
	var pgErr *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	var advised *advisedError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &advised):
		return advised.advice
	case errors.As(err, &pgErr):
		return advice[pgErr.Code]
	case errors.As(err, &certificate):
		return "the server's certificate isn't one that this machine trusts for that name: name its authority with sslrootcert=FILE"
	case strings.Contains(err.Error(), "server refused TLS"): // pgx has no type for it
		return "the server doesn't do TLS: turn it on there, or use sslmode=disable within a private network"
	case connectionLost(err):
		return "see whether it runs, listens there, and lets this machine through"
	}
	return ""
}

// advice is what to do about what a server says when one connects to it, by SQLSTATE (appendix A of PostgreSQL's manual).
var advice = map[string]string{
	"28P01":               "correct login and password in the URL",
	"28000":               "let this login in from this machine, in pg_hba.conf, or with TLS",
	"3D000":               "create this database, or correct its name in the URL",
	"53300":               "raise max_connections, or lower DB_POOL_SIZE of whoever has them",
	insufficientPrivilege: "grant this login todod_app, or what the message names",
}
