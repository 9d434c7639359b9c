package observe

import (
	"io"
	"sync"
	"time"
)

// AccessLogger is the name of the logger of requests that were answered, most of whose lines may wait to be written.
const AccessLogger = "todod.access"

// How long lines that may wait do so at most, and how many bytes of them.
const (
	lineDelay   = 100 * time.Millisecond
	waitingSize = 64 << 10
)

// lineWriter lets several handlers share one writer, a record at a time. If it has a delay, what is written to it waits for
// so long, or until flush.
type lineWriter struct {
	mu      sync.Mutex
	w       io.Writer
	delay   time.Duration
	waiting []byte
	timer   *time.Timer // runs while something waits; nil without a delay

	terminal, colours bool // a person reads it, in colour
}

// newLineWriter returns a lineWriter over w. It must be closed if it has a delay.
func newLineWriter(w io.Writer, delay time.Duration) *lineWriter {
	l := &lineWriter{w: w, delay: delay}
	if delay > 0 {
		l.timer = time.AfterFunc(delay, func() { _ = l.flush() }) // whoever wrote has been answered; there is no one to tell
	}
	return l
}

// Write implements io.Writer.
func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.delay == 0 {
		return l.w.Write(p)
	}
	if len(l.waiting) == 0 {
		l.timer.Reset(l.delay)
	}
	l.waiting = append(l.waiting, p...)
	if len(l.waiting) >= waitingSize {
		return len(p), l.write()
	}
	return len(p), nil
}

// flush writes what waits.
func (l *lineWriter) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write()
}

// write writes what waits; l is locked.
func (l *lineWriter) write() error {
	if len(l.waiting) == 0 {
		return nil
	}
	l.timer.Stop()
	_, err := l.w.Write(l.waiting)
	l.waiting = l.waiting[:0]
	return err
}

// close writes what waits. From then on nothing waits any more.
func (l *lineWriter) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.write()
	l.delay = 0
	return err
}
