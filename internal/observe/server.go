package observe

import (
	"log"
	"log/slog"
	"strings"
)

// ServerLog returns what an http.Server takes as ErrorLog, over logger. What a server says is about clients that broke
// off or didn't speak its language, hence DEBUG; it names them by their full addresses, which are cut down.
func ServerLog(logger *slog.Logger) *log.Logger { return log.New(serverLines{logger}, "", 0) }

// serverLines logs what is written to it, a record for each Write.
type serverLines struct{ log *slog.Logger }

// Write implements io.Writer.
func (l serverLines) Write(p []byte) (int, error) {
	l.log.Debug("http server", "error", Anonymise(strings.TrimSpace(string(p))))
	return len(p), nil
}
