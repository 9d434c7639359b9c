package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// bouncerPath is where Debian puts PgBouncer, which is not on every user's PATH. scripts/ensure-pgbouncer.sh looks there
// too.
var bouncerPath = "/usr/sbin/pgbouncer"

// errNoBouncer is what a machine without PgBouncer answers.
var errNoBouncer = errors.New("no PgBouncer on this machine: `make test` brings one on Debian and Ubuntu; " +
	"elsewhere install the package pgbouncer")

// Pooled starts a PgBouncer of t's own in front of the database at url and returns the URL that leads through it. It
// pools transactions: clients share at most size connections to the database, and a session lasts no longer than a
// transaction. It ends with t. It is safe in parallel tests.
func Pooled(t testing.TB, url string, size int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := startBouncer(ctx, url, size)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s.url
}

// startBouncer starts a PgBouncer in front of the database at target and returns when it leads there.
func startBouncer(ctx context.Context, target string, size int) (*server, error) {
	bin, err := findBouncer()
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(target)
	if err != nil {
		return nil, err // does not repeat the password
	}
	// Not a signal to be handled: old PgBouncers dump core at SIGQUIT, new ones wait for their clients at SIGTERM.
	s, err := newServer("PgBouncer", syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	err = s.start(ctx, func(port int) (*exec.Cmd, string, error) {
		file := filepath.Join(s.folder, "pgbouncer.ini")
		if err := os.WriteFile(file, bouncerConfig(config, port, size), 0o600); err != nil {
			return nil, "", fmt.Errorf("configure PgBouncer: %w", err)
		}
		// Who runs PgBouncer may not be who owns the file. The umask has no say in this, and nobody else enters the folder.
		if err := os.Chmod(file, 0o644); err != nil { //nolint:gosec // see above
			return nil, "", fmt.Errorf("configure PgBouncer: %w", err)
		}
		u := url.URL{
			Scheme:   "postgres",
			User:     url.User(config.User),
			Host:     fmt.Sprintf("127.0.0.1:%d", port),
			Path:     "/" + config.Database,
			RawQuery: "sslmode=disable",
		}
		return exec.Command(bin, file), u.String(), nil //nolint:gosec,noctx // our own choice of binary; it outlives ctx
	})
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// bouncerConfig returns the configuration of a PgBouncer on port that leads to where target does.
func bouncerConfig(target *pgx.ConnConfig, port, size int) []byte {
	server := fmt.Sprintf("host=%s port=%d user=%s", bouncerQuote(target.Host), target.Port, bouncerQuote(target.User))
	if target.Password != "" { // an empty one is a syntax error
		server += " password=" + bouncerQuote(target.Password)
	}
	return fmt.Appendf(nil, `[databases]
; every database: a name can't be quoted here, whatever the manual says
* = %s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
; encrypted for those who insist on it
server_tls_sslmode = prefer
; connections are used in turn: who relies on getting the same one again is found out
server_round_robin = 1
; connections neither end by themselves nor run statements that are not the test's
server_idle_timeout = 0
server_check_query =
; a database that refused a connection is asked again soon
server_login_retry = 0.1
`, server, port, size)
}

// bouncerQuote returns value as a connection string of PgBouncer's wants it.
func bouncerQuote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}

// findBouncer returns the path of pgbouncer. The error is errNoBouncer.
func findBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", bouncerPath} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBouncer
}
