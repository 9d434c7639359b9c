package observe_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"todod/internal/logtest"
	"todod/internal/observe"
)

// TestTheServersOwnWordsNameNoClient: net/http says which address a handshake failed with, and for whom a handler panicked
// and over what.
func TestTheServersOwnWordsNameNoClient(t *testing.T) {
	t.Parallel()
	out := &logtest.Output{}
	known := &logtest.Known{}
	known.Watch(t, out)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("no session of ada@example.com with eyJhbGciOiJIUzI1NiJ9.e30.c2ln")
	}))
	server.Config.ErrorLog = observe.ServerLog(observe.NewLogger(out, slog.LevelDebug))
	server.StartTLS()
	t.Cleanup(server.Close)

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n") // without TLS
	_, _ = io.ReadAll(conn)
	_ = conn.Close()
	if resp, err := server.Client().Get(server.URL); err == nil { //nolint:noctx // the test's own server
		_ = resp.Body.Close()
		t.Error("the panic was answered")
	}
	said := []string{
		`"level":"DEBUG"`, "TLS handshake error from 127.0.0.0:", "panic serving 127.0.0.0:", "no session of [e-mail] with [token]",
	}
	for deadline := time.Now().Add(10 * time.Second); len(said) > 0; time.Sleep(time.Millisecond) {
		if strings.Contains(out.String(), said[0]) {
			said = said[1:]
		} else if time.Now().After(deadline) {
			t.Fatalf("it does not say %q: %s", said[0], out)
		}
	}
}
