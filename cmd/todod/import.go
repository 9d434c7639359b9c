package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"todod/internal/account"
	"todod/internal/config"
	"todod/internal/legacy"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// importFlags say what is imported.
type importFlags struct {
	From     string `required:"" placeholder:"URL" help:"The old database, as in DATABASE_URL, or the file of an export, which ends in .json. It is only read."`
	User     string `placeholder:"ID" help:"Of an export: whose it shall be. By default who it is of."`
	Accounts *bool  `help:"Import the accounts, too. By default with AUTH_PROVIDER=local; --accounts=false leaves them."`
	Source   string `default:"fastapi" help:"A name for the old database, if several are imported: what came from a source once does not come again."`
	Report   string `placeholder:"FILE" help:"The file for what was refused or altered, a JSON object a line. By default todod-import-<time>.jsonl here."`
	DryRun   bool   `help:"Write nothing but the report; say what an import would do."`
}

// fromFastAPI is the name of a source unless it is given another.
const fromFastAPI = "fastapi"

// Validate implements kong's check of the flags.
func (f importFlags) Validate() error {
	if !todo.ValidID(f.Source) {
		return fmt.Errorf("--source must have 1 to %d bytes of UTF-8", todo.MaxID)
	}
	if f.User != "" && !todo.ValidID(f.User) {
		return fmt.Errorf("--user must have 1 to %d bytes of UTF-8", todo.MaxID)
	}
	switch {
	case !f.isExport() && f.User != "":
		return errors.New("--user is for an export")
	case f.isExport() && (f.Accounts != nil || f.DryRun || f.Report != ""):
		return errors.New("--accounts, --report and --dry-run are for a database: an export has no accounts, and nothing of it is refused or altered")
	}
	return nil
}

// isExport reports whether what is imported is the file of an export.
func (f importFlags) isExport() bool { return strings.HasSuffix(f.From, ".json") }

// importExport takes over what somebody has exported, and says what it did.
func importExport(ctx context.Context, cfg config.Config, flags importFlags, stdout io.Writer) (err error) {
	file, err := os.Open(flags.From)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	export, err := account.ReadTakeout(file)
	if err != nil {
		return fmt.Errorf("import: %s: %w", flags.From, err)
	}
	owner := todo.UserID(cmp.Or(flags.User, string(export.Profile.ID)))
	if !todo.ValidID(string(owner)) {
		return fmt.Errorf("todod: %w: the export doesn't say whose it is; --user does", errUsage)
	}
	target, _, err := openTarget(ctx, cfg, false)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	source := flags.Source
	if source == fromFastAPI { // nobody has named another
		source = "todod"
	}
	taken, failed := account.TakeOver(ctx, target, owner, source, export, time.Now)
	_, _ = fmt.Fprintf(stdout, "from %s\nto   %s, %s\nlists: %d, labels: %d, tasks: %d imported, %d were there before\n", flags.From,
		cfg.Database, owner, taken.Lists, taken.Labels, taken.Tasks, taken.Known)
	if failed != nil {
		return fmt.Errorf("import: not finished; run it again to go on: %w", failed)
	}
	return nil
}

// importLegacy moves the old backend's data into the database that is configured, and says what it did.
func importLegacy(ctx context.Context, cfg config.Config, flags importFlags, stdout io.Writer) (err error) {
	if flags.isExport() {
		return importExport(ctx, cfg, flags, stdout)
	}
	from, warnings, err := config.ParseDatabase(flags.From)
	if err != nil {
		return fmt.Errorf("todod: %w: --from %w", errUsage, err)
	}
	for _, warning := range warnings {
		_, _ = fmt.Fprintln(os.Stderr, "--from:", warning)
	}
	accounts := cfg.Auth.Provider == config.Local
	if flags.Accounts != nil {
		if *flags.Accounts && !accounts {
			return fmt.Errorf("todod: %w: --accounts needs AUTH_PROVIDER=local: Better Auth keeps its own", errUsage)
		}
		accounts = *flags.Accounts
	}
	old, err := openLegacy(ctx, from, accounts)
	if err != nil {
		return fmt.Errorf("import: %s: %w", from, err)
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	run := legacy.Config{
		From: old, WithAccounts: accounts, Source: flags.Source, DryRun: flags.DryRun, Now: time.Now,
		Wrap:     account.NewPasswords().Wrap,
		Progress: newProgress(os.Stderr, isatty.IsTerminal(os.Stderr.Fd()), time.Now),
	}
	target, pending, err := openTarget(ctx, cfg, flags.DryRun)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if target != nil {
		defer func() { err = errors.Join(err, target.Close()) }()
		run.Tasks, run.Accounts = target, target
	}
	report, err := createReport(flags.Report, run.Now())
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, report.Close()) }()
	run.Report = report

	summary, failed := legacy.Import(ctx, run)
	sayImport(stdout, cfg, from, run, summary, pending, report.Name())
	if failed != nil {
		return fmt.Errorf("import: not finished; run it again to go on: %w", failed)
	}
	return nil
}

// openLegacy opens the old database, and checks that it has accounts if they are wanted.
func openLegacy(ctx context.Context, from config.Database, accounts bool) (*legacy.Database, error) {
	open, at := legacy.OpenSQLite, from.Path
	if from.Engine == config.Postgres {
		open, at = legacy.OpenPostgres, from.URL
	}
	old, err := open(ctx, at)
	if err != nil || !accounts {
		return old, err
	}
	if err := old.CheckAccounts(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (--accounts=false imports the tasks alone)", err), old.Close())
	}
	return old, nil
}

// openTarget returns the configured store, ready. A dry run changes nothing about it: if it lacks migrations there is no
// store to look into, and pending says how many.
func openTarget(ctx context.Context, cfg config.Config, dryRun bool) (db store, pending int, err error) {
	if cfg.Database.Engine == config.SQLite {
		if dryRun {
			if pending, err = sqlite.Pending(ctx, cfg.Database.Path); err != nil || pending > 0 {
				return nil, pending, err
			}
		}
		s, err := sqlite.Open(ctx, cfg.Database.Path)
		if err != nil {
			return nil, 0, err
		}
		return s, 0, nil
	}
	pg := postgresConfig(cfg, discard)
	if pg.AsIs = dryRun; dryRun {
		d, err := postgres.Diagnose(ctx, pg)
		if err != nil || d.Pending > 0 {
			return nil, d.Pending, err
		}
	}
	s, err := postgres.Open(pg)
	if err != nil {
		return nil, 0, err
	}
	if err := awaitReady(ctx, s); err != nil {
		return nil, 0, errors.Join(err, s.Close())
	}
	return s, 0, nil
}

// readyTimeout is how long the target may take to be ready. A suspended database takes seconds to wake.
const readyTimeout = 30 * time.Second

// awaitReady waits until db is ready, and returns why it isn't when that takes too long.
func awaitReady(ctx context.Context, db todo.Maintenance) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := db.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// createReport makes the file for the report, readable by this user alone: it speaks of people. A file that is there
// already stays as it is.
func createReport(name string, now time.Time) (*os.File, error) {
	if name == "" {
		name = "todod-import-" + now.UTC().Format("20060102T150405.000Z") + ".jsonl"
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's to choose
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return f, nil
}

// sayImport says what an import did.
func sayImport(
	out io.Writer, cfg config.Config, from config.Database, run legacy.Config, s legacy.Summary, pending int, report string,
) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	did := "imported"
	if run.DryRun {
		did = "would be imported"
	}
	say("from %s", from)
	say("to   %s", cfg.Database)
	if pending > 0 {
		say("     where %d migrations have not run: nothing can have been imported there yet", pending)
	}
	count := func(what string, c legacy.Count) {
		say("%s %d %s (%d of them altered), %d were there before, %d refused", what, c.Imported, did, c.Altered, c.Known, c.Refused)
	}
	if run.WithAccounts {
		count("accounts:", s.Accounts)
	}
	count("tasks:   ", s.Tasks)
	if s.Days > 0 {
		say("%d due dates at midnight were taken for days", s.Days)
	}
	if left := run.From.LeftBehind(run.WithAccounts); len(left) > 0 {
		say("columns that stay behind: %s", strings.Join(left, ", "))
	}
	say("refused and altered rows are in %s", report)
}

// How often progress is told, at most: in a terminal, where a line is written over, and elsewhere.
const (
	drawInterval = 200 * time.Millisecond
	lineInterval = 5 * time.Second
)

// newProgress returns what tells a person how far an import has come.
func newProgress(out io.Writer, terminal bool, now func() time.Time) func(legacy.Summary) {
	interval, begin, end := lineInterval, "", "\n"
	if terminal {
		interval, begin, end = drawInterval, "\r", "\x1b[K"
	}
	last := now()
	return func(s legacy.Summary) {
		rows, total := s.Accounts.Done()+s.Tasks.Done(), s.Accounts.Total+s.Tasks.Total
		finished := terminal && rows >= total
		if now().Sub(last) < interval && !finished {
			return
		}
		last = now()
		if finished { // the line makes room for what is said at the end
			_, _ = fmt.Fprint(out, begin+end)
			return
		}
		_, _ = fmt.Fprintf(out, "%simporting: %d of %d accounts, %d of %d tasks%s", begin, s.Accounts.Done(), s.Accounts.Total,
			s.Tasks.Done(), s.Tasks.Total, end)
	}
}
