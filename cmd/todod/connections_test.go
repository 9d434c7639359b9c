package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
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

// atWork opens an event stream, from a client address as a proxy has seen it.
func atWork(t *testing.T, p *process, token, from string) net.Conn {
	t.Helper()
	var conn net.Conn
	waitFor(t, "a stream", func() bool { // others may not have been noted yet as done
		conn = dial(t, p, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "+from+"\r\nAuthorization: Bearer "+token+"\r\n\r\n")
		return answers(conn, "", "200")
	})
	time.Sleep(settling)
	return conn
}

// settling is how long a server is given to come back from the write of what its client has read already. Until then it waits
// for the client, as far as it knows.
const settling = 500 * time.Millisecond

// createX is the request that makes a task.
func createX(token string) string {
	return "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\nAuthorization: Bearer " +
		token + "\r\n\r\n" + `{"title":"x"}`
}

// alive reports whether a stream goes on when something happens.
func alive(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "event: created") {
			return true
		}
	}
	return false
}

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

// TestWhoWaitsLongestMakesRoom: not who is at work.
func TestWhoWaitsLongestMakesRoom(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"MAX_CONNECTIONS": "5", "TRUSTED_PROXIES": "127.0.0.0/8"})
	token := tokenOf(t, env, "alice")
	p := start(t, env)
	http.DefaultClient.CloseIdleConnections()
	oldest := dial(t, p, half)
	uploading := dial(t, p, upload)
	if !answers(uploading, "", "100") {
		t.Fatal("its body is not wanted")
	}
	idle := dial(t, p, "")
	if !answers(idle, whole, "200") {
		t.Fatal("no answer")
	}
	working := []net.Conn{atWork(t, p, token, "192.0.2.1"), atWork(t, p, token, "192.0.2.2")}
	waitFor(t, "room made by all who wait", func() bool {
		return answers(dial(t, p, half), "\r\n", "200") && gone(oldest) && gone(uploading) && gone(idle)
	})
	waitFor(t, "room for a write", func() bool { return answers(dial(t, p, ""), createX(token), "201") })
	for _, conn := range working {
		if !alive(conn) {
			t.Error("a connection at work was closed")
		}
	}
}

// TestStreamsLeaveRoom: half of all connections for everybody else, and those from one address may have an eighth. The oldest
// gives way, and says so.
func TestStreamsLeaveRoom(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"MAX_CONNECTIONS": "16", "TRUSTED_PROXIES": "127.0.0.0/8"})
	token := tokenOf(t, env, "alice")
	p := start(t, env)
	http.DefaultClient.CloseIdleConnections()
	from := func(n int) string { return fmt.Sprintf("192.0.2.%d", n) }
	var streams []net.Conn
	for i := range 2 {
		streams = append(streams, atWork(t, p, token, from(i)), atWork(t, p, token, from(i)))
	}
	streams = append(streams, atWork(t, p, token, from(0))) // the third from there
	if !ends(streams[0]) {
		t.Error("the oldest from an address doesn't give way")
	}
	for i := range 5 {
		streams = append(streams, atWork(t, p, token, from(2+i))) // the fifth, with those before, is the ninth of all
	}
	if !ends(streams[1]) {
		t.Error("the oldest of all doesn't give way")
	}
	if !answers(dial(t, p, ""), createX(token), "201") {
		t.Error("no room for a write")
	}
	for i, conn := range streams[2:] {
		if !alive(conn) {
			t.Errorf("stream %d doesn't go on", i+2)
		}
	}
}

// ends reports whether a stream says that it gives way.
func ends(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if strings.Contains(lines.Text(), "too_many_streams") {
			return true
		}
	}
	return false
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
