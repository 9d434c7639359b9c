package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	osuser "os/user"
	"path/filepath"
	"time"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/config"
	"todod/internal/observe"
	"todod/internal/todo"
)

// auditCommands are what can be done with audit files. They need no configuration.
type auditCommands struct {
	Verify verifyFlags `cmd:"" help:"Check that nothing in an audit file was changed, taken out or put elsewhere. Several files are read as one, in the order in which they were written."`
}

// verifyFlags say what to verify.
type verifyFlags struct {
	Files  []string `arg:"" name:"file" help:"The audit files, the oldest first."`
	Expect string   `help:"A hash that was the last one once: a line with it must be there. What was cut off at the end shows in nothing else."`
}

// errUnsound is the end of a verification that found something wrong.
var errUnsound = errors.New("audit: not as it was written")

// verifyAudit reads the files and prints what it found: what is wrong line by line, and then a summary of what is not. The
// error is errUnsound if there is anything wrong.
func verifyAudit(flags verifyFlags, stdout io.Writer) error {
	var v audit.Verifier
	if flags.Expect != "" {
		if err := v.Expect.UnmarshalText([]byte(flags.Expect)); err != nil {
			return fmt.Errorf("audit: %w: --expect: %w", errUsage, err)
		}
	}
	for _, path := range flags.Files {
		if err := verifyFile(&v, path); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	r := v.Report()
	for _, fault := range r.Faults {
		if _, err := fmt.Fprintln(stdout, fault); err != nil {
			return err
		}
	}
	if more := r.FaultCount - len(r.Faults); more > 0 {
		if _, err := fmt.Fprintf(stdout, "and %d more\n", more); err != nil {
			return err
		}
	}
	missed := flags.Expect != "" && !r.Expected
	if _, err := fmt.Fprintln(stdout, summary(r, missed)); err != nil {
		return err
	}
	if r.FaultCount > 0 || missed {
		return errUnsound
	}
	return nil
}

// verifyFile has v read one file as it is now.
func verifyFile(v *audit.Verifier, path string) (err error) {
	file, err := audit.OpenToRead(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return v.Read(path, file)
}

// summary says in a line what there is in the files. missed says that the hash that was looked for isn't.
func summary(r audit.Report, missed bool) string {
	text := fmt.Sprintf("good lines: %d, faults: %d", r.Lines, r.FaultCount)
	if r.Lines > 0 {
		text += fmt.Sprintf("; seq %d to %d, %s to %s, last hash %s", r.First, r.Last,
			r.From.UTC().Format(time.RFC3339), r.To.UTC().Format(time.RFC3339), r.End)
	}
	if r.Tears > 0 {
		text += fmt.Sprintf("; %d times the end was cut off by a crash", r.Tears)
	}
	if missed {
		text += "; NO line has the hash that was expected"
	}
	return text
}

// openSecurity returns the logger of security events, which log and, if there is one, the audit file hear of, and what
// closes it.
func openSecurity(cfg config.Config, log *slog.Logger) (security *slog.Logger, closeFile func() error, err error) {
	security = observe.For(log, "todod.security")
	if cfg.AuditLogFile == "" {
		return security, func() error { return nil }, nil
	}
	file, err := audit.Open(cfg.AuditLogFile, security, observe.ScrubAttr)
	if err != nil {
		return nil, nil, fmt.Errorf("AUDIT_LOG_FILE: %w", err)
	}
	return audit.Logger(security, file), file.Close, nil
}

// An auditedOperator is an account.Operator whose changes are security events.
type auditedOperator struct {
	*account.Operator
	security *slog.Logger
}

// Create makes an account: see account.Operator.
func (o auditedOperator) Create(ctx context.Context, r account.Registration) (account.Person, error) {
	p, err := o.Operator.Create(ctx, r)
	if err == nil {
		tellOfOperator(ctx, o.security, audit.UserCreated, p.ID)
	}
	return p, err
}

// SetPassword gives a person a new password: see account.Operator.
func (o auditedOperator) SetPassword(ctx context.Context, owner todo.UserID, password string) error {
	err := o.Operator.SetPassword(ctx, owner, password)
	if err == nil {
		tellOfOperator(ctx, o.security, audit.UserPasswordSet, owner)
	}
	return err
}

// Erase erases a person: see account.Operator.
func (o auditedOperator) Erase(ctx context.Context, owner todo.UserID) error {
	err := o.Operator.Erase(ctx, owner)
	if err == nil {
		tellOfOperator(ctx, o.security, audit.UserErased, owner)
	}
	return err
}

// tellOfOperator tells security what an operator has done to somebody on the command line.
func tellOfOperator(ctx context.Context, security *slog.Logger, event audit.Event, about todo.UserID) {
	event.Log(ctx, security, slog.String("user_id", string(about)), slog.String("operator", operatorName()))
}

// tellOfDatabase tells security what an operator has done to everybody's data on the command line: to how many people's,
// and what else there is to say.
func tellOfDatabase(ctx context.Context, security *slog.Logger, event audit.Event, people int, more ...slog.Attr) {
	event.Log(ctx, security, append(more, slog.Int("people", people), slog.String("operator", operatorName()))...)
}

// wholePath returns path as it is called from anywhere on this machine, under a name for a log.
func wholePath(path string) slog.Attr {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return slog.String("file", path)
}

// operatorName returns who runs this program, as the system knows them.
func operatorName() string {
	who, err := osuser.Current()
	if err != nil {
		return ""
	}
	return who.Username
}
