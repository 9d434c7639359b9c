package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"todod/internal/todo"
)

// bumpRevisions raises the revision of everybody who has written something in this life. Who hasn't gets another epoch
// instead: their row must go on saying so.
const bumpRevisions = `update users set rev = iif(rev > life_rev, rev + ?1, rev),
	epoch = iif(rev > life_rev, epoch, random() & 9007199254740991)`

// bumpIDs does the same for the ids of tasks, of which SQLite notes the highest once there was one.
const (
	bumpIDs  = `update sqlite_sequence set seq = seq + ?1 where name = 'tasks'`
	beginIDs = `insert into sqlite_sequence (name, seq) select 'tasks', ?1
		where not exists (select 1 from sqlite_sequence where name = 'tasks')`
)

// BumpRevisions raises everybody's revision and the ids of tasks by todo.RevisionBump in the file at path, in one
// transaction, and returns how many people that concerns. It is for a file that was put in its place by hand; Restore
// does it itself. Doing it again does no harm.
func BumpRevisions(ctx context.Context, path string) (people int, err error) {
	pending, err := Pending(ctx, path)
	switch {
	case err != nil:
		return 0, err
	case pending > 0:
		return 0, fmt.Errorf("%d migrations have not run: todod migrate runs them", pending)
	}
	db, err := connect(path, "_txlock", "immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return bump(ctx, db)
}

// bump is BumpRevisions on db.
func bump(ctx context.Context, db *sql.DB) (people int, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("raise revisions: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	for _, statement := range []string{beginIDs, bumpIDs, bumpRevisions} {
		done, err := tx.ExecContext(ctx, statement, todo.RevisionBump)
		if err != nil {
			return 0, fmt.Errorf("raise revisions: %w", err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			return 0, err
		}
		people = int(n)
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("raise revisions: %w", err)
	}
	return people, nil
}
