package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestABodyThatNobodyReadsHoldsNoConnection: whoever has been refused and goes on sending, however slowly, is cut off soon.
func TestABodyThatNobodyReadsHoldsNoConnection(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, nil))
	const tooMuch = 70 << 10
	for name, request := range map[string]string{
		"refused":              "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
		"of no route, chunked": "POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"too long": "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n" +
			strings.Repeat(" ", tooMuch),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, p, request)
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				_, _ = io.Copy(io.Discard, bufio.NewReader(conn))
			}()
			for deadline := time.Now().Add(12 * time.Second); ; {
				select {
				case <-closed:
					return
				case <-time.After(100 * time.Millisecond):
					_, _ = io.WriteString(conn, "0") // part of a body, or of its chunk's length
				}
				if time.Now().After(deadline) {
					t.Fatal("the connection is still there")
				}
			}
		})
	}
	if got := status(p.url + "/health"); got != http.StatusOK {
		t.Errorf("health: %d", got)
	}
}

// TestOptionsOfTheServerItself are asked for with a path that is none, which net/http would answer by itself.
func TestOptionsOfTheServerItself(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, nil))
	conn := dial(t, p, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s, %v", resp.Status, resp.Header)
	}
}

// TestWhoClosesTheConnectionGetsTheAnswer: also to a body that isn't read. nginx, which asks so by HTTP/1.0 unless it is told,
// makes a 502 of a connection that is reset.
func TestWhoClosesTheConnectionGetsTheAnswer(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, nil))
	for _, head := range []string{"HTTP/1.1\r\nHost: x\r\nConnection: close", "HTTP/1.0\r\nHost: x"} {
		for _, size := range []int{20 << 10, 200 << 10, 1 << 20} {
			conn := dial(t, p, fmt.Sprintf("POST /api/v1/tasks %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", head, size))
			go func() { _, _ = io.WriteString(conn, strings.Repeat(" ", size)) }() // all of it, or what is taken
			text, err := io.ReadAll(conn)
			if status, _, _ := strings.Cut(string(text), "\r\n"); err != nil || !strings.HasSuffix(status, " 401 Unauthorized") {
				t.Errorf("%q, %d bytes: %s, %v", head, size, status, err)
			}
		}
	}
}
