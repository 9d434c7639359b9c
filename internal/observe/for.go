package observe

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// For returns logger with its logger field set to name, once, whatever it said before. Attributes and groups that
// logger carries stay. A logger that this package did not make is returned as it is.
func For(logger *slog.Logger, name string) *slog.Logger {
	h, ok := logger.Handler().(*handler)
	if !ok {
		return logger
	}
	return slog.New(newHandler(h.out, h.build, name, h.steps))
}

// handler can be built again under another name: a handler of log/slog can't take back an attribute it was given.
type handler struct {
	slog.Handler
	out   *lineWriter // where it writes
	name  string
	build func(name string) slog.Handler
	steps []step // taken since build
}

// step is one WithAttrs or WithGroup.
type step func(slog.Handler) slog.Handler

// newLogger returns a logger of the default name over the handlers that build makes, which write to out.
func newLogger(out *lineWriter, build func(name string) slog.Handler) *slog.Logger {
	return slog.New(newHandler(out, build, defaultName, nil))
}

// newHandler builds the handler of that name and takes the steps with it.
func newHandler(out *lineWriter, build func(name string) slog.Handler, name string, steps []step) *handler {
	inner := build(name)
	for _, s := range steps {
		inner = s(inner)
	}
	return &handler{Handler: inner, out: out, name: name, build: build, steps: steps}
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if h.mayWait(r.Level) {
		return err
	}
	return errors.Join(err, h.out.flush())
}

// mayWait reports whether a line of this level may wait to be written.
func (h *handler) mayWait(level slog.Level) bool {
	return h.name == AccessLogger && level < slog.LevelWarn
}

// plainJSON reports whether h writes JSON, with no attributes beside a record's own.
func (h *handler) plainJSON() bool {
	_, ok := h.Handler.(*slog.JSONHandler)
	return ok && len(h.steps) == 0
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.then(func(inner slog.Handler) slog.Handler { return inner.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return h.then(func(inner slog.Handler) slog.Handler { return inner.WithGroup(name) })
}

// then returns h with one more step taken.
func (h *handler) then(s step) *handler {
	steps := append(slices.Clip(h.steps), s)
	return &handler{Handler: s(h.Handler), out: h.out, name: h.name, build: h.build, steps: steps}
}
