// Command compare measures how many requests a second todod answers, and how many PostgreSQL itself would: it starts a
// PostgreSQL with durable defaults, fills it, and has pgbench send the bare statement of each operation and wrk the
// request of it to todod as it is deployed, in turn, on the same keys. On a shared machine rates drift, so what it
// reports are ratios within a round, and their median. It ends what it started and removes what it wrote, except the
// report.
//
//	go run ./bench/compare -ops create -engines postgres -clients 64 -rounds 3
//	go run ./bench/compare -against main -engines postgres,sqlite
//
// With -measure it learns something else in the same way: peers has two others beside todod that somebody could have
// taken, growth a todod with ten times the tasks, memory what 1,000 connections take, soak what 20 minutes of work leave
// behind, start how long it takes until todod answers.
//
// It needs Linux, PostgreSQL's server with pgbench, wrk, and for the engine pgbouncer also PgBouncer.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// errFailures is returned when everything was measured, but some requests were not answered as they should be.
var errFailures = errors.New("some requests failed: their rows are marked")

// main measures, prints the summary and writes the report.
func main() {
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// run builds, measures and reports. What was measured is reported also when something fails later.
func run(ctx context.Context, o options) (err error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	r := &report{options: o, machine: describeMachine(b.folder), versions: b.versions(ctx)}
	if err := b.fill(ctx, r); err != nil {
		return errors.Join(err, r.publish())
	}
	if err := r.publish(); err != nil {
		return err
	}
	if r.failed() {
		return errFailures
	}
	return nil
}

// fill measures what was asked for.
func (b *bench) fill(ctx context.Context, r *report) (err error) {
	switch b.kind {
	case ofMemory:
		r.memory, err = b.measureMemory(ctx)
		return err
	case ofStart:
		r.startups, err = b.measureStart(ctx)
		return err
	}
	for _, name := range b.engines {
		if b.kind == ofSoak {
			var one soaking
			one, err = b.measureSoak(ctx, name)
			r.soaks = append(r.soaks, one)
		} else {
			var one section
			one, err = b.measure(ctx, name)
			r.sections = append(r.sections, one)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
