package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// How a File is written.
const (
	maxQueued   = 4096            // events that wait to be written; more are lost, and counted
	maxBatch    = 256             // events that are written at once
	syncEvery   = time.Second     // how much may be lost when the machine, not only todod, ends at once
	anchorEvery = time.Hour       // how often the log is told where the file ends
	lockWait    = 2 * time.Second // how long another process may take to write its events
)

// A File keeps events as lines, each of which has the hash of the line before. It never makes those wait who have something
// to tell. While it can't be written, the events of that time are kept as long as there is room for them; how many were
// lost is the first thing it says afterwards. Several processes may write the same file.
//
// When the file at its path is another one than before, because a rotation has moved it away, the chain goes on in the new
// one.
type File struct {
	path  string
	log   *slog.Logger
	scrub scrubber

	queue  chan entry
	lost   atomic.Int64 // events that were not written, and of which no line tells yet
	mu     sync.RWMutex
	closed bool
	stop   chan struct{}
	done   chan struct{}

	// What follows belongs to the goroutine that writes.

	file     *os.File
	end      int64  // where file ended when it was last looked at; -1 for not known
	last     link   // the last line
	ending   ending // what stands after it
	pending  []entry
	unsynced bool
	anchored link
	anchorAt time.Time
	writing  trouble
	syncing  trouble
}

// Open opens the file at path, or makes it, readable for its owner alone. log hears what concerns the file itself; scrub
// takes out of what events carry what must not be written, nil for nothing. The File must be closed. A file that is there
// and was not written by a File is an error, and is left as it is.
func Open(path string, log *slog.Logger, scrub func(slog.Attr) slog.Attr) (*File, error) {
	if scrub == nil {
		scrub = asIs
	}
	f := &File{
		path: path, log: log, scrub: scrub, queue: make(chan entry, maxQueued), stop: make(chan struct{}), done: make(chan struct{}), end: -1,
	}
	if err := f.claim(); err != nil {
		return nil, fmt.Errorf("audit file: %w", err)
	}
	if err := unlock(f.file); err != nil {
		return nil, errors.Join(fmt.Errorf("audit file: %w", err), f.file.Close())
	}
	f.anchor()
	go f.run()
	return f, nil
}

// Close writes what is still to be written and closes the file. What is told to it afterwards is lost. It returns an error
// if not everything could be written.
func (f *File) Close() error {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.stop)
	}
	f.mu.Unlock()
	<-f.done
	if lost := f.lost.Load(); lost > 0 {
		return fmt.Errorf("audit file: %d events were not written", lost)
	}
	return nil
}

// put takes an event to be written, or counts it as lost if there is no room.
func (f *File) put(e entry) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if !f.closed {
		select {
		case f.queue <- e:
			return
		default:
		}
	}
	f.lost.Add(1)
}

// run writes what comes until the File is closed.
func (f *File) run() {
	defer close(f.done)
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		queue := f.queue
		if len(f.pending) > 0 {
			queue = nil // it can't be written: wait for the next tick
		}
		select {
		case e := <-queue:
			f.pending = append(f.pending, e)
			f.write()
		case <-tick.C:
			f.write()
			f.sync()
			if time.Since(f.anchorAt) >= anchorEvery {
				f.anchor()
			}
		case <-f.stop:
			f.finish()
			return
		}
	}
}

// finish writes everything that waits, and closes the file.
func (f *File) finish() {
	for more := true; more; more = len(f.queue) > 0 && len(f.pending) == 0 {
		f.write()
	}
	f.lost.Add(int64(len(f.pending) + len(f.queue)))
	f.sync()
	f.anchor()
	if err := f.file.Close(); err != nil {
		f.syncing.tell(f.log, fmt.Errorf("close: %w", err))
	}
}

// write writes what is pending and some of what waits. What can't be written stays pending.
func (f *File) write() {
	for len(f.pending) < maxBatch {
		select {
		case e := <-f.queue:
			f.pending = append(f.pending, e)
			continue
		default:
		}
		break
	}
	if len(f.pending) == 0 && f.lost.Load() == 0 {
		return
	}
	failed := f.writing.lasting
	if f.writing.tell(f.log, f.writePending()); failed && !f.writing.lasting {
		f.anchor() // which says that it goes on
	}
}

// writePending writes what is pending, and first what has to be said about the file itself.
func (f *File) writePending() (err error) {
	if err := f.claim(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock(f.file)) }()
	lost := f.lost.Load()
	var preface []notice
	if f.end == 0 {
		preface = append(preface, notice{event: Opened})
	}
	preface = append(preface, f.ending.notices()...)
	if lost > 0 {
		preface = append(preface, notice{Gap, []slog.Attr{slog.Int64("lost", lost)}})
	}
	if err := f.append(preface, f.pending); err != nil {
		return err
	}
	f.pending = f.pending[:0]
	f.lost.Add(-lost)
	for _, n := range preface {
		n.event.Log(context.Background(), f.log, n.attrs...)
	}
	return nil
}

// A notice is an event of the file itself, for the file and for the log.
type notice struct {
	event Event
	attrs []slog.Attr
}

// entry returns n as it goes into the file.
func (n notice) entry() entry {
	r := slog.NewRecord(time.Now(), n.event.Level(), string(n.event), 0)
	r.AddAttrs(n.attrs...)
	e, err := newEntry(context.Background(), r, asIs, nil)
	if err != nil {
		panic("audit: " + err.Error()) // it writes to memory
	}
	return e
}

// append writes the lines of these entries in one piece. If only a part of it could be written, those of more that are in
// the file are taken off f.pending.
func (f *File) append(preface []notice, more []entry) error {
	var buf []byte
	if f.ending.open {
		buf = append(buf, '\n')
	}
	last := f.last
	for _, n := range preface {
		buf, last = appendLine(buf, n.entry(), last)
	}
	ends := make([]int, len(more))
	for i, e := range more {
		buf, last = appendLine(buf, e, last)
		ends[i] = len(buf)
	}
	n, err := f.file.Write(buf)
	f.unsynced = true
	if err != nil {
		f.end = -1 // look again
		for len(ends) > 0 && ends[0] <= n {
			ends, f.pending = ends[1:], f.pending[1:]
		}
		return fmt.Errorf("write: %w", err)
	}
	f.end, f.last, f.ending = f.end+int64(n), last, ending{}
	return nil
}

// sync makes what was written survive the end of the machine.
func (f *File) sync() {
	if !f.unsynced {
		return
	}
	err := f.file.Sync()
	f.unsynced = err != nil
	f.syncing.tell(f.log, err)
}

// anchor tells the log where the file ends, unless it knows.
func (f *File) anchor() {
	f.anchorAt = time.Now()
	if f.last != f.anchored {
		f.anchored = f.last
		Anchor.Log(context.Background(), f.log, slog.Uint64("seq", f.last.seq), slog.String("hash", f.last.hash.String()))
	}
}

// trouble is something that may go wrong for a while. The log hears of its beginning.
type trouble struct{ lasting bool }

// tell tells log of err if it is the first of its kind. No error is the end of the trouble.
func (t *trouble) tell(log *slog.Logger, err error) {
	if err != nil && !t.lasting {
		Failed.Log(context.Background(), log, slog.String("reason", err.Error()))
	}
	t.lasting = err != nil
}
