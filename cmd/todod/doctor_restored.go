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

// leap raises all revisions and the ids of tasks, by todo.Leap, and reports it.
func (r *report) leap(ctx context.Context, cfg config.Config) {
	people, err := auditedLeap(ctx, cfg)
	if err != nil {
		r.say("fail", "after a restored backup: %v", err)
		return
	}
	r.say("ok", "the revisions of %d people, and the ids of tasks, go on %d higher: clients read everything anew", people, int64(todo.Leap))
}

// auditedLeap raises all revisions and the ids of tasks, by todo.Leap, which is a security event, and returns how many
// people that concerns.
func auditedLeap(ctx context.Context, cfg config.Config) (people int, err error) {
	security, closeAudit, err := openSecurity(cfg, discard)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	if cfg.Database.Engine == config.SQLite {
		people, err = sqlite.Leap(ctx, cfg.Database.Path)
	} else {
		people, err = postgres.Leap(ctx, cfg.Database.DirectURL)
	}
	if err == nil {
		tellOfDatabase(ctx, security, audit.DatabaseLeapt, people)
	}
	return people, err
}
