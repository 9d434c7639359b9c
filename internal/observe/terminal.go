package observe

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// The colours of a terminal that lines about requests have.
const (
	plainText = "\x1b[0m"
	faint     = "\x1b[2m"
	red       = "\x1b[31m"
	green     = "\x1b[32m"
	yellow    = "\x1b[33m"
	cyan      = "\x1b[36m"
)

// longestName is how many characters of a user's id a line in a terminal has room for.
const longestName = 12

// terminalLine returns what a person at a terminal reads of a: one line with the time, the status, method and route, how
// long it took, who asked and, of what was refused, why. Only a failure has more lines: its stack. Its parts are coloured
// if colours says so.
func (a *Access) terminalLine(at time.Time, colours bool) string {
	paint := func(colour, text string) string {
		if !colours {
			return text
		}
		return colour + text + plainText
	}
	route := strings.TrimSpace(strings.TrimPrefix(a.Endpoint, a.Method))
	parts := []string{
		paint(faint, at.Format(time.TimeOnly)), paint(statusColour(a.Status), strconv.Itoa(a.Status)), visible.Replace(a.Method),
		visible.Replace(route), paint(faint, a.took()), paint(faint, a.who()),
	}
	if a.Reason != "" {
		parts = append(parts, paint(yellow, visible.Replace(Scrub(Anonymise(a.Reason)))))
	}
	if a.Status >= 500 {
		parts = append(parts, paint(faint, visible.Replace(a.RequestID)))
	}
	line := strings.Join(parts, " ") + "\n"
	for row := range strings.Lines(a.Stack) {
		line += "    " + visible.Replace(strings.ReplaceAll(strings.TrimSuffix(row, "\n"), "\t", "  ")) + "\n"
	}
	return line
}

// statusColour returns the colour of a status: red where todod failed, yellow where it refused.
func statusColour(status int) string {
	switch {
	case status >= 500:
		return red
	case status >= 400:
		return yellow
	case status >= 300:
		return cyan
	}
	return green
}

// took returns the duration for a person: in milliseconds, to a tenth where it is short.
func (a *Access) took() string {
	digits := 1
	if a.Duration >= 100*time.Millisecond {
		digits = 0
	}
	return strconv.FormatFloat(a.milliseconds(), 'f', digits, 64) + "ms"
}

// who returns who asked, for a person: the beginning of a long id, "-" for nobody.
func (a *Access) who() string {
	if a.UserID == "" {
		return "-"
	}
	id := []rune(visible.Replace(ScrubAttr(slog.String("user_id", a.UserID)).Value.String()))
	if len(id) > longestName {
		return string(id[:longestName-1]) + "…"
	}
	return string(id)
}
