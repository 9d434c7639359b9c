package main

import (
	"context"
	"errors"

	"todod/internal/audit"
	"todod/internal/config"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// bumpRevisions raises all revisions and the ids of tasks, by todo.RevisionBump, and reports it.
func (r *report) bumpRevisions(ctx context.Context, cfg config.Config) {
	r.check = "restore"
	people, err := auditedBump(ctx, cfg)
	if err != nil {
		r.say("fail", "after a restored backup: %v", err)
		return
	}
	r.say("ok", "the revisions of %d people, and the ids of tasks, go on %d higher: clients read everything anew", people, int64(todo.RevisionBump))
}

// auditedBump raises all revisions and the ids of tasks, by todo.RevisionBump, which is a security event, and returns
// how many people that concerns.
func auditedBump(ctx context.Context, cfg config.Config) (people int, err error) {
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	if cfg.Database.Engine == config.SQLite {
		people, err = sqlite.BumpRevisions(ctx, cfg.Database.Path)
	} else {
		people, err = postgres.BumpRevisions(ctx, cfg.Database.DirectURL)
	}
	if err == nil {
		tellOfDatabase(ctx, security, audit.DatabaseLeapt, people)
	}
	return people, err
}
