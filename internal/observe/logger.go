// Package observe shows operators what todod does: its log, its metrics and its traces.
package observe

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// LevelCritical is for what todod can't go on after. The other levels are slog's.
const LevelCritical = slog.Level(12)

// defaultName is what the logger field says unless For set it.
const defaultName = "todod"

// Logger returns a logger that writes to w what is at least of the given level: text for a person at a terminal, coloured
// unless NO_COLOR is set, JSON as NewBufferedLogger does for anything else. It must be closed.
func Logger(w *os.File, level slog.Leveler) (logger *slog.Logger, closeLog func() error) {
	if IsTerminal(w) {
		return newTerminalLogger(w, level, os.Getenv("NO_COLOR") == ""), func() error { return nil }
	}
	return NewBufferedLogger(w, level)
}

// IsTerminal reports whether what is written to w is read by a person at a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// NewLogger returns a logger that writes each record as one line of JSON: timestamp (UTC, microseconds), level, logger,
// message, then the record's own attributes. Nothing inside a message or an attribute can begin a second line. Attributes
// called error or reason, which may quote others, lose what looks like a token, an e-mail address, credentials or a query.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return newJSONLogger(newLineWriter(w, 0), level)
}

// NewBufferedLogger returns a logger like NewLogger's, except that lines of AccessLogger below WARNING may wait for 100 ms,
// to be written together. Any other line is written at once, with those that wait before it, so that all keep their order.
// closeLog writes what waits; lines that come later don't wait.
func NewBufferedLogger(w io.Writer, level slog.Leveler) (logger *slog.Logger, closeLog func() error) {
	shared := newLineWriter(w, lineDelay)
	return newJSONLogger(shared, level), shared.close
}

// newJSONLogger returns a logger that writes lines of JSON to shared.
func newJSONLogger(shared *lineWriter, level slog.Leveler) *slog.Logger {
	return newLogger(shared, func(name string) slog.Handler {
		return slog.NewJSONHandler(shared, &slog.HandlerOptions{
			Level: level,
			ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
				if len(groups) > 0 {
					return ScrubAttr(a)
				}
				return jsonAttr(ScrubAttr(a), name)
			},
		})
	})
}

// timeLayout is the layout of the log's times, which are UTC.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// jsonAttr gives the attributes that every record has the names and forms of our log; the logger's name follows the level.
func jsonAttr(a slog.Attr, logger string) slog.Attr {
	switch a.Key {
	case slog.TimeKey:
		if a.Value.Kind() == slog.KindTime {
			return slog.String("timestamp", a.Value.Time().UTC().Format(timeLayout))
		}
	case slog.LevelKey:
		if level, ok := a.Value.Any().(slog.Level); ok {
			return slog.Group("", slog.String(slog.LevelKey, levelName(level)), slog.String("logger", logger))
		}
	case slog.MessageKey:
		a.Key = "message"
	}
	return a
}

// levelName returns the name of the highest of the five levels that l reaches.
func levelName(l slog.Level) string {
	switch {
	case l >= LevelCritical:
		return "CRITICAL"
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARNING"
	case l >= slog.LevelInfo:
		return "INFO"
	default:
		return "DEBUG"
	}
}

// NewTerminalLogger returns a logger that writes coloured text, one line a record.
func NewTerminalLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return newTerminalLogger(w, level, true)
}

// newTerminalLogger returns a logger that writes text for a person, one line a record, in colour if colours says so.
func newTerminalLogger(w io.Writer, level slog.Leveler, colours bool) *slog.Logger {
	shared := newLineWriter(w, 0)
	shared.terminal, shared.colours = true, colours
	return newLogger(shared, func(name string) slog.Handler {
		h := tint.NewTextHandler(shared, &tint.Options{
			Level: level, TimeFormat: time.TimeOnly, ReplaceAttr: terminalAttr, NoColor: !colours,
		})
		if name == defaultName {
			return h
		}
		return h.WithAttrs([]slog.Attr{slog.String("logger", name)})
	})
}

// visible shows the characters with which a text could take over a terminal or forge a line.
var visible = strings.NewReplacer("\x1b", "␛", "\n", "␊", "\r", "␍")

// terminalAttr disarms what the text handler writes as it is.
func terminalAttr(_ []string, a slog.Attr) slog.Attr {
	a = ScrubAttr(a)
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(visible.Replace(v))
	case error:
		a.Value = slog.StringValue(visible.Replace(v.Error()))
	}
	return a
}
