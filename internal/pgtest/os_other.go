//go:build !linux

package pgtest

import (
	"os"
	"os/exec"
	"syscall"
)

// newFolder makes the folder of a server. There is nothing to release.
func newFolder() (folder string, release func(), err error) {
	folder, err = os.MkdirTemp("", folderPrefix)
	return folder, func() {}, err
}

// restrain does nothing here: only Linux can tie a process to its parent's life, and root (whom our servers refuse) is
// not who runs tests on other systems.
func restrain(*exec.Cmd, string, syscall.Signal) error {
	return nil
}
