package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// A pooler is a running PgBouncer of our own.
type pooler struct {
	process *process
	port    int
}

// startPgBouncer starts a PgBouncer before the PostgreSQL at target, for the login todod. It pools transactions:
// clients share so many connections.
func startPgBouncer(ctx context.Context, folder string, target, size int) (*pooler, error) {
	bin, err := findPgBouncer()
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "pgbouncer.ini")
	//nolint:gosec // there is no secret in it, and who runs PgBouncer is not who writes it
	if err := os.WriteFile(file, poolerConfig(port, target, size, followsStatements(ctx, bin)), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, file) //nolint:gosec,noctx // our own choice of binary; it is stopped, not killed
	if err := unprivileged(cmd, folder); err != nil {
		return nil, err
	}
	// SIGTERM makes new ones wait for their clients.
	p, err := start("pgbouncer", folder, cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	err = p.await(ctx, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, postgresURL("todod", "todod", port))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return &pooler{p, port}, nil
}

// poolerConfig returns the configuration of a PgBouncer. One that follows prepared statements is told to.
func poolerConfig(port, target, size int, follows bool) []byte {
	text := fmt.Appendf(nil, `[databases]
* = host=127.0.0.1 port=%d user=todod

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
server_tls_sslmode = disable
`, target, port, size)
	if follows {
		text = append(text, "max_prepared_statements = 200\n"...)
	}
	return text
}

// poolerVersion finds the version in what pgbouncer prints.
var poolerVersion = regexp.MustCompile(`PgBouncer 1\.(\d+)`)

// followsStatements tells whether a PgBouncer can follow prepared statements: from 1.21 on.
func followsStatements(ctx context.Context, bin string) bool {
	found := poolerVersion.FindStringSubmatch(firstLine(ctx, bin, "--version"))
	if found == nil {
		return true // 2 and later
	}
	minor, _ := strconv.Atoi(found[1]) // digits
	return minor >= 21
}

// findPgBouncer returns the path of pgbouncer, which is not on every user's PATH.
func findPgBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no PgBouncer on this machine: scripts/ensure-pgbouncer.sh brings one on Debian")
}
