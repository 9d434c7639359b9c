package audit

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// OpenToRead opens the audit file at path as it is at this moment: what is written to it later is not read. One that gzip
// has compressed is read as what is in it, a piece at a time; if it is damaged, reading it fails.
func OpenToRead(path string) (io.ReadCloser, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(file)
	var lines io.Reader
	if err == nil {
		lines, err = unzipped(io.LimitReader(file, size))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{lines, file}, nil
}

// sizeOf returns the size of file, in bytes, at a moment when nobody writes it.
func sizeOf(file *os.File) (size int64, err error) {
	if err := lock(file, false); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err == nil {
		size = info.Size()
	}
	return size, errors.Join(err, unlock(file))
}

// gzipMagic is how a file begins that gzip has compressed (RFC 1952, section 2.3.1). No audit file does.
var gzipMagic = []byte{0x1f, 0x8b}

// unzipped returns what r has, or what is in it if gzip has compressed it.
func unzipped(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	head, err := in.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(head, gzipMagic) {
		return in, nil
	}
	return gzip.NewReader(in)
}
