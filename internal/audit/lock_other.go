//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly

package audit

import "os"

// tryLock does nothing here: each process needs an audit file of its own.
func tryLock(*os.File, bool) (bool, error) { return true, nil }

// unlock does nothing here.
func unlock(*os.File) error { return nil }
