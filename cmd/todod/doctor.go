package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"todod/internal/config"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
)

// doctorTimeout is how long everything may take. A suspended database takes seconds to wake.
const doctorTimeout = 20 * time.Second

// errUnhealthy is the end of a doctor who found something wrong.
var errUnhealthy = errors.New("doctor: something is wrong")

// A report is what the doctor says, a line each.
type report struct {
	out    io.Writer
	failed bool
}

// say writes a line: ok, warn or fail, and what was found or is to be done.
func (r *report) say(verdict, format string, args ...any) {
	r.failed = r.failed || verdict == "fail"
	_, _ = fmt.Fprintf(r.out, "%-4s  %s\n", verdict, fmt.Sprintf(format, args...))
}

// doctor checks the deployment that is configured, changes nothing, and returns errUnhealthy if something is wrong. The
// configuration itself has been checked by whoever loaded it.
func doctor(ctx context.Context, cfg config.Config, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	r := &report{out: stdout}
	r.say("ok", "configuration for %s", cfg.Env)
	for _, note := range cfg.Notes {
		r.say("ok", "%s", note)
	}
	for _, warning := range cfg.Warnings {
		r.say("warn", "%s", warning)
	}
	if cfg.Database.Engine == config.SQLite {
		r.examineSQLite(ctx, cfg)
	} else {
		r.examinePostgres(ctx, cfg)
	}
	if r.failed {
		return errUnhealthy
	}
	return nil
}

// examineSQLite reports on a SQLite file.
func (r *report) examineSQLite(ctx context.Context, cfg config.Config) {
	n, err := sqlite.Pending(ctx, cfg.Database.Path)
	if err != nil {
		r.say("fail", "%s: %v", cfg.Database, err)
		return
	}
	r.say("ok", "%s can be read", cfg.Database)
	r.migrations(n)
}

// examinePostgres reports on a PostgreSQL database.
func (r *report) examinePostgres(ctx context.Context, cfg config.Config) {
	d, err := postgres.Diagnose(ctx, postgresConfig(cfg, discard))
	if err != nil {
		r.say("fail", "%s: %v", cfg.Database, err)
		return
	}
	r.say("ok", "%s answers, version %s", cfg.Database, d.Version)
	if d.TLS {
		r.say("ok", "the connection is encrypted")
	} else {
		r.say("warn", "the connection is not encrypted: fine on this machine or in a private network, else use sslmode=require")
	}
	r.migrations(d.Pending)
	switch {
	case d.Pending > 0:
		r.say("warn", "how the database keeps users apart is known once the migrations have run")
	case d.Protected:
		r.say("ok", "users are kept apart by %s", d.Isolation)
	case cfg.Env.Strict():
		r.say("fail", "%s: connect as a login without these rights, or grant it todod_app", d.Isolation)
	default:
		r.say("warn", "%s: %s and %s refuse this", d.Isolation, config.Production, config.Staging)
	}
}

// migrations reports how many migrations have not run.
func (r *report) migrations(pending int) {
	if pending == 0 {
		r.say("ok", "all migrations have run")
		return
	}
	r.say("warn", "%d migrations have not run: todod migrate runs them, and so does the next start", pending)
}
