package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// A limit is what the database does without todod: pgbench sends it the bare statements.
type limit struct {
	server   *cluster
	port     int // that pgbench connects to
	database string
	columns  []string
	data     dataset
	folder   string
}

// label implements contestant.
func (l *limit) label() string { return "pgbench" }

// plays implements contestant.
func (l *limit) plays(operation) bool { return true }

// sample implements contestant. Of all that pgbench does only a window counts, in which every client is connected and
// none has ended: to start a process for each connection takes the database longer than many a sample. pgbench is ended
// after it, however long it would go on.
func (l *limit) sample(ctx context.Context, op operation, clients int, length time.Duration) (sample, error) {
	folder, err := os.MkdirTemp(l.folder, "pgbench")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(folder)
	script, log := filepath.Join(folder, "script.sql"), filepath.Join(folder, "log")
	//nolint:gosec // in our temporary folder
	if err := os.WriteFile(script, []byte(op.script(l.data, l.columns)), 0o600); err != nil {
		return sample{}, err
	}
	//nolint:gosec // our own choice of arguments
	cmd := exec.CommandContext(ctx, filepath.Join(l.server.bin, "pgbench"), "-n", "-M", "prepared", "-f", script,
		"-c", strconv.Itoa(clients), "-j", strconv.Itoa(threads(clients)), "-T", seconds(length+time.Hour),
		"-l", "--log-prefix="+log, "-h", "127.0.0.1", "-p", strconv.Itoa(l.port), "-U", superuser, l.database)
	w := window{server: l.server.process.id, log: log, files: threads(clients), length: length}
	if err := w.watch(cmd); err != nil {
		return sample{}, err
	}
	if err := l.server.awaitQuiet(ctx, l.database); err != nil {
		return sample{}, err
	}
	return w.read(clients)
}

// threads returns with how many threads so many clients are served.
func threads(clients int) int { return min(clients, runtime.NumCPU(), 4) }

// seconds returns length as pgbench and wrk want it.
func seconds(length time.Duration) string { return strconv.Itoa(int(length.Seconds())) }
