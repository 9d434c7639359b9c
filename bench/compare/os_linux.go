package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// tmpfs is the type of a file system in memory.
const tmpfs = 0x01021994

// detach keeps a Ctrl-C away from cmd, as this program ends it, and has it quit when this program is killed.
func detach(cmd *exec.Cmd, quit syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = quit
}

// unprivileged makes cmd, under root, run as a user without rights, who is given folder: PostgreSQL and PgBouncer
// refuse to run as root.
func unprivileged(cmd *exec.Cmd, folder string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return fmt.Errorf("user %s: %w", name, err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return os.Chown(folder, int(uid), int(gid)) //nolint:gosec // our temporary folder
	}
	return errors.New("PostgreSQL and PgBouncer do not run as root, and there is no user postgres or nobody")
}

// inMemory tells whether folder is kept in memory, where a sync costs nothing.
func inMemory(folder string) bool {
	var stat syscall.Statfs_t
	return syscall.Statfs(folder, &stat) == nil && stat.Type == tmpfs
}
