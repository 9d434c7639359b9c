package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"todod/internal/config"
)

// doctorFlags say what else to do.
type doctorFlags struct {
	Origin       string `placeholder:"URL" help:"Also say whether a frontend at this origin, such as https://app.example.com, may call the API."`
	AfterRestore bool   `help:"First raise everybody's revision and the ids of tasks, as has to be done once when a backup was restored, while todod is stopped. Doing it again does no harm."`
}

// examinationTimeout is how long each part may take. A suspended database takes seconds to wake.
const examinationTimeout = 20 * time.Second

// errUnhealthy is the end of a doctor who found something wrong.
var errUnhealthy = errors.New("doctor: something is wrong")

// errMisconfigured is an errUnhealthy where it is the configuration.
var errMisconfigured = fmt.Errorf("%w with the configuration", errUnhealthy)

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

// add writes lines that belong to the one before.
func (r *report) add(lines ...string) {
	for _, line := range lines {
		_, _ = fmt.Fprintf(r.out, "      %s\n", line)
	}
}

// doctor checks the deployment that is configured, changes nothing unless the flags say so, and returns errUnhealthy if
// something is wrong. What is wrong with the configuration itself, as whoever loaded it found out, is reported, too, and what
// can be examined without it is.
func doctor(ctx context.Context, cfg config.Config, loaded error, flags doctorFlags, stdout io.Writer) error {
	r := &report{out: stdout}
	r.problems(loaded)
	if err := cfg.ForeseeDevSecret(); err != nil {
		r.say("fail", "%v", err)
	}
	r.examineSettings(cfg)
	if flags.Origin != "" {
		if err := r.examineOrigin(cfg, flags.Origin); err != nil {
			return err
		}
	}
	r.examineTLS(cfg.TLS, time.Now())
	r.examineAudit(cfg.AuditLogFile)
	examinations := []func(context.Context, config.Config){r.examineDatabase, r.examineSignIn, r.examineRedis}
	if flags.AfterRestore && loaded == nil {
		r.bumpRevisions(ctx, cfg)
	}
	for _, examine := range examinations {
		limited, cancel := context.WithTimeout(ctx, examinationTimeout)
		examine(limited, cfg)
		cancel()
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	switch {
	case loaded != nil:
		return errMisconfigured
	case r.failed:
		return errUnhealthy
	}
	return nil
}

// problems reports what is wrong with the configuration, if anything is, a line each.
func (r *report) problems(loaded error) {
	var all *config.Problems
	switch {
	case errors.As(loaded, &all):
		for _, problem := range all.Unwrap() {
			r.say("fail", "%v", problem)
		}
	case loaded != nil:
		r.say("fail", "%v", loaded)
	}
}

// examineDatabase reports on the database, if one is configured that can be understood.
func (r *report) examineDatabase(ctx context.Context, cfg config.Config) {
	switch {
	case cfg.Database.Engine == config.SQLite:
		r.examineSQLite(ctx, cfg)
	case cfg.Database.URL != "" && cfg.Database.DirectURL != "":
		r.examinePostgres(ctx, cfg)
	}
}
