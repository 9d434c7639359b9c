package main

import (
	"context"

	"todod/internal/config"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// leap raises all revisions and the ids of tasks, by todo.Leap, and reports it.
func (r *report) leap(ctx context.Context, cfg config.Config) {
	var people int
	var err error
	if cfg.Database.Engine == config.SQLite {
		people, err = sqlite.Leap(ctx, cfg.Database.Path)
	} else {
		people, err = postgres.Leap(ctx, cfg.Database.DirectURL)
	}
	if err != nil {
		r.say("fail", "after a restored backup: %v", err)
		return
	}
	r.say("ok", "the revisions of %d people, and the ids of tasks, go on %d higher: clients read everything anew", people, int64(todo.Leap))
}
