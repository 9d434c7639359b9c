//go:build linux || darwin

package nodetest

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock waits until no other process has locked folder and locks it until unlock is called or this process ends.
func lock(folder string) (unlock func(), err error) {
	file, err := os.Open(folder) //nolint:gosec // a folder of ours
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", folder, err), file.Close())
	}
	return func() { _ = file.Close() }, nil
}
