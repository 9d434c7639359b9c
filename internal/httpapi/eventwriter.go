package httpapi

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// writePatience is how long a client may take to make room for maxWrite bytes. A client that doesn't read is cut off rather than
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

// When clients come back whose streams gave way to newer ones, in milliseconds: at once, they would only push out others.
const (
	laterLeast = 60_000
	laterRange = 60_000
)

// comeBackLater tells the client when to come back, if it comes back by itself.
func (e *eventWriter) comeBackLater() {
	later := laterLeast + rand.IntN(laterRange) //nolint:gosec // nothing secret: clients shall come back one by one
	e.write(fmt.Appendf(nil, "retry: %d\n\n", later))
}

// begin writes when to come back if the stream is lost, and where it begins, so that every client knows where it stands
// before anything has happened: some libraries take no notice of an id without data.
func (e *eventWriter) begin(start todo.Rev) {
	retry := retryLeast + rand.IntN(retryRange) //nolint:gosec // nothing secret: clients shall come back one by one
	e.write(fmt.Appendf(nil, "retry: %d\nevent: hello\ndata: {\"rev\":%d}\nid: %[2]d\n\n", retry, start))
}

// eventsOf returns the events that tell of news, as far as they are of these kinds. Where the log can't be told, that is one
// that has the client read everything anew. JSON has no line breaks of its own. The id comes last, as it does in every event
// here: some libraries (@microsoft/fetch-event-source) take it for seen as soon as its line is there, and would go on after an
// event of which the rest was lost.
func eventsOf(news todo.LogPage, kinds todo.KindSet) (text []byte, err error) {
	if news.Reset {
		return fmt.Appendf(nil, "event: reset\ndata: {\"rev\":%d}\nid: %[1]d\n\n", news.At.Rev), nil
	}
	for _, c := range kinds.Of(news.Changes) {
		wire := wireChange(c, kinds != 0)
		data, err := json.Marshal(wire, json.Deterministic(true))
		if err != nil {
			return nil, err
		}
		text = fmt.Appendf(text, "event: %s\ndata: %s\nid: %d\n\n", wire.Op, data, wire.Rev)
	}
	return text, nil
}

// expired tells the client to come back with another token, or not at all.
func (e *eventWriter) expired(reason string) {
	e.write(fmt.Appendf(nil, "event: expired\ndata: {\"reason\":%q}\n\n", reason))
	e.flush()
}

// comment writes what clients pass over.
func (e *eventWriter) comment(text string) {
	e.write([]byte(": " + text + "\n\n"))
	e.flush()
}

// maxWrite is how many bytes a client must take within writePatience.
const maxWrite = 8 << 10

// write writes text, piece by piece.
func (e *eventWriter) write(text []byte) {
	for piece := range slices.Chunk(text, maxWrite) {
		e.do(func() error {
			_, err := e.w.Write(piece)
			return err
		})
	}
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
