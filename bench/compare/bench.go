package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// A bench is what all engines share: the binaries, and a PostgreSQL if one of them wants it.
type bench struct {
	options
	folder   string
	binaries []binary
	tokens   []string
	cluster  *cluster
	columns  []string // of a task, that pgbench reads
	closers  []func() error
}

// newBench builds, and starts and fills PostgreSQL. What it made is gone if it fails.
func newBench(ctx context.Context, o options) (b *bench, err error) {
	b = &bench{options: o}
	if b.folder, err = os.MkdirTemp("", "todod-bench-"); err != nil {
		return b, err
	}
	b.closers = append(b.closers, b.removeFolder)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	// Who runs PostgreSQL may have to pass.
	if err := os.Chmod(b.folder, 0o711); err != nil { //nolint:gosec // see above; nobody else can list it
		return b, err
	}
	progress("building todod")
	if b.binaries, err = buildAll(ctx, o, b.folder); err != nil {
		return b, err
	}
	if b.tokens, err = mint(o.data); err != nil {
		return b, err
	}
	if o.needsPostgres() {
		err = b.preparePostgres(ctx)
	}
	return b, err
}

// preparePostgres starts PostgreSQL and makes a filled database for each todod.
func (b *bench) preparePostgres(ctx context.Context) error {
	folder, err := b.subfolder("postgres")
	if err != nil {
		return err
	}
	progress("starting PostgreSQL")
	if b.cluster, err = startPostgres(ctx, folder, b.sharedBuffers); err != nil {
		return err
	}
	b.closers = append(b.closers, b.cluster.process.stop)
	if err := b.cluster.createRoles(ctx, b.login); err != nil {
		return err
	}
	for _, bin := range b.binaries {
		progress("filling PostgreSQL for %s: %d users with %d tasks each", bin.name, bin.data.users, bin.data.tasks)
		if err := b.cluster.createDatabase(ctx, bin.database, b.login); err != nil {
			return err
		}
		if err := bin.migrate(ctx, folder, b.databaseURLs(bin, b.cluster.port)); err != nil {
			return err
		}
		if err := b.cluster.fill(ctx, bin.database, bin.data); err != nil {
			return err
		}
	}
	if b.limited() {
		if b.columns, err = b.cluster.copyForLimit(ctx, b.binaries[0].database); err != nil {
			return err
		}
	}
	for _, bin := range b.binaries {
		if err := b.cluster.settle(ctx, bin.database); err != nil {
			return err
		}
	}
	return nil
}

// databaseURLs returns the variables with which a todod reaches its database through a port; migrations go directly.
func (b *bench) databaseURLs(bin binary, port int) []string {
	return append([]string{
		"DATABASE_URL=" + postgresURL("todod", bin.database, port),
		"DATABASE_DIRECT_URL=" + b.cluster.url(owner(b.login), bin.database),
	}, b.environment...)
}

// serve starts a todod in a folder of its own and adds it to the contestants. The processes keep its data.
func (b *bench) serve(ctx context.Context, e *engine, bin binary, variables []string, database ...*process) error {
	folder, err := b.subfolder(e.name + "-" + bin.database)
	if err != nil {
		return err
	}
	s, err := bin.serve(ctx, folder, variables)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, s.process.stop)
	s.database, s.data, s.tokens = database, bin.data, b.tokens
	e.contestants = append(e.contestants, s)
	return nil
}

// subfolder makes a folder in the temporary one, or finds it there.
func (b *bench) subfolder(name string) (string, error) {
	folder := filepath.Join(b.folder, name)
	return folder, os.MkdirAll(folder, 0o700) //nolint:gosec // in our temporary one
}

// close undoes what was done, the last first.
func (b *bench) close() error { return closeAll(b.closers) }

// removeFolder removes the temporary folder, unless its logs are wanted.
func (b *bench) removeFolder() error {
	if b.keepLogs {
		progress("the logs are below %s", b.folder)
		return nil
	}
	return os.RemoveAll(b.folder)
}

// closeAll calls all of them, the last first.
func closeAll(closers []func() error) error {
	var err error
	for _, c := range slices.Backward(closers) {
		err = errors.Join(err, c())
	}
	return err
}

// progress tells who waits what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "# "+format+"\n", args...) }
