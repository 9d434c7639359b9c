package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Contents is what a file was found to hold.
type Contents struct {
	Bytes    int64
	Accounts int // of todod's own
	People   int // who have written something, or were erased
	Tasks    int // the trash included
}

// Backup writes all that is in the database at path into a new file at to, readable by this user only, and returns what
// is in it. The database may be in use: the copy is of one moment, at which everything is in it that had been committed
// when Backup was called. It has its name only when it is complete, synced and found to be sound; until then, and if that
// fails, there is nothing at to, or what was there. A file that is there is an fs.ErrExist unless it is to be replaced.
func Backup(ctx context.Context, path, to string, replace bool) (c Contents, err error) {
	if err := vacant(path, to, replace); err != nil {
		return c, err
	}
	part, err := reserve(to)
	if err != nil {
		return c, err
	}
	defer func() { _ = os.Remove(part) }() // by then it has its name, or is to be gone
	if err := copyInto(ctx, path, part); err != nil {
		return c, fmt.Errorf("copy %s: %w", path, err)
	}
	if c, err = examine(ctx, part); err != nil {
		return c, fmt.Errorf("the copy of %s is not sound: %w", path, err)
	}
	if err := syncFile(part); err != nil {
		return c, err
	}
	if err := os.Rename(part, to); err != nil {
		return c, err
	}
	return c, syncFolder(filepath.Dir(to))
}

// vacant returns why the file at to can't be written as a copy of the database at path, nil if it can.
func vacant(path, to string, replace bool) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("database file: %w", err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if sameFile(path+suffix, to) {
			return fmt.Errorf("%s belongs to the database itself", to)
		}
	}
	there, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !there.Mode().IsRegular():
		return fmt.Errorf("%s is no file", to)
	case !replace:
		return fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	return nil
}

// sameFile reports whether two paths lead to one file, or would if it were there.
func sameFile(one, two string) bool {
	a, errA := os.Stat(one)
	b, errB := os.Stat(two)
	if errA == nil && errB == nil {
		return os.SameFile(a, b)
	}
	absA, errA := filepath.Abs(one)
	absB, errB := filepath.Abs(two)
	return errA == nil && errB == nil && absA == absB
}

// reserve makes an empty file beside path, readable by this user only, and returns its absolute path.
func reserve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // mode 0600
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// copyInto writes the database at path into the empty file at to. It reads one snapshot, for which nobody has to wait, and
// leaves behind what was deleted. (SQLite's backup interface copies those pages, too, and the file's own WAL mode.)
func copyInto(ctx context.Context, path, to string) (err error) {
	db, err := connect(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "vacuum into ?", to)
	return err
}

// examine returns what is in the database at path, which nobody else uses, and an error if it is not sound or not todod's.
func examine(ctx context.Context, path string) (c Contents, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return c, err
	}
	c.Bytes = info.Size()
	db, err := connect(path, "_pragma", "query_only(1)")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := check(ctx, db, "integrity_check"); err != nil {
		return c, err
	}
	var tables int
	err = db.QueryRowContext(ctx, `select count(*) from sqlite_schema
		where type = 'table' and name in ('migrations', 'users', 'tasks')`).Scan(&tables)
	if err == nil && tables < 3 {
		err = errors.New("it is a database, but not todod's")
	}
	if err != nil {
		return c, err
	}
	err = db.QueryRowContext(ctx, "select (select count(*) from users), (select count(*) from tasks)").Scan(&c.People, &c.Tasks)
	if err != nil {
		return c, err
	}
	err = db.QueryRowContext(ctx, "select count(*) from sqlite_schema where type = 'table' and name = 'accounts'").Scan(&tables)
	if err == nil && tables > 0 { // the first versions had none
		err = db.QueryRowContext(ctx, "select count(*) from accounts").Scan(&c.Accounts)
	}
	return c, err
}

// check runs one of SQLite's checks on db and returns what it finds.
func check(ctx context.Context, db *sql.DB, name string) error {
	rows, err := db.QueryContext(ctx, "pragma "+name)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" && len(found) < 5 { // of up to a hundred
			found = append(found, line)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%s: %s", name, strings.Join(found, "; "))
	}
	return rows.Err()
}

// syncFile returns when the file at path is on the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // one that was just made
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder returns when the names in the folder at path are on the disk. Windows knows no such thing.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path) //nolint:gosec // of a file that was just made
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
