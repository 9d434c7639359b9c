package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
)

// ending is what stands in a file after its last whole line.
type ending struct {
	torn *tear // nil if there is nothing
	open bool  // there is no newline at the end
}

// notices returns what the file has to say about its ending.
func (e ending) notices() []notice {
	if e.torn == nil {
		return nil
	}
	return []notice{{Torn, []slog.Attr{slog.Int64("bytes", e.torn.Bytes), slog.String("sha256", e.torn.Hash.String())}}}
}

// How much of a file's end is read to find its last whole line, in bytes: more if that was not enough.
const (
	firstLook = 8 << 10
	maxLook   = 1 << 20
)

// claim makes sure that f.file is the one at f.path, that no other process writes it until it is unlocked, and that f knows
// its end.
func (f *File) claim() error {
	if f.file == nil {
		return f.begin()
	}
	if err := lock(f.file, true); err != nil {
		return err
	}
	err := f.look()
	if err == nil {
		var here bool
		if here, err = f.isHere(); err == nil && !here {
			err = f.moveOn()
		}
	}
	if err != nil {
		return errors.Join(err, unlock(f.file))
	}
	return nil
}

// rotated is what logrotate adds to the name of the file that it moves away, unless it is told to add a date.
const rotated = ".1"

// begin is claim for a File that has no file yet. Where there are no lines at f.path, it goes on from the file that a
// rotation has moved away, as those do who had that open; if there is none, or none that can be written, a chain of its own
// begins.
func (f *File) begin() error {
	if info, err := os.Stat(f.path); err == nil && info.Size() > 0 || f.openFile(f.path+rotated, 0) != nil {
		return f.openFile(f.path, os.O_CREATE)
	}
	if err := f.moveOn(); err != nil {
		old := f.file
		f.file = nil
		return errors.Join(err, old.Close())
	}
	return nil
}

// isHere reports whether the file at f.path is f.file.
func (f *File) isHere() (bool, error) {
	there, err := os.Stat(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ours, err := f.file.Stat()
	return err == nil && os.SameFile(there, ours), err
}

// moveOn goes on in the file that is at f.path now. If the old one ends in a line that was cut off, that is closed. It
// stays locked until the new one is, so that processes which come from there see what stands at its end.
func (f *File) moveOn() error {
	old := f.file
	if f.ending != (ending{}) {
		if err := f.append(f.ending.notices(), nil); err != nil {
			return err
		}
	}
	if err := f.openFile(f.path, os.O_CREATE); err != nil {
		return err
	}
	err := old.Sync()
	f.syncing.tell(f.log, errors.Join(err, old.Close()))
	return nil
}

// openFile opens and locks the file at path and looks at its end. With os.O_CREATE it makes one that isn't there. If it
// fails, f.file stays as it is.
func (f *File) openFile(path string, create int) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|create, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	before := f.file
	f.file, f.end = file, -1
	if err = lock(file, true); err == nil {
		if err = f.recognise(); err == nil {
			err = f.look()
		}
	}
	if err != nil {
		f.file, f.end = before, -1
		return errors.Join(err, file.Close())
	}
	return nil
}

// beginning is how every line begins.
const beginning = `{"seq":`

// recognise returns an error if f.file is no audit file: it might be something that must not be written to. Its first line
// may have been cut off.
func (f *File) recognise() error {
	head := make([]byte, len(beginning))
	n, err := f.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	first, _, _ := strings.Cut(string(head[:n]), "\n")
	if !strings.HasPrefix(beginning, first) || first == "" && n > 0 {
		return fmt.Errorf("%s is no audit file", f.file.Name())
	}
	return nil
}

// look finds out where the chain stands in f.file, unless nobody has written to it since. In an empty file, and in one
// without a whole line, it goes on from where f was.
func (f *File) look() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if size == f.end {
		return nil
	}
	f.ending = ending{}
	for look := int64(firstLook); size > 0; look *= 8 {
		window := make([]byte, min(look, maxLook, size))
		n, err := f.file.ReadAt(window, size-int64(len(window)))
		if n < len(window) {
			return fmt.Errorf("read its end: %w", err)
		}
		last, after, found := lastWhole(window, int64(n) == size)
		if !found && look < min(maxLook, size) {
			continue
		}
		if found {
			f.last = last
		}
		f.ending.open = window[n-1] != '\n'
		if after < n {
			torn := newTear(window[after:])
			f.ending.torn = &torn
		}
		break
	}
	f.end = size
	return nil
}

// lastWhole returns the link of the last line in window, the end of a file, that is as it was written, and where what
// follows it begins. whole says that window is all of the file; if it isn't, its first line may be a part of one.
func lastWhole(window []byte, whole bool) (last link, after int, found bool) {
	for after = len(window); after > 0; {
		text := bytes.TrimSuffix(window[:after], []byte("\n"))
		start := bytes.LastIndexByte(text, '\n') + 1
		if start == 0 && !whole {
			break
		}
		if l, err := parseLine(text[start:]); err == nil {
			return l.link(), after, true
		}
		after = start
	}
	return link{}, 0, false
}

// lock locks file, for writing or only for reading, and waits a while if another process has it.
func lock(file *os.File, write bool) error {
	for deadline := time.Now().Add(lockWait); ; time.Sleep(5 * time.Millisecond) {
		locked, err := tryLock(file, write)
		if locked || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return errors.New("another process has it locked")
		}
	}
}
