package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	memory     = "/dev/shm" // a file system in memory makes and drops a database ten times as fast as a disk
	memoryRoom = 2 << 30    // bytes that must be free in it; containers often have 64 MB
	staleAge   = time.Minute
)

// newFolder makes the folder of a server: in memory where there is room, unless TMPDIR says where. It first removes what
// killed test binaries left behind. A folder in use is locked; release gives up that lock, as does the process's end.
func newFolder() (folder string, release func(), err error) {
	parent := os.TempDir()
	if os.Getenv("TMPDIR") == "" && hasRoom(memory) {
		parent = memory
	}
	sweep(parent)
	if folder, err = os.MkdirTemp(parent, folderPrefix); err != nil {
		return "", nil, err
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(folder))
	}
	return folder, func() { _ = lock.Close() }, nil
}

// hasRoom tells whether memoryRoom bytes can be written to folder.
func hasRoom(folder string) bool {
	const writable = 2 // W_OK
	var stat syscall.Statfs_t
	return syscall.Access(folder, writable) == nil && syscall.Statfs(folder, &stat) == nil &&
		stat.Bavail*uint64(stat.Bsize) >= memoryRoom
}

// sweep removes the folders in parent that no process has locked. Young ones are spared: their maker may be about to lock
// them. What can't be removed, because it is somebody else's, stays.
func sweep(parent string) {
	folders, _ := filepath.Glob(filepath.Join(parent, folderPrefix+"*")) // fails for a bad pattern only
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || time.Since(info.ModTime()) < staleAge {
			continue
		}
		if lock, err := lockFolder(folder); err == nil {
			_ = os.RemoveAll(folder)
			_ = lock.Close()
		}
	}
}

// lockFolder locks folder until the file that it returns is closed. It fails at once when another has the lock.
func lockFolder(folder string) (*os.File, error) {
	file, err := os.Open(folder) //nolint:gosec // a folder of our own naming
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", folder, err), file.Close())
	}
	return file, nil
}

// restrain makes cmd end, by the signal quit, with the thread that starts it, so that a killed test binary leaves no
// server behind, and, under root, run as an unprivileged user who is given folder.
func restrain(cmd *exec.Cmd, folder string, quit syscall.Signal) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: quit}
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := unprivileged()
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	if err := os.Chown(folder, int(uid), int(gid)); err != nil {
		return fmt.Errorf("give folder to the server's user: %w", err)
	}
	return nil
}

// unprivileged returns the ids of the user who runs servers in root's stead.
func unprivileged() (uid, gid uint32, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("user %s: %w", name, err)
		}
		return uint32(uid), uint32(gid), nil
	}
	return 0, 0, errors.New("PostgreSQL and PgBouncer do not run as root, and there is no user postgres or nobody")
}
