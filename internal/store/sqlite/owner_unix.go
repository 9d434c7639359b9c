//go:build unix

package sqlite

import (
	"fmt"
	"os"
	"syscall"
)

// giveToOwnerOf makes the file or folder at path belong to whom the one at like belongs, user and group, as root, who would
// else keep it from whom it is for. Others own what they make, and it does nothing.
func giveToOwnerOf(like, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	want, err := owner(like)
	if err != nil {
		return err
	}
	if has, err := owner(path); err != nil || has == want {
		return err
	}
	return os.Chown(path, want.uid, want.gid)
}

// ids are a user and a group.
type ids struct{ uid, gid int }

// owner returns whom the file or folder at path belongs to.
func owner(path string) (ids, error) {
	info, err := os.Stat(path)
	if err != nil {
		return ids{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ids{}, fmt.Errorf("%s: its owner can't be seen", path)
	}
	return ids{int(stat.Uid), int(stat.Gid)}, nil
}
