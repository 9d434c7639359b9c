package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"

	"todod/internal/config"
	"todod/internal/store/sqlite"
)

// littleSpace is what a disk should have free at the least, in bytes, besides room for a copy of the database.
const littleSpace = 200e6

// examineSQLite reports on a SQLite file and the disk that it is on.
func (r *report) examineSQLite(ctx context.Context, cfg config.Config) {
	r.check = "database"
	path := cfg.Database.Path
	d, err := sqlite.Diagnose(ctx, path)
	switch {
	case err != nil:
		r.say("fail", "%s: %v", cfg.Database, err)
		return
	case !d.There:
		r.say("ok", "%s is not there yet: the first start makes it", cfg.Database)
		r.migrations(d.Pending, d.Unknown)
		return
	}
	switch {
	case errors.Is(d.Writable, sqlite.ErrInUse):
		r.say("warn", "%s can be read, but somebody else has been writing for seconds", cfg.Database)
	case d.Writable != nil:
		r.say("fail", "%s can't be written by this user, who should be the one that todod runs as: %v", cfg.Database, d.Writable)
	default:
		r.say("ok", "%s can be read and written", cfg.Database)
	}
	switch {
	case ctx.Err() != nil:
		r.say("warn", "SQLite's quick_check was not through in %s; todod backup checks everything, and takes its time", examinationTimeout)
	case d.Damage != nil:
		r.say("fail", "the file is damaged: stop todod and restore a backup (todod restore FILE): %v", d.Damage)
	default:
		r.say("ok", "SQLite's quick_check finds nothing wrong")
	}
	if d.Journal != "wal" {
		r.say("warn", "the journal mode is %s, not wal: the next start changes that, unless the file system can't do it", d.Journal)
	}
	if runtime.GOOS != "windows" {
		r.permissions(path, d.Mode)
	}
	r.space(path, d.Bytes)
	r.migrations(d.Pending, d.Unknown)
}

// permissions reports who may read the file at path.
func (r *report) permissions(path string, mode fs.FileMode) {
	r.check = "permissions"
	if mode.Perm()&0o077 == 0 {
		r.say("ok", "nobody else may read it")
		return
	}
	r.advise("warn", "chmod 600 "+path, "others on this machine may read it (%s)", mode.Perm())
}

// space reports whether the disk that the file at path is on has room.
func (r *report) space(path string, size int64) {
	r.check = "disk"
	free, err := freeSpace(filepath.Dir(path))
	switch {
	case err != nil:
		r.say("warn", "how much space is left on the disk can't be said: %v", err)
	case free < littleSpace+uint64(size):
		r.say("warn", "only %d MB are left on its disk; the database has %d MB, and restoring a backup needs as much again", free/1e6, size/1e6)
	default:
		r.say("ok", "%d MB are left on its disk", free/1e6)
	}
}
