package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Diagnosis is what an operator wants to know of a file.
type Diagnosis struct {
	There    bool        // if not, nothing else is known but Pending
	Bytes    int64       // the log included
	Mode     fs.FileMode // of the file
	Journal  string      // SQLite's journal mode: wal once a server has opened the file
	Pending  int         // migrations that have not run
	Unknown  int         // migrations that have run and that this program doesn't know
	Writable error       // why it can't be written; ErrInUse if somebody else writes all the time
	Damage   error       // what SQLite's quick_check found, or why that can't be said
}

// Diagnose looks at the file at path without changing it; it may be in use. An error says what could not be looked at.
func Diagnose(ctx context.Context, path string) (d Diagnosis, err error) {
	if d.Pending, d.Unknown, err = lookForMigrations(ctx, path); err != nil {
		return d, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	d.There, d.Bytes, d.Mode = true, info.Size(), info.Mode()
	if log, err := os.Stat(path + "-wal"); err == nil {
		d.Bytes += log.Size()
	}
	db, err := connect(path)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.QueryRowContext(ctx, "pragma journal_mode").Scan(&d.Journal); err != nil {
		return d, fmt.Errorf("look for the journal mode: %w", err)
	}
	if _, d.Writable = db.ExecContext(ctx, "begin immediate; rollback"); primaryCode(d.Writable) == sqliteBusy {
		d.Writable = ErrInUse
	}
	d.Damage = check(ctx, db, "quick_check")
	return d, nil
}
