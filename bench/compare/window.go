package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A window is the part of a run of pgbench that counts.
type window struct {
	server int    // the process whose processor time counts, with its children
	log    string // begins the names of pgbench's logs
	files  int    // how many there are: one for each thread
	length time.Duration

	from, until             time.Time
	databaseCPU, pgbenchCPU time.Duration // used within
}

// watch starts pgbench, opens the window as soon as all its threads have written something, and ends pgbench when
// they have written something after it.
func (w *window) watch(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed; what it has to say before is an error
	}()
	err := w.pass(cmd.Process.Pid, ended)
	_ = cmd.Process.Kill()
	<-ended
	if err != nil || bytes.Contains(out.Bytes(), []byte("error:")) {
		return fmt.Errorf("pgbench: %w\n%s", errors.Join(err, errPgbench), out.Bytes())
	}
	return nil
}

// errPgbench is returned when pgbench ended too early or had something to complain of.
var errPgbench = errors.New("it did not work to the end")

// pass waits for the beginning of the window and for its end, and sees what was used in between.
func (w *window) pass(pgbench int, ended <-chan struct{}) error {
	if err := w.untilAllWrote(map[string]int64{}, ended); err != nil {
		return err
	}
	w.from = time.Now()
	database, own, err := w.look(pgbench)
	if err != nil {
		return err
	}
	select {
	case <-ended:
		return errPgbench
	case <-time.After(w.length):
	}
	w.until = time.Now()
	databaseAfter, ownAfter, err := w.look(pgbench)
	if err != nil {
		return err
	}
	w.databaseCPU, w.pgbenchCPU = databaseAfter-database, ownAfter-own
	return w.untilAllWrote(w.sizes(), ended)
}

// look returns the processor time that the database and pgbench have used.
func (w *window) look(pgbench int) (database, own time.Duration, err error) {
	if database, err = cpuOf(w.server); err != nil {
		return 0, 0, err
	}
	own, err = cpuOf(pgbench)
	return database, own, err
}

// untilAllWrote returns when every thread's log is longer than it was.
func (w *window) untilAllWrote(was map[string]int64, ended <-chan struct{}) error {
	late := time.After(patience)
	for {
		longer := 0
		for file, size := range w.sizes() {
			if size > was[file] {
				longer++
			}
		}
		if longer == w.files {
			return nil
		}
		select {
		case <-ended:
			return errPgbench
		case <-late:
			return errors.New("it writes nothing")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// sizes returns how long each log is.
func (w *window) sizes() map[string]int64 {
	files, _ := filepath.Glob(w.log + ".*") // fails for a bad pattern only
	sizes := make(map[string]int64, len(files))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			sizes[file] = info.Size()
		}
	}
	return sizes
}

// read makes a sample of those transactions in pgbench's logs that ended within the window.
func (w *window) read(clients int) (sample, error) {
	files, err := filepath.Glob(w.log + ".*")
	if err != nil {
		return sample{}, err
	}
	var took []time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of our own naming
		if err != nil {
			return sample{}, err
		}
		for line := range strings.Lines(string(text)) {
			if t, end := parseTransaction(line); end.After(w.from) && end.Before(w.until) {
				took = append(took, t)
			}
		}
	}
	s := sample{requests: len(took), databaseCPU: w.databaseCPU, clientCPU: w.pgbenchCPU}
	s.rate = float64(s.requests) / w.until.Sub(w.from).Seconds()
	took = heldUp(took, time.Duration(float64(clients)/s.rate*float64(time.Second)))
	slices.Sort(took)
	s.p50, s.p99 = percentile(took, 50), percentile(took, 99)
	return s, nil
}

// parseTransaction reads a line of pgbench's log: the client, the number of its transaction, how many microseconds it
// took, the script, and when it ended, in seconds and microseconds. The end is long ago in a line that is something
// else, or not complete.
func parseTransaction(line string) (took time.Duration, end time.Time) {
	fields := strings.Fields(line)
	if len(fields) < 6 || !strings.HasSuffix(line, "\n") {
		return 0, time.Time{}
	}
	var numbers [6]int64
	for _, i := range []int{2, 4, 5} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, time.Time{} // it was skipped, or failed
		}
		numbers[i] = n
	}
	return time.Duration(numbers[2]) * time.Microsecond, time.Unix(numbers[4], numbers[5]*1000)
}

// heldUp adds to times those that requests would have taken which a slow one has kept from being sent, as wrk 4.1 does
// by itself: else a client that waits for each answer sees every pause once only, however many requests it cost.
// interval is how often a client sends one.
func heldUp(took []time.Duration, interval time.Duration) []time.Duration {
	for _, t := range took {
		for t -= interval; t > interval; t -= interval {
			took = append(took, t)
		}
	}
	return took
}
