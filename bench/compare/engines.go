package main

import (
	"context"
	"errors"
	"fmt"
)

// An engine is a way from todod to its data, with all who are measured on it.
type engine struct {
	name        string
	title       string
	contestants []contestant
	closers     []func() error
}

// open starts what an engine needs. Its caller closes it, also after an error.
func (b *bench) open(ctx context.Context, name string) (e *engine, err error) {
	e = &engine{name: name}
	switch name {
	case onPostgres:
		e.title = "PostgreSQL"
		err = b.openPostgres(ctx, e, b.cluster.port, b.cluster.port)
	case onPgBouncer:
		e.title = "PostgreSQL through PgBouncer, which pools transactions (pgbench without)"
		err = b.openPooled(ctx, e)
	case onDelayed:
		e.title = fmt.Sprintf("PostgreSQL, %s each way (for pgbench too)", b.delay)
		err = b.openDelayed(ctx, e)
	case onSQLite:
		e.title = "SQLite"
		err = b.openSQLite(ctx, e)
	}
	if err != nil {
		return e, err
	}
	return e, b.openOthers(ctx, e)
}

// openOthers adds whom this measure has beside the todods.
func (b *bench) openOthers(ctx context.Context, e *engine) error {
	switch {
	case b.kind == ofPeers && e.name == onPostgres:
		return b.openFastAPI(ctx, e)
	case b.kind == ofPeers && e.name == onSQLite:
		return b.openPocketBase(ctx, e)
	case b.kind == ofGrowth:
		return b.openDeepPage(ctx, e)
	}
	return nil
}

// openPostgres starts the todods on PostgreSQL. They reach it through one port, pgbench through another.
func (b *bench) openPostgres(ctx context.Context, e *engine, port, limitPort int, between ...*process) error {
	if b.limited() {
		e.contestants = append(e.contestants, &limit{
			server: b.cluster, port: limitPort, database: b.binaries[0].database, columns: b.columns, data: b.data,
			folder: b.folder,
		})
	}
	var err error
	for _, bin := range b.binaries {
		err = errors.Join(err, b.serve(ctx, e, bin, b.databaseURLs(bin, port), append(between, b.cluster.process)...))
	}
	return err
}

// openPooled starts the todods behind a PgBouncer.
func (b *bench) openPooled(ctx context.Context, e *engine) error {
	folder, err := b.subfolder(e.name)
	if err != nil {
		return err
	}
	pooler, err := startPgBouncer(ctx, folder, b.cluster.port, b.poolerSize)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, pooler.process.stop)
	return b.openPostgres(ctx, e, pooler.port, b.cluster.port, pooler.process)
}

// openDelayed starts the todods far from the database.
func (b *bench) openDelayed(ctx context.Context, e *engine) error {
	d, err := startDelayer(ctx, b.cluster.port, b.delay)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, d.stop)
	return b.openPostgres(ctx, e, d.port(), d.port())
}

// close stops what open started.
func (e *engine) close() error { return closeAll(e.closers) }
