package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"todod/internal/audit"
	"todod/internal/config"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// backupFlags say where a backup goes.
type backupFlags struct {
	File  string `arg:"" help:"The file to write. It must not be there yet, and gets its name when it is complete."`
	Force bool   `help:"Replace the file if it is there."`
}

// restoreFlags say where a backup comes from.
type restoreFlags struct {
	File string `arg:"" help:"A file that todod backup wrote. It is only read."`
}

// What is to be used instead where the database is PostgreSQL's.
const (
	backupElsewhere = `todod: %w: backup is for SQLite. %s is backed up with PostgreSQL's own tools, by a login that row-level security
lets see everything, a superuser or one with BYPASSRLS (any other gets an error from pg_dump, or misses rows):
  pg_dump --format=custom --schema=todod --file=todod.dump "$URL_OF_THAT_LOGIN"
or with base backups and WAL archiving, or by whoever runs the server for you`
	restoreElsewhere = `todod: %w: restore is for SQLite. %s is restored with PostgreSQL's own tools, while todod is stopped; the roles
todod_app and todod_maintenance have to be there before:
  pg_restore --dbname="$URL_OF_A_SUPERUSER" todod.dump
  todod doctor --after-restore`
)

// backUp writes the configured database into a file while it is in use, and says so.
func backUp(ctx context.Context, cfg config.Config, flags backupFlags, stdout io.Writer) (err error) {
	if cfg.Database.Engine != config.SQLite {
		return fmt.Errorf(backupElsewhere, errUsage, cfg.Database)
	}
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	c, err := sqlite.Backup(ctx, cfg.Database.Path, flags.File, flags.Force)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("backup: %w (--force replaces it)", err)
	case err != nil:
		return fmt.Errorf("backup: %w", err)
	}
	tellOfDatabase(ctx, security, audit.DatabaseBackedUp, c.People, wholePath(flags.File), slog.Int("tasks", c.Tasks))
	_, err = fmt.Fprintf(stdout, "%s is backed up in %s: %s, checked\n", cfg.Database, flags.File, describe(c))
	return err
}

// restore puts a backup into the place of the configured database, and says where that is and what is different now.
func restore(ctx context.Context, cfg config.Config, flags restoreFlags, stdout io.Writer) (err error) {
	if cfg.Database.Engine != config.SQLite {
		return fmt.Errorf(restoreElsewhere, errUsage, cfg.Database)
	}
	if cfg.Database.Path, err = filepath.Abs(cfg.Database.Path); err != nil { // so that a run in the wrong folder is seen
		return fmt.Errorf("restore: %w", err)
	}
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	r, err := sqlite.Restore(ctx, flags.File, cfg.Database.Path, time.Now())
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	tellOfDatabase(ctx, security, audit.DatabaseRestored, r.People, wholePath(flags.File), slog.Int("tasks", r.Tasks),
		slog.Int("migrations", r.Migrations))
	_, err = fmt.Fprintf(stdout, "%s is restored from %s: %s, %d migrations run\n", cfg.Database, flags.File, describe(r.Contents), r.Migrations)
	before := "there was none before"
	if r.Aside != "" {
		before = "what was there before is in " + r.Aside
	}
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%s\n%s", before, bumped)
	}
	return err
}

// bumped says what follows for people.
var bumped = fmt.Sprintf(`revisions and ids of tasks go on %d higher, and clients read everything anew
erasures, sign-outs and new passwords since the backup are undone
`, todo.RevisionBump)

// describe says to a person what is in a file.
func describe(c sqlite.Contents) string {
	return fmt.Sprintf("%d accounts, %d people who have written something, %d tasks, %.1f MB", c.Accounts, c.People, c.Tasks, float64(c.Bytes)/1e6)
}
