// Package pgtest gives tests a real PostgreSQL: every test gets a database of its own, cloned in some 20 ms from a template
// that was migrated once.
//
// The server is the one that TODOD_TEST_DATABASE_URL names (its user must be allowed to create databases) or else one
// that the test binary starts for itself from the PostgreSQL binaries on the machine. A machine that has neither fails
// the test: nothing is skipped.
//
// A test that asks for it also gets a real PgBouncer in front of its database.
//
// A package that uses it hands its TestMain over:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// Only tests import this package.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// urlVariable names the environment variable with the URL of an existing server.
const urlVariable = "TODOD_TEST_DATABASE_URL"

// patience bounds every statement on the server: generous, as a machine may run many test binaries at once.
const patience = time.Minute

// shared is the one cluster of this test binary.
var shared cluster

// A cluster is a PostgreSQL server as the tests of one binary see it. It starts when it is first needed.
type cluster struct {
	mu        sync.Mutex // guards everything below and serialises the statements on admin
	started   bool
	startErr  error // why there is no server; every later test fails with it too
	server    *server
	url       *url.URL
	admin     *pgx.Conn
	prefix    string // begins the name of every database, unique to this process among all that share the server
	count     int
	templates map[string]*template
}

// A template is a migrated database that nobody may connect to, so that it can be cloned at any time.
type template struct {
	database string
	err      error // why the migration failed
}

// atOnce is how many tests run at the same time at least: they wait for servers more than they compute.
const atOnce = 6

// Main runs the tests, stops what they started and exits with their code. There are atOnce parallel tests or one for each
// core, unless -parallel says how many.
func Main(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said && runtime.GOMAXPROCS(0) < atOnce {
		_ = flag.Set("test.parallel", strconv.Itoa(atOnce)) // a number is never refused
	}
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Database returns the URL of a fresh database of t's own, dropped when t ends. It is a clone of the template called
// name, which is made on first use by calling migrate with the URL of an empty database: one name stands for one
// migration. It is safe in parallel tests.
func Database(t testing.TB, name string, migrate func(ctx context.Context, url string) error) string {
	t.Helper()
	return lend(t, func(ctx context.Context) (string, error) {
		source, err := shared.template(ctx, name, migrate)
		if err != nil {
			return "", err
		}
		return shared.create(ctx, source)
	})
}

// Empty returns the URL of a fresh empty database of t's own, dropped when t ends.
func Empty(t testing.TB) string {
	t.Helper()
	return lend(t, func(ctx context.Context) (string, error) {
		return shared.create(ctx, "template0")
	})
}

// lend makes a database, ends t if that fails, and drops the database when t ends, connected clients or not. It returns
// the database's URL.
func lend(t testing.TB, create func(ctx context.Context) (string, error)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	shared.mu.Lock()
	defer shared.mu.Unlock()

	if err := shared.start(ctx); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	database, err := create(ctx)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		// Not t.Context: it is over by now.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if err := shared.drop(ctx, database); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return shared.urlOf(database)
}

// start connects to the server, starting one where none is given, and remembers the outcome. The caller holds c.mu, as
// with every method below but stop.
func (c *cluster) start(ctx context.Context) error {
	if c.started {
		return c.startErr
	}
	c.started = true
	c.startErr = c.connect(ctx)
	return c.startErr
}

// connect does the work of start.
func (c *cluster) connect(ctx context.Context) error {
	random := make([]byte, 6)
	_, _ = rand.Read(random) // never fails, says its documentation
	c.prefix = "todod_test_" + hex.EncodeToString(random)
	c.templates = make(map[string]*template)

	address := os.Getenv(urlVariable)
	if address == "" {
		var err error
		if c.server, err = startPostgres(ctx); err != nil {
			return err
		}
		address = c.server.url
	}
	var err error
	if c.url, err = url.Parse(address); err != nil {
		return fmt.Errorf("%s is not a URL", urlVariable) // err would repeat the password
	}
	if c.admin, err = pgx.Connect(ctx, address); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// urlOf returns the URL of a database of the cluster.
func (c *cluster) urlOf(database string) string {
	u := *c.url
	u.Path = "/" + database
	return u.String()
}

// template returns the name of the database that is the template called name, making it if need be.
func (c *cluster) template(ctx context.Context, name string, migrate func(ctx context.Context, url string) error) (string, error) {
	made, ok := c.templates[name]
	if !ok {
		made = &template{}
		made.database, made.err = c.makeTemplate(ctx, name, migrate)
		c.templates[name] = made
	}
	return made.database, made.err
}

// makeTemplate creates, migrates and closes a template. The name of the database is returned with an error too, once
// the database exists.
func (c *cluster) makeTemplate(ctx context.Context, name string, migrate func(ctx context.Context, url string) error) (string, error) {
	database, err := c.create(ctx, "template0")
	if err != nil {
		return "", err
	}
	if err := migrate(ctx, c.urlOf(database)); err != nil {
		return database, fmt.Errorf("migrate template %q: %w", name, err)
	}
	// A database can't be cloned while someone is connected to it, and a closed pool's connections linger for a moment.
	if err := c.exec(ctx, `ALTER DATABASE `+quote(database)+` WITH ALLOW_CONNECTIONS false`); err != nil {
		return database, err
	}
	return database, c.exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, database)
}

// create makes a database from the given template and returns its name. PostgreSQL itself waits up to five seconds for
// connections to the template to end.
func (c *cluster) create(ctx context.Context, source string) (string, error) {
	c.count++
	database := fmt.Sprintf("%s_%d", c.prefix, c.count)
	return database, c.exec(ctx, `CREATE DATABASE `+quote(database)+` TEMPLATE `+quote(source))
}

// drop removes a database, ending the connections to it.
func (c *cluster) drop(ctx context.Context, database string) error {
	return c.exec(ctx, `DROP DATABASE IF EXISTS `+quote(database)+` WITH (FORCE)`)
}

// exec runs one statement on the server; its error names the statement.
func (c *cluster) exec(ctx context.Context, sql string, args ...any) error {
	if _, err := c.admin.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// stop drops the templates, closes the connection and stops the server if it is our own.
func (c *cluster) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.mu.Lock()
	defer c.mu.Unlock()

	var errs []error
	if c.admin != nil {
		if c.server == nil { // our own server takes them with it
			for _, made := range c.templates {
				if made.database != "" {
					errs = append(errs, c.drop(ctx, made.database))
				}
			}
		}
		errs = append(errs, c.admin.Close(ctx))
	}
	if c.server != nil {
		errs = append(errs, c.server.stop())
	}
	return errors.Join(errs...)
}

// quote returns name as an SQL identifier.
func quote(name string) string {
	return pgx.Identifier{name}.Sanitize()
}
