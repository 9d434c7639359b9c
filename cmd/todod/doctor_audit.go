package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// examineAudit reports whether the audit file at path, "" for none, can be written. It changes nothing in it, and makes
// none.
func (r *report) examineAudit(path string) {
	r.check = "audit"
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0) //nolint:gosec // the operator's to choose
	switch {
	case err == nil:
		_ = file.Close() // nothing was written
		r.say("ok", "security events go into %s", path)
		return
	case errors.Is(err, fs.ErrNotExist):
		err = tryFolder(filepath.Dir(path))
	}
	if err != nil {
		r.say("fail", "AUDIT_LOG_FILE: todod doesn't start: it must be a file that this user can read and write, or can make: %v", err)
		return
	}
	r.say("ok", "security events go into %s, which the first start makes", path)
}

// tryFolder returns why this user can't make files in a folder, nil if they can. None is left there.
func tryFolder(folder string) error {
	file, err := os.CreateTemp(folder, ".todod-doctor-*")
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("make a file in %s: %w", folder, failed.Err)
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
