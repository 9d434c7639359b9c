package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a connection that says what there is of a request, until the test ends.
func dial(t *testing.T, p *process, beginning string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, beginning); err != nil {
		t.Fatal(err)
	}
	return conn
}

// answers sends the rest of a request and reports whether there is an answer with this status.
func answers(conn net.Conn, rest, status string) bool {
	_, _ = io.WriteString(conn, rest)
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.Contains(line, status)
}

const (
	whole  = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
	half   = "GET /health HTTP/1.1\r\nHost: x\r\n"
	upload = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
)

// atWork opens a connection on which a handler waits for a body.
func atWork(t *testing.T, p *process) net.Conn {
	t.Helper()
	conn := dial(t, p, upload)
	interim := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, interim); err != nil || !strings.Contains(string(interim), " 100 ") {
		t.Fatalf("%q, %v", interim, err)
	}
	return conn
}

// TestWhoWaitsLongestMakesRoom: not who is at work.
func TestWhoWaitsLongestMakesRoom(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, environment{"MAX_CONNECTIONS": "4", "TRUSTED_PROXIES": "127.0.0.0/8"}))
	http.DefaultClient.CloseIdleConnections()
	working := []net.Conn{atWork(t, p), atWork(t, p)}
	oldest := dial(t, p, half)
	idle := dial(t, p, "")
	if !answers(idle, whole, "200") {
		t.Fatal("no answer")
	}
	for range 10 { // each makes room for the next, after the two that waited longer
		if !answers(dial(t, p, half), "\r\n", "200") {
			t.Error("no room for a new connection")
		}
	}
	for name, conn := range map[string]net.Conn{"the oldest": oldest, "the idle one": idle} {
		if answers(conn, whole, "200") {
			t.Errorf("%s is still there", name)
		}
	}
	for _, conn := range working {
		if !answers(conn, "{}", "400") {
			t.Error("a connection at work was closed")
		}
	}
}

// TestNoRoomWhereAllAreAtWork, and room again when they are done.
func TestNoRoomWhereAllAreAtWork(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, environment{"MAX_CONNECTIONS": "2", "TRUSTED_PROXIES": "127.0.0.0/8"}))
	working := []net.Conn{atWork(t, p), atWork(t, p)}
	if answers(dial(t, p, ""), whole, "200") || !strings.Contains(p.out.String(), "connections refused") {
		t.Errorf("one more was let in: %s", p.out)
	}
	for _, conn := range working {
		if !answers(conn, "{}", "400") {
			t.Error("a connection at work was closed")
		}
	}
	waitFor(t, "room", func() bool { return answers(dial(t, p, ""), whole, "200") })
}

// TestAnAddressHasAShare of the connections, which is a quarter.
func TestAnAddressHasAShare(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, environment{"MAX_CONNECTIONS": "40"}))
	waitFor(t, "a refusal", func() bool {
		return !answers(dial(t, p, ""), whole, "200")
	})
	if n := strings.Count(p.out.String(), "connections refused"); n != 1 {
		t.Errorf("told of %d times: %s", n, p.out)
	}
}
