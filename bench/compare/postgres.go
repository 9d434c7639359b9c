package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// binaryPatterns are the folders where packages put PostgreSQL's server binaries, which often are not on the PATH.
// scripts/ensure-postgres.sh looks in the same ones.
var binaryPatterns = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
}

// superuser is the login of pgbench and of this program, for whom there is no row-level security.
const superuser = "bench"

// mostClients is how many connections a sample may have. PostgreSQL takes as many from pgbench, and some from todods.
const mostClients = 1000

// A cluster is a running PostgreSQL of our own.
type cluster struct {
	process *process
	bin     string // the folder of its binaries
	port    int
}

// startPostgres creates a cluster in folder and starts its server, which syncs what it commits.
func startPostgres(ctx context.Context, folder, sharedBuffers string) (*cluster, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	//nolint:gosec // our own choice of binary
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", superuser, "--auth=trust",
		"-E", "UTF8", "--locale=C.UTF-8")
	if err := unprivileged(initdb, folder); err != nil {
		return nil, err
	}
	if _, err := output(initdb); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	// The last two keep checkpoints from falling into one sample and not into the next.
	args := []string{"-D", data, "-p", strconv.Itoa(port)}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=" + strconv.Itoa(mostClients+200),
		"shared_buffers=" + sharedBuffers, "max_wal_size=8GB", "checkpoint_timeout=30min",
	} {
		args = append(args, "-c", setting)
	}
	//nolint:gosec,noctx // our own choice of binary; it is stopped, not killed
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	if err := unprivileged(cmd, folder); err != nil {
		return nil, err
	}
	p, err := start("postgres", folder, cmd, syscall.SIGQUIT) // at once: nothing in it is worth keeping
	if err != nil {
		return nil, err
	}
	c := &cluster{process: p, bin: bin, port: port}
	if err := p.await(ctx, func(ctx context.Context) error { return c.execute(ctx, "postgres", "select 1") }); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return c, nil
}

// url returns the URL of a database for a login.
func (c *cluster) url(login, database string) string { return postgresURL(login, database, c.port) }

// postgresURL returns the URL of a database at a port of 127.0.0.1.
func postgresURL(login, database string, port int) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", login, port, database)
}

// connect connects the superuser to a database.
func (c *cluster) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, c.url(superuser, database))
}

// execute executes statements in a database, one after the other.
func (c *cluster) execute(ctx context.Context, database string, statements ...string) error {
	conn, err := c.connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%w, in: %s", err, sql)
		}
	}
	return nil
}

// awaitQuiet returns when the processes of pgbench's connections have ended, which takes them a while: that belongs to no
// sample.
func (c *cluster) awaitQuiet(ctx context.Context, database string) error {
	conn, err := c.connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for {
		var left int
		err := conn.QueryRow(ctx, `select count(*) from pg_stat_activity
			where usename = $1 and backend_type = 'client backend' and pid <> pg_backend_pid()`, superuser).Scan(&left)
		if err != nil || left == 0 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// createRoles makes the logins that docs/deploy.md advises, or for switched the one that makes its roles itself.
func (c *cluster) createRoles(ctx context.Context, login string) error {
	if login == switched {
		return c.execute(ctx, "postgres", "create role todod login createrole")
	}
	return c.execute(ctx, "postgres",
		"create role todod_app nologin",
		"create role todod_maintenance nologin",
		"create role todod_owner login in role todod_maintenance",
		"create role todod login in role todod_app")
}

// createDatabase makes an empty database of the login that migrates.
func (c *cluster) createDatabase(ctx context.Context, name, login string) error {
	return c.execute(ctx, "postgres", fmt.Sprintf("create database %s owner %s", name, owner(login)))
}

// owner returns who owns todod's tables with that kind of login.
func owner(login string) string {
	if login == switched {
		return "todod"
	}
	return "todod_owner"
}

// findPostgres returns the folder with PostgreSQL's binaries, the newest if there are several.
func findPostgres() (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	for _, pattern := range binaryPatterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.SortFunc(matches, func(a, b string) int { return majorVersion(b) - majorVersion(a) })
		folders = append(folders, matches...)
	}
	for _, folder := range folders {
		if hasAll(folder, "initdb", "postgres", "pgbench") {
			return folder, nil
		}
	}
	return "", errors.New("no PostgreSQL with pgbench on this machine: scripts/ensure-postgres.sh brings one on Debian")
}

// hasAll tells whether folder holds all these programs.
func hasAll(folder string, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		_, err := exec.LookPath(filepath.Join(folder, name))
		return err != nil
	})
}

// majorVersion returns the number in a folder's name, such as 17 for /usr/lib/postgresql/17/bin, or 0.
func majorVersion(folder string) int {
	digits := strings.TrimFunc(folder, func(r rune) bool { return r < '0' || r > '9' })
	n, _ := strconv.Atoi(digits) // none: 0
	return n
}
