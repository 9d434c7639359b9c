// Package sqlite keeps tasks in a SQLite file, for todod on one machine without a database server. A write that has been
// answered survives a power loss: the file is in WAL mode and every commit is synced.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"modernc.org/sqlite"

	"todod/internal/account"
	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// How long things may take.
const (
	busyTimeout  = 5 * time.Second  // for another program that holds the file's lock
	turnTimeout  = 10 * time.Second // for the writes before this one
	readTimeout  = 10 * time.Second
	writeTimeout = 15 * time.Second // for a write as a whole, from the moment it begins
)

// minReaders is how many connections read, at least: twice as many as one person may have reading, so that one who searches
// leaves some to others.
const minReaders = 8

// Store is the todo.Store in a SQLite file. SQLite takes one writer at a time, so there is one connection that writes;
// in WAL mode readers don't wait for it.
type Store struct {
	sqlstore.Base
	writer   *sql.DB
	reader   *sql.DB
	probe    *sql.DB                     // for Ready alone, so that nothing that is under way makes it wait
	together *group.Queue[*group.Change] // changes that share a transaction
	alone    *group.Queue[*group.Change]
}

var _ account.FullStore = (*Store)(nil)

// A Wrapper puts something around the database's driver, such as what traces it.
type Wrapper func(driver.Driver) driver.Driver

// Open opens the file at path, making it and its folder for this user only if they are not there, and migrates it. What
// is done from then on goes through the wrappers.
func Open(ctx context.Context, path string, wrappers ...Wrapper) (*Store, error) {
	if _, err := Migrate(ctx, path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	wrappers = append([]Wrapper{preparing}, wrappers...)
	writer, err := openPool(wrappers, path, 1, "_pragma", "journal_mode(WAL)", "_pragma", "synchronous(FULL)",
		"_pragma", "temp_store(MEMORY)", // what a savepoint needs
		"_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages), "_txlock", "immediate")
	if err != nil {
		return nil, err
	}
	reader, err := openPool(wrappers, path, max(minReaders, runtime.NumCPU()), "_pragma", "query_only(1)")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	probe, err := openPool(wrappers, path, 1, "_pragma", "query_only(1)")
	if err != nil {
		return nil, errors.Join(err, reader.Close(), writer.Close())
	}
	s := &Store{writer: writer, reader: reader, probe: probe}
	s.Base = sqlstore.New(engine{s}, dialect)
	s.together, s.alone = group.New(1, writeGroup, s.carry), group.New(1, 1, s.carry)
	return s, nil
}

// checkpointPages is how long the log of writes gets, in pages of 4 KiB, before what is in it goes to the file. Who commits
// then waits for that. Pages that are written again and again go there once, so it is worth four times SQLite's default;
// much more would slow reads down, which look through the log.
const checkpointPages = 4000

// create makes the file and its folder, readable by this user only, unless they are there. SQLite gives its log files the
// same permissions.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the path is the operator's to choose
	if err != nil {
		return err
	}
	return f.Close()
}

// connect returns one connection to the file. options are pairs of the driver's parameters.
func connect(path string, options ...string) (*sql.DB, error) {
	return openPool(nil, path, 1, options...)
}

// openPool returns a pool of at most size connections to the file, through the wrappers. options are pairs of the driver's
// parameters.
func openPool(wrappers []Wrapper, path string, size int, options ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}}
	for i := 0; i+1 < len(options); i += 2 {
		q.Add(options[i], options[i+1])
	}
	// As a URI, in which a ? or # of the path is escaped.
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if len(wrappers) > 0 {
		through := db.Driver()
		for _, wrap := range wrappers {
			through = wrap(through)
		}
		db = sql.OpenDB(connector{through, dsn}) // the other one has opened nothing
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// connector is a driver.Connector to what a driver calls name.
type connector struct {
	driver driver.Driver
	name   string
}

// Connect implements driver.Connector. Opening a file doesn't wait for anything.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.name) }

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.driver }

// PoolStats returns the states of the connection that writes and of those that read.
func (s *Store) PoolStats() (writer, reader sql.DBStats) { return s.writer.Stats(), s.reader.Stats() }

// Close closes the file. Operations under way may fail: whoever serves requests stops doing so first.
func (s *Store) Close() error {
	return errors.Join(s.probe.Close(), s.reader.Close(), s.writer.Close())
}

// Alone implements todo.Maintenance. One process has the file.
func (s *Store) Alone(ctx context.Context, do func(context.Context) error) error { return do(ctx) }

// Ready returns nil if the file can be read, by a connection that nothing else uses. Its migrations have run since Open
// returned.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	if err := s.probe.QueryRowContext(ctx, "select 1 from tasks limit 1").Scan(&one); err != nil &&
		!errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("database does not answer: %w", err)
	}
	return nil
}

// write carries out change in one transaction. It waits for its turn no longer than ctx and turnTimeout; once begun it
// no longer ends with ctx, because a client that goes away must not turn a change that was made into one that may have
// been made.
func (s *Store) write(ctx context.Context, change func(context.Context, *sql.Tx) error) error {
	conn, err := s.turn(ctx)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	if err := change(ctx, tx); err != nil {
		return translate(errors.Join(err, tx.Rollback()))
	}
	return translate(tx.Commit())
}

// The primary result codes of SQLite (its result code documentation) that mean something of their own here. All but
// sqliteCorrupt mean that the database can't do it now.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteNoMem    = 7
	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
)

// translate turns what the driver says into the domain's errors. An error that it does not know stays as it is.
func translate(err error) error {
	if err == nil || todo.CodeOf(err) != 0 {
		return err
	}
	switch code := primaryCode(err); {
	case code != 0:
		switch code {
		case sqliteBusy, sqliteLocked, sqliteNoMem, sqliteReadOnly, sqliteIOErr, sqliteFull, sqliteCantOpen:
			return todo.ServiceUnavailable(err)
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, sql.ErrTxDone),
		errors.Is(err, sql.ErrConnDone): // time was up, in the middle or at the end
		return todo.ServiceUnavailable(err)
	}
	return err
}

// primaryCode returns SQLite's primary result code in err, 0 if err isn't SQLite's.
func primaryCode(err error) int {
	var sqliteErr *sqlite.Error
	if !errors.As(err, &sqliteErr) {
		return 0
	}
	return sqliteErr.Code() & 0xff // the low byte
}
