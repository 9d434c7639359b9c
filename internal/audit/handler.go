package audit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// How much of an event is kept, in bytes.
const (
	maxText   = 1 << 10  // of a text among its fields
	maxFields = 16 << 10 // of all its fields
)

// handler returns a slog.Handler that puts the records it is given into f. It takes records of every level, and never
// waits.
func (f *File) handler() slog.Handler { return &handler{file: f} }

// handler is a slog.Handler over a File.
type handler struct {
	file  *File
	steps []step
}

// scrubber takes out of an attribute what must not be written.
type scrubber func(slog.Attr) slog.Attr

// asIs is a scrubber that leaves everything as it is.
func asIs(a slog.Attr) slog.Attr { return a }

// step is one WithAttrs or WithGroup.
type step func(slog.Handler) slog.Handler

// Enabled implements slog.Handler.
func (h *handler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	e, err := newEntry(ctx, r, h.file.scrub, h.steps)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	h.file.put(e)
	return nil
}

// newEntry returns r as an entry, scrubbed, with what these steps add.
func newEntry(ctx context.Context, r slog.Record, scrub scrubber, steps []step) (entry, error) {
	var fields bytes.Buffer
	var to slog.Handler = slog.NewJSONHandler(&fields, &slog.HandlerOptions{
		Level: slog.Level(-100), ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr { return field(groups, scrub(a)) },
	})
	for _, s := range steps {
		to = s(to)
	}
	if err := to.Handle(ctx, r); err != nil {
		return entry{}, err
	}
	e := entry{at: r.Time, event: Event(r.Message), fields: bytes.TrimSpace(fields.Bytes())}
	if len(e.fields) > maxFields {
		e.fields = fmt.Appendf(nil, `{"omitted_bytes":%d}`, len(e.fields))
	}
	return e, nil
}

// field leaves out what a line says by itself, and the end of texts that are too long.
func field(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	if text := a.Value.String(); a.Value.Kind() == slog.KindString && len(text) > maxText {
		a.Value = slog.StringValue(strings.ToValidUTF8(text[:maxText], "") + "…")
	}
	return a
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.then(func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.then(func(to slog.Handler) slog.Handler { return to.WithGroup(name) })
}

// then returns h with one more step taken.
func (h *handler) then(s step) *handler {
	return &handler{file: h.file, steps: append(h.steps[:len(h.steps):len(h.steps)], s)}
}
