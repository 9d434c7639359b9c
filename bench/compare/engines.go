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
		e.title, err = "PostgreSQL", b.openPostgres(ctx, e, b.cluster.port, b.cluster.port)
	default:
		err = fmt.Errorf("there is no engine %q", name)
	}
	return e, err
}

// openPostgres starts the todods on PostgreSQL. They reach it through one port, pgbench through another.
func (b *bench) openPostgres(ctx context.Context, e *engine, port, limitPort int, between ...*process) error {
	e.contestants = append(e.contestants, &limit{
		server: b.cluster, port: limitPort, database: b.binaries[0].database, columns: b.columns, data: b.data, folder: b.folder,
	})
	var err error
	for _, bin := range b.binaries {
		err = errors.Join(err, b.serve(ctx, e, bin, b.databaseURLs(bin, port), append(between, b.cluster.process)...))
	}
	return err
}

// close stops what open started.
func (e *engine) close() error { return closeAll(e.closers) }
