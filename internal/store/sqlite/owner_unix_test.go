//go:build unix

package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// ownerOf returns who owns the file at path.
func ownerOf(t *testing.T, path string) (uid, gid int) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// others returns whom this user may give files to: somebody else as root, else nobody but themselves.
func others() (uid, gid int) {
	if os.Geteuid() == 0 {
		return 54321, 54322
	}
	return os.Geteuid(), os.Getegid()
}

// TestARestoredDatabaseBelongsToWhomTheOneBeforeBelonged, whoever restores it, else to whom the folder belongs: they are
// who todod runs as.
func TestARestoredDatabaseBelongsToWhomTheOneBeforeBelonged(t *testing.T) {
	t.Parallel()
	uid, gid := others()
	for name, prepare := range map[string]func(path string) error{
		"the one before": func(path string) error {
			s, _ := openAt(t, path, 1)
			return errors.Join(s.Close(), os.Chown(path, uid, gid))
		},
		"the folder": func(path string) error { return os.Chown(filepath.Dir(path), uid, gid) },
		"the folder above, as there is none": func(path string) error {
			folder := filepath.Dir(path)
			return errors.Join(os.Remove(folder), os.Chown(filepath.Dir(folder), uid, gid))
		},
	} {
		folder := filepath.Join(t.TempDir(), "data")
		path := filepath.Join(folder, "todod.db")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), backedUp(t, 2), path, noon); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if u, g := ownerOf(t, path); u != uid || g != gid {
			t.Errorf("like %s: it belongs to %d:%d, want %d:%d", name, u, g, uid, gid)
		}
		if u, _ := ownerOf(t, folder); name != "the one before" && u != uid {
			t.Errorf("like %s: the folder belongs to %d, want %d", name, u, uid)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("like %s: %v, %v", name, info, err)
		}
	}
}

