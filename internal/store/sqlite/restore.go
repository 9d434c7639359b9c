package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// ErrInUse is why a database can't be replaced.
var ErrInUse = errors.New("it is in use: stop todod, and whatever else has it open")

// Restored is what Restore did.
type Restored struct {
	Contents
	Migrations int    // how many have run
	Aside      string // where the database is now that was there before; "" if there was none
}

// Restore puts a copy of the backup at from into the place of the database at path, migrated and with all revisions
// raised (see BumpRevisions). What was there is kept beside it under a name with the time now. Everything that can fail
// is done before that, on the copy. As root, it belongs to whom what was there belonged, or else the folder. Where path
// is a symbolic link, all this is done where it leads. While Restore works it has the database for itself, so that
// nobody can go on with what is about to be moved away; the error is ErrInUse if somebody has it open.
func Restore(ctx context.Context, from, path string, now time.Time) (r Restored, err error) {
	if led, err := filepath.EvalSymlinks(path); err == nil { // else nothing is there
		path = led
	}
	if err := resting(from, path); err != nil {
		return r, err
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return r, fmt.Errorf("database folder: %w", err)
	}
	old, err := seize(ctx, path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, old.release()) }()
	part, err := reserve(path)
	if err != nil {
		return r, err
	}
	defer func() { _ = os.Remove(part) }() // by then it has its name, or is to be gone
	if err := copyFile(from, part); err != nil {
		return r, fmt.Errorf("copy %s: %w", from, err)
	}
	if r.Contents, err = examine(ctx, part); err != nil {
		return r, fmt.Errorf("%s is not sound: %w", from, err)
	}
	if r.Migrations, err = refit(ctx, part); err != nil {
		return r, fmt.Errorf("%s: %w", from, err)
	}
	if err := old.bequeath(part); err != nil {
		return r, fmt.Errorf("keep the owner: %w", err)
	}
	if err := syncFile(part); err != nil {
		return r, err
	}
	r.Aside, err = old.replace(part, now)
	return r, err
}

// makeFolder makes a folder unless it is there, and those above it, each belonging to whom the one above belongs.
func makeFolder(folder string) error {
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(folder)
	if err := makeFolder(above); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return giveToOwnerOf(above, folder)
}

// resting returns an error unless there is a file at from, other than the database at path, that nobody seems to write.
func resting(from, path string) error {
	switch info, err := os.Stat(from); {
	case err != nil:
		return fmt.Errorf("backup file: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", from)
	}
	if sameFile(from, path) {
		return fmt.Errorf("%s is the database itself", from)
	}
	if log, err := os.Stat(from + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%[1]s is no backup but a database in use, or a part of one: %[1]s-wal belongs to it", from)
	}
	return nil
}

// copyFile copies the file at from into the one at to.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from) //nolint:gosec // the operator's to choose
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()                     // it was only read
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0) //nolint:gosec // one that was just made
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// refit brings the backup at path to this program's schema, raises its revisions, and returns how many migrations that
// took. It leaves one file.
func refit(ctx context.Context, path string) (n int, err error) {
	pending, unknown, err := lookForMigrations(ctx, path)
	switch {
	case err != nil:
		return 0, err
	case unknown > 0:
		return 0, fmt.Errorf("a newer todod made it: this one doesn't know %d of its migrations", unknown)
	}
	db, err := connect(path, "_pragma", "journal_mode(DELETE)", "_txlock", "immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if pending > 0 {
		if n, err = migrations.Run(ctx, db); err != nil {
			return n, err
		}
	}
	_, err = bump(ctx, db)
	return n, err
}

// A seized database is one that nobody else can open, by SQLite's own lock, which ends with this process.
type seized struct {
	path string
	db   *sql.DB
	conn *sql.Conn // what holds the lock; nil when there is none
	made bool      // there was no database before
	torn bool      // it is damaged so badly that nobody can use it, and may have a log beside it
}

// seize takes the database at path, made empty if it isn't there, and leaves it as one file without a log beside it
// unless it is torn. The error is ErrInUse if somebody has it open. From then on this process must not open the file
// otherwise: closing it again would give up the lock (POSIX has it so).
func seize(ctx context.Context, path string) (*seized, error) {
	_, err := os.Stat(path)
	s := &seized{path: path, made: errors.Is(err, fs.ErrNotExist)}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("database file: %w", err)
	}
	if s.db, err = connect(path, "_pragma", "locking_mode(EXCLUSIVE)"); err != nil {
		return nil, err
	}
	err = s.lock(ctx)
	switch {
	case err == nil:
		return s, nil
	case primaryCode(err) == sqliteBusy:
		err = ErrInUse
	case ctx.Err() == nil:
		err = fmt.Errorf("it can't be read, so it is not known whether it is in use (%[2]w); if nothing uses it, "+
			"move %[1]s, %[1]s-wal and %[1]s-shm away and restore again", path, err)
	}
	return nil, fmt.Errorf("%s: %w", path, errors.Join(err, s.letGo()))
}

// lock takes the lock and has SQLite put into the file what is still in its log.
func (s *seized) lock(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	var mode string
	if _, err = conn.ExecContext(ctx, "begin exclusive; commit"); err == nil { // in this locking mode the lock stays
		err = conn.QueryRowContext(ctx, "pragma journal_mode = delete").Scan(&mode)
		s.torn = primaryCode(err) == sqliteCorrupt
	}
	if err == nil && mode != "delete" {
		err = fmt.Errorf("the journal mode stays %s", mode)
	}
	if err != nil && !s.torn {
		return errors.Join(err, conn.Close())
	}
	s.conn = conn
	return nil
}

// letGo gives up the lock.
func (s *seized) letGo() (err error) {
	if s.conn != nil {
		err = s.conn.Close()
		s.conn = nil
	}
	return errors.Join(err, s.db.Close())
}

// release gives up the lock, and removes the file if it was made only to have it.
func (s *seized) release() error {
	if info, err := os.Stat(s.path); s.made && s.conn != nil && err == nil && info.Size() == 0 {
		_ = os.Remove(s.path) // empty, it is as good as none
	}
	return s.letGo()
}

// bequeath makes the file at part belong to whom the database belongs, or if there is none, the folder.
func (s *seized) bequeath(part string) error {
	if s.made {
		return giveToOwnerOf(filepath.Dir(s.path), part)
	}
	return giveToOwnerOf(s.path, part)
}

// replace puts the file at part into the place of the database and returns where that is now, "" if there was none.
// There is always one or the other.
func (s *seized) replace(part string, now time.Time) (aside string, err error) {
	// Windows moves no file that is open, and so none that somebody uses. SQLite removes the log of a database, by its
	// name, when the last connection is closed: before another database has that name.
	if runtime.GOOS == "windows" || s.torn {
		if err := s.letGo(); err != nil {
			return "", err
		}
	}
	if !s.made {
		aside = s.path + ".before-restore-" + now.UTC().Format("20060102T150405Z")
		if err := os.Link(s.path, aside); err != nil {
			return "", fmt.Errorf("keep what is there: %w", err)
		}
	}
	if s.torn {
		_ = os.Rename(s.path+"-wal", aside+"-wal") // if it is still there
	}
	_ = os.Remove(s.path + "-shm") // what a process that was killed leaves; it has nothing that lasts
	if err := os.Rename(part, s.path); err != nil {
		if aside != "" {
			_ = os.Remove(aside) // the other name is still there
		}
		return "", err
	}
	return aside, syncFolder(filepath.Dir(s.path))
}
