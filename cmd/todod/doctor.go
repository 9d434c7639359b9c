package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"todod/internal/config"
)

// doctorFlags say what else to do.
type doctorFlags struct {
	Origin       string `placeholder:"URL" help:"Also say whether a frontend at this origin, such as https://app.example.com, may call the API."`
	JSON         bool   `name:"json" help:"Say it as a JSON array of objects with check, status (ok, warn or fail), message and advice."`
	AfterRestore bool   `help:"First raise everybody's revision and the ids of tasks, as has to be done once when a backup was restored, while todod is stopped. Doing it again does no harm."`
}

// examinationTimeout is how long each part may take. A suspended database takes seconds to wake.
const examinationTimeout = 20 * time.Second

// errUnhealthy is the end of a doctor who found something wrong.
var errUnhealthy = errors.New("doctor: something is wrong")

// errMisconfigured is an errUnhealthy where it is the configuration.
var errMisconfigured = fmt.Errorf("%w with the configuration", errUnhealthy)

// A finding is one thing that the doctor says.
type finding struct {
	Check   string `json:"check"`  // what was looked at
	Status  string `json:"status"` // ok, warn or fail
	Message string `json:"message"`
	Advice  string `json:"advice"` // what to do, where the message doesn't say it; may have several lines
}

// A report is what the doctor says, a line each.
type report struct {
	out      io.Writer
	check    string // what is looked at now
	findings []finding
	failed   bool
}

// say writes a line: ok, warn or fail, and what was found or is to be done.
func (r *report) say(verdict, format string, args ...any) {
	r.advise(verdict, "", format, args...)
}

// advise writes a line: ok, warn or fail, what was found, and what to do about it, if that is to be said.
func (r *report) advise(verdict, advice, format string, args ...any) {
	f := finding{Check: r.check, Status: verdict, Message: fmt.Sprintf(format, args...), Advice: advice}
	r.findings = append(r.findings, f)
	r.failed = r.failed || verdict == "fail"
	if advice != "" {
		advice = ": " + advice
	}
	_, _ = fmt.Fprintf(r.out, "%-4s  %s%s\n", verdict, f.Message, advice)
}

// add writes lines that belong to the one before, and say what to do.
func (r *report) add(lines ...string) {
	last := &r.findings[len(r.findings)-1]
	for _, line := range lines {
		_, _ = fmt.Fprintf(r.out, "      %s\n", line)
		last.Advice = strings.TrimPrefix(last.Advice+"\n"+line, "\n")
	}
}

// writeJSON writes the findings to w as one array.
func (r *report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r.findings)
}

// doctor checks the deployment that is configured, changes nothing unless the flags say so, and returns errUnhealthy if
// something is wrong. What is wrong with the configuration itself, as whoever loaded it found out, is reported, too, and what
// can be examined without it is.
func doctor(ctx context.Context, cfg config.Config, loaded error, flags doctorFlags, stdout io.Writer) error {
	r := &report{out: stdout}
	if flags.JSON {
		r.out = io.Discard
	}
	err := r.examine(ctx, cfg, loaded, flags)
	if flags.JSON && (err == nil || errors.Is(err, errUnhealthy)) {
		err = errors.Join(err, r.writeJSON(stdout))
	}
	return err
}

// examine does what doctor does, but for saying it as JSON.
func (r *report) examine(ctx context.Context, cfg config.Config, loaded error, flags doctorFlags) error {
	r.check = "configuration"
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
