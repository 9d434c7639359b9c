package main

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	connects map[int]time.Duration // how long so many clients take to connect
}

// label implements contestant.
func (l *limit) label() string { return "pgbench" }

// sample implements contestant. What pgbench is given to connect depends on how long it took before; if it takes
// longer, it gets another chance.
func (l *limit) sample(ctx context.Context, op operation, clients int, length time.Duration) (sample, error) {
	if l.connects == nil {
		l.connects = map[int]time.Duration{}
	}
	if l.connects[clients] == 0 {
		l.connects[clients] = time.Second + time.Duration(clients)*20*time.Millisecond
	}
	var err error
	for range 4 {
		var s sample
		if s, err = l.attempt(ctx, op, clients, length); !errors.Is(err, errTooShort) {
			return s, err
		}
		l.connects[clients] += 2 * time.Second
	}
	return sample{}, err
}

// errTooShort is returned when pgbench ended before it had worked for as long as it should.
var errTooShort = errors.New("pgbench took too long to connect")

// attempt runs pgbench once. Of all that it does only a window counts, in which every client is connected and none has
// ended: to start a process for each connection takes the database longer than many a sample.
func (l *limit) attempt(ctx context.Context, op operation, clients int, length time.Duration) (sample, error) {
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
	allowed := length + l.connects[clients] + firstLines
	//nolint:gosec // our own choice of arguments
	cmd := exec.CommandContext(ctx, filepath.Join(l.server.bin, "pgbench"), "-n", "-M", "prepared", "-f", script,
		"-c", strconv.Itoa(clients), "-j", strconv.Itoa(threads(clients)), "-T", seconds(allowed),
		"-l", "--log-prefix="+log, "-h", "127.0.0.1", "-p", strconv.Itoa(l.port), "-U", superuser, l.database)
	w := window{server: l.server.process.id, log: log, files: threads(clients), length: length}
	out, err := w.watch(cmd)
	if err != nil {
		return sample{}, err
	}
	if took := connectLine.FindStringSubmatch(out); took != nil {
		millis, _ := strconv.ParseFloat(took[1], 64) // digits
		l.connects[clients] = time.Duration(millis * 1.2 * float64(time.Millisecond))
	}
	s, err := w.read(clients)
	if failed := failedLine.FindStringSubmatch(out); failed != nil {
		s.failed, _ = strconv.Atoi(failed[1]) // digits
	}
	return s, err
}

// firstLines is how long it may take until pgbench's log begins, as it writes many lines at once.
const firstLines = time.Second

// connectLine and failedLine find what pgbench prints at its end.
var (
	connectLine = regexp.MustCompile(`(?m)^initial connection time = ([0-9.]+) ms$`)
	failedLine  = regexp.MustCompile(`(?m)^number of failed transactions: ([0-9]+)`)
)

// threads returns with how many threads so many clients are served.
func threads(clients int) int { return min(clients, runtime.NumCPU(), 4) }

// seconds returns length as pgbench and wrk want it, rounded up.
func seconds(length time.Duration) string { return strconv.Itoa(int(math.Ceil(length.Seconds()))) }
