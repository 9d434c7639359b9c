package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// soon is the time between two questions whether a todod that is just started is ready: short, as it is part of the time.
const soon = 500 * time.Microsecond

// A startup is what one start of a todod on SQLite took.
type startup struct {
	took time.Duration // from its exec to the first answer that says it is ready
	cpu  time.Duration // processor time of all its threads until then, which other programs on the machine hardly change
}

// startups are those of one way to start.
type startups struct {
	name string // where the database is from
	all  []startup
}

// measureStart starts todod as often as was asked for, in turn where there is no database yet, which it makes, and on one
// that is there.
func (b *bench) measureStart(ctx context.Context) ([]startups, error) {
	folder, err := b.subfolder(onSQLite)
	if err != nil {
		return nil, err
	}
	existing := "DATABASE_URL=sqlite:" + filepath.Join(folder, "existing.db")
	if err := b.binaries[0].migrate(ctx, folder, []string{existing}); err != nil {
		return nil, err
	}
	made, found := startups{name: "no database yet"}, startups{name: "a database that is there"}
	for i := range b.starts {
		fresh := "DATABASE_URL=sqlite:" + filepath.Join(folder, fmt.Sprintf("%d.db", i))
		for _, way := range []struct {
			to       *startups
			variable string
		}{{&made, fresh}, {&found, existing}} {
			one, err := b.binaries[0].startOnce(ctx, folder, append([]string{way.variable}, b.environment...))
			if err != nil {
				return []startups{made, found}, fmt.Errorf("%s: %w", way.to.name, err)
			}
			way.to.all = append(way.to.all, one)
		}
	}
	return []startups{made, found}, nil
}

// startOnce starts todod, waits until it is ready, and ends it.
func (b binary) startOnce(ctx context.Context, folder string, variables []string) (one startup, err error) {
	port, errPort := freePort(ctx)
	metricsPort, err := freePort(ctx)
	if err := errors.Join(errPort, err); err != nil {
		return one, err
	}
	cmd := exec.Command(b.path) //nolint:gosec,noctx // our own build; it is stopped, not killed
	cmd.Dir, cmd.Env = folder, environment(port, metricsPort, variables)
	begun := time.Now()
	p, err := start("server", folder, cmd, syscall.SIGTERM)
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := p.awaitEvery(ctx, soon, func(ctx context.Context) error {
		_, err := ask(ctx, http.MethodGet, localURL(port)+"/health/readiness", http.StatusOK, nil)
		return err
	}); err != nil {
		return one, err
	}
	one.took = time.Since(begun)
	one.cpu, err = ranFor(p.id)
	return one, err
}

// ranFor returns the processor time of all threads that a process has, to the nanosecond, which its stat has not.
func ranFor(id int) (time.Duration, error) {
	files, err := filepath.Glob(procFile(id, "task/*/schedstat"))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // below /proc
		if err != nil {
			continue // the thread has ended
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// writeStarts writes what starts took: the median, and the least, which is nearest to what an idle machine would take.
func (r *report) writeStarts(w *strings.Builder) {
	took := func(s startup) time.Duration { return s.took }
	cpu := func(s startup) time.Duration { return s.cpu }
	writeTable(w, []string{"todod on SQLite, with", "starts", "median ms", "least–most", "CPU ms, median", "least"}, len(r.startups),
		func(i int) []string {
			s := r.startups[i]
			least, most := extremes(s.all, took)
			leastCPU, _ := extremes(s.all, cpu)
			return []string{
				s.name, strconv.Itoa(len(s.all)), milliseconds(median(s.all, took)), milliseconds(least) + "–" + milliseconds(most),
				milliseconds(median(s.all, cpu)), milliseconds(leastCPU),
			}
		})
}

// extremes returns the least and the most of a time, 0 of none.
func extremes(all []startup, get func(startup) time.Duration) (least, most time.Duration) {
	for i, s := range all {
		if t := get(s); i == 0 {
			least, most = t, t
		} else {
			least, most = min(least, t), max(most, t)
		}
	}
	return least, most
}
