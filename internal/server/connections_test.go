package server

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"
)

// discard is the logger of those who have nothing to say.
var discard = slog.New(slog.DiscardHandler)

// settling is how long a server is given to come back from the write of what its client has read already. Until then it waits
// for the client, as far as it knows.
const settling = 500 * time.Millisecond

// gone reports whether a connection was closed by the server.
func gone(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	for {
		_, err := conn.Read(make([]byte, 512))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false
		}
		if err != nil {
			return true
		}
	}
}

// waitFor waits until something has happened.
func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// asksAnyone is a client that trusts every certificate.
var asksAnyone = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// status returns the status of a GET, 0 if there was no answer.
func status(url string) int {
	resp, err := asksAnyone.Get(url) //nolint:noctx // the test's own server
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestThoseThatWaitGoInOrder: whoever was at work meanwhile stands behind.
func TestThoseThatWaitGoInOrder(t *testing.T) {
	t.Parallel()
	all := newConnections(3, nil, discard)
	conns := make([]net.Conn, 8)
	for i := range conns {
		conns[i], _ = net.Pipe()
	}
	wantOpen := func(want ...int) {
		t.Helper()
		for i, conn := range conns {
			if _, open := all.open[conn]; open != slices.Contains(want, i) {
				t.Errorf("connection %d is open: %v, want %v", i, open, want)
			}
		}
	}
	works := func(conn net.Conn, more int) {
		all.mu.Lock()
		defer all.mu.Unlock()
		all.work(conn, more)
	}
	for _, conn := range conns[:3] {
		all.changed(conn, http.StateNew)
	}
	works(conns[0], 1)
	works(conns[1], 1)
	works(conns[0], -1)
	all.changed(conns[3], http.StateNew)
	wantOpen(0, 1, 3)
	all.changed(conns[4], http.StateNew)
	wantOpen(1, 3, 4)
	works(conns[3], 1)
	works(conns[0], 1) // too late
	all.changed(conns[0], http.StateClosed)
	all.changed(conns[5], http.StateNew)
	wantOpen(1, 3, 5)
	works(conns[5], 1)
	all.changed(conns[6], http.StateNew)
	wantOpen(1, 3, 5)
	if _, err := conns[6].Write(nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the one too many is not closed: %v", err)
	}
	all.changed(conns[1], http.StateClosed)
	all.changed(conns[7], http.StateNew)
	wantOpen(3, 5, 7)
	for _, conn := range conns {
		all.changed(conn, http.StateClosed)
	}
	if len(all.open)+len(all.perAddr)+all.waiting.Len() != 0 {
		t.Errorf("%v, %v, %d are left", all.open, all.perAddr, all.waiting.Len())
	}
}

func TestThereAreNoMoreConnectionsThanFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ limit, files, want int }{{10_000, 1 << 20, 10_000}, {10_000, 1024, 904}, {900, 1024, 900}, {10_000, 100, 50}} {
		if got := connectionLimit(c.limit, c.files, 20, discard); got != c.want {
			t.Errorf("%d with %d files: %d, want %d", c.limit, c.files, got, c.want)
		}
	}
	if openFiles() < 1 {
		t.Error("no files at all")
	}
}
