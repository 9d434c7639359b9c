package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"todod/internal/logtest"
	"todod/internal/observe"
)

// TestTheServerSaysNothingOfItsClients but what may be in a log.
func TestTheServerSaysNothingOfItsClients(t *testing.T) {
	t.Parallel()
	out := &logtest.Output{}
	known := &logtest.Known{}
	known.Watch(t, out)
	logger := observe.NewLogger(out, slog.LevelDebug)
	panics := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ada@example.com") })
	s := httptest.NewUnstartedServer(nil)
	s.Config = New(Config{Handler: panics, Connections: 10, Logger: logger})
	s.Start()
	t.Cleanup(s.Close)
	if got := status(s.URL); got != 0 {
		t.Errorf("status %d", got)
	}
	waitFor(t, "a word about the panic", func() bool { return strings.Contains(out.String(), "panic serving") })
}
