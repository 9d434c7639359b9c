package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
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

// watch runs pgbench to its end and opens the window as soon as all its threads have written something. It returns what
// pgbench printed.
func (w *window) watch(cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var errEnd error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		errEnd = cmd.Wait()
	}()
	err := w.pass(cmd.Process.Pid, ended)
	<-ended
	if errEnd != nil {
		err = fmt.Errorf("pgbench: %w\n%s", errEnd, out.String())
	}
	return out.String(), err
}

// pass waits for the beginning of the window and for its end, and sees what was used in between. The error is
// errTooShort if pgbench ends before.
func (w *window) pass(pgbench int, ended <-chan struct{}) error {
	for !w.begun() {
		select {
		case <-ended:
			return errTooShort
		case <-time.After(5 * time.Millisecond):
		}
	}
	w.from = time.Now()
	database, own, err := w.look(pgbench)
	if err != nil {
		return err
	}
	select {
	case <-ended:
		return errTooShort
	case <-time.After(time.Until(w.from.Add(w.length))):
	}
	w.until = time.Now()
	databaseAfter, ownAfter, err := w.look(pgbench)
	w.databaseCPU, w.pgbenchCPU = databaseAfter-database, ownAfter-own
	return err
}

// look returns the processor time that the database and pgbench have used, or errTooShort if pgbench has ended.
func (w *window) look(pgbench int) (database, own time.Duration, err error) {
	if database, err = cpuOf(w.server); err != nil {
		return 0, 0, err
	}
	if own, err = cpuOf(pgbench); errors.Is(err, fs.ErrNotExist) {
		err = errTooShort // it has ended
	}
	return database, own, err
}

// begun tells whether every thread of pgbench has written to its log.
func (w *window) begun() bool {
	files, _ := filepath.Glob(w.log + ".*") // fails for a bad pattern only
	return len(files) == w.files && !slices.ContainsFunc(files, func(file string) bool {
		info, err := os.Stat(file)
		return err != nil || info.Size() == 0
	})
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
// else.
func parseTransaction(line string) (took time.Duration, end time.Time) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
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
