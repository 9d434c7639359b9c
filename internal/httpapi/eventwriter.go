package httpapi

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// writePatience is how long a client may take to make room for one event. A client that doesn't read is cut off rather than
// waited for; it can go on later from the last event that it has seen.
const writePatience = 10 * time.Second

// When clients that lost a stream come back, in milliseconds: not before a server that stops has closed its connections,
// and not all at once.
const (
	retryLeast = 2000
	retryRange = 3000
)

// An eventWriter writes server-sent events to one client. After an error it writes nothing more.
type eventWriter struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
	err error // the first one
}

// newEventWriter returns a writer that answers with w.
func newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{w: w, ctl: http.NewResponseController(w)}
}

// open writes the header. Nothing on the way shall keep events back, change or store them.
func (e *eventWriter) open() {
	h := e.w.Header()
	h.Set("Content-Type", eventStreamType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	e.w.WriteHeader(http.StatusOK)
}

// begin writes when to come back if the stream is lost, and where things stand, so that who comes back before the first
// event doesn't miss any either.
func (e *eventWriter) begin(first todo.News) {
	e.writef("retry: %d\n", retryLeast+rand.IntN(retryRange)) //nolint:gosec // nothing secret: clients shall come back one by one
	if len(first.Changes) == 0 && !first.Reset {
		e.writef("id: %d\n", first.At.Rev)
	}
	e.writef("\n")
}

// change writes the event of a change. JSON has no line breaks of its own.
func (e *eventWriter) change(c todo.Change) {
	wire := wireChange(c)
	data, err := json.Marshal(wire, json.Deterministic(true))
	if err != nil {
		e.fail(err)
		return
	}
	e.writef("event: %s\nid: %d\ndata: %s\n\n", wire.Op, wire.Rev, data)
}

// reset tells the client to read everything anew, and go on from the given place.
func (e *eventWriter) reset(at todo.Place) {
	e.writef("event: reset\nid: %d\ndata: {\"rev\":%d}\n\n", at.Rev, at.Rev)
}

// expired tells the client to come back with another token, or not at all.
func (e *eventWriter) expired(reason string) {
	e.writef("event: expired\ndata: {\"reason\":%q}\n\n", reason)
	e.flush()
}

// comment writes what clients pass over.
func (e *eventWriter) comment(text string) {
	e.writef(": %s\n\n", text)
	e.flush()
}

// writef writes text as fmt.Fprintf does.
func (e *eventWriter) writef(format string, args ...any) {
	e.do(func() error {
		_, err := fmt.Fprintf(e.w, format, args...)
		return err
	})
}

// flush sends what was written.
func (e *eventWriter) flush() { e.do(e.ctl.Flush) }

// do does something that may wait for the client, for as long as writePatience. Afterwards the connection has no deadline:
// in HTTP/2 one ends a stream even while nothing is written.
func (e *eventWriter) do(write func() error) {
	if e.err != nil {
		return
	}
	if err := e.ctl.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		e.fail(err)
		return
	}
	e.fail(write())
	if e.err == nil {
		e.fail(e.ctl.SetWriteDeadline(time.Time{}))
	}
}

// fail takes err as what went wrong, unless it is nil.
func (e *eventWriter) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// failure says why the stream ends that could not be written.
func (e *eventWriter) failure() string {
	if errors.Is(e.err, os.ErrDeadlineExceeded) {
		return "dropped: the client reads too slowly"
	}
	return "the client has gone: " + e.err.Error()
}
