package main

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"os"
	"time"
)

const (
	// watchEvery is how often watched files are looked at: a change is noticed after the second look that finds it.
	watchEvery = 200 * time.Millisecond

	// watchAtMost is how much of a file is looked at, in bytes.
	watchAtMost = 1 << 20
)

// digest is what a look at files is remembered by.
type digest [sha256.Size]byte

// A watch tells when files hold something else than before, by reading them: it doesn't matter whether they were written,
// replaced, or reached through another symbolic link, and times and sizes that stay the same hide nothing. The zero watch
// has seen nothing yet.
type watch struct{ told, last digest }

// changed looks at the files and reports whether they differ from what it has told of. What differs must be the same twice
// in a row, so that nobody reads what is only half written.
func (w *watch) changed(paths ...string) bool {
	now := digestOf(paths)
	settled := now == w.last
	w.last = now
	if !settled || now == w.told {
		return false
	}
	w.told = now
	return true
}

// skip has the watch tell of nothing but what the files hold other than now.
func (w *watch) skip(paths ...string) {
	w.told = digestOf(paths)
	w.last = w.told
}

// digestOf returns a digest of what the files at paths hold. One that can't be read, or that is no regular file, is as good
// as any other such file.
func digestOf(paths []string) digest {
	all := sha256.New()
	for _, path := range paths {
		one := sha256.New()
		read := int64(-1)
		if n, err := copyFile(one, path); err == nil {
			read = n
		}
		_ = binary.Write(all, binary.BigEndian, read) // a hash takes everything
		_, _ = all.Write(one.Sum(nil))
	}
	return digest(all.Sum(nil))
}

// copyFile copies the regular file at path to w, watchAtMost bytes of it at most, and returns how many those were. Others
// are not opened: a pipe would be waited for.
func copyFile(w io.Writer, path string) (int64, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return 0, os.ErrInvalid
	}
	file, err := os.Open(path) //nolint:gosec // a file that the operator names
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	return io.Copy(w, io.LimitReader(file, watchAtMost))
}
