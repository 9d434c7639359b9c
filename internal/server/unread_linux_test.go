package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"todod/internal/certtest"
)

// A host is a server of its own whose handler a test chooses.
type host struct {
	address string
	entered chan struct{} // has an element for each request that came to a handler
}

// manyBytes don't fit into what the system keeps of a connection.
var manyBytes = bytes.Repeat([]byte("x"), 8<<20)

// serveHere serves by HTTPS or not, with room for limit connections, until the test ends.
func serveHere(t *testing.T, limit int, encrypted bool) host {
	t.Helper()
	h := host{entered: make(chan struct{}, 1000)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "well") })
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) {
		h.entered <- struct{}{}
		_, _ = io.WriteString(w, "small")
	})
	mux.HandleFunc("GET /large", func(w http.ResponseWriter, _ *http.Request) {
		h.entered <- struct{}{}
		_, _ = w.Write(manyBytes)
	})
	mux.HandleFunc("GET /huge", func(w http.ResponseWriter, _ *http.Request) {
		h.entered <- struct{}{}
		_, _ = w.Write(bytes.Repeat(manyBytes, 6))
	})
	mux.HandleFunc("GET /endless", func(w http.ResponseWriter, _ *http.Request) {
		for err := error(nil); err == nil; {
			_, err = w.Write(manyBytes)
		}
	})
	mux.HandleFunc("POST /body", func(w http.ResponseWriter, r *http.Request) {
		h.entered <- struct{}{}
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		h.entered <- struct{}{}
		<-r.Context().Done()
	})
	var cert *Certificate
	if encrypted {
		folder := t.TempDir()
		certtest.New(t, 1).Put(t, folder)
		var err error
		cert, err = NewCertificate(func() (tls.Certificate, error) {
			return tls.LoadX509KeyPair(folder+"/cert.pem", folder+"/key.pem")
		}, time.Now, discard, discard)
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	server := New(Config{Handler: mux, Certificate: cert, Connections: limit, Logger: discard})
	ended := make(chan error, 1)
	go func() { ended <- Listener{l, encrypted}.serve(server) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return h
}

// dialFrom opens a connection from an address of this machine with a small buffer for what it receives.
func (h host) dialFrom(t *testing.T, from string) net.Conn {
	t.Helper()
	dialer := net.Dialer{
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0)),
		Control: func(_, _ string, socket syscall.RawConn) (err error) {
			failed := socket.Control(func(fd uintptr) {
				err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
			})
			return errors.Join(failed, err)
		},
	}
	conn, err := dialer.DialContext(t.Context(), "tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// frame returns a frame of HTTP/2 (RFC 9113, section 4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// Kinds of frames.
const (
	headersFrame  = 1
	settingsFrame = 4
)

// dialHTTP2From opens a connection of HTTP/2 over TLS, whose answers may have no byte before it says so.
func (h host) dialHTTP2From(t *testing.T, from string) net.Conn {
	t.Helper()
	conn := tls.Client(h.dialFrom(t, from), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	const initialWindowSize = 4
	settings := binary.BigEndian.AppendUint32([]byte{0, initialWindowSize}, 0)
	mustWrite(t, conn, append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0, settings)...))
	return conn
}

// mustWrite writes to a connection.
func mustWrite(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// headers is the frame that asks for a path on a stream: the whole request, or, with POST, all but its body.
func headers(method, path string, stream uint32) []byte {
	const literal, endStream, endHeaders = 0x04, 0x1, 0x4
	block := []byte{0x82}
	flags := byte(endStream | endHeaders)
	if method == http.MethodPost {
		block, flags = []byte{0x83}, endHeaders
	}
	block = append(block, 0x87, literal, byte(len(path)))
	block = append(append(block, path...), 0x41, 1, 'x')
	return frame(headersFrame, flags, stream, block)
}

// get asks for /health by a new connection from an address.
func (h host) get(t *testing.T, scheme, from string) error {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return h.dialFrom(t, from), nil },
	}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: 20 * time.Second}
	resp, err := client.Get(scheme + "://" + h.address + "/health") //nolint:noctx // it has a time-out
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// wait waits until n requests came to a handler.
func (h host) wait(t *testing.T, n int) {
	t.Helper()
	for range n {
		select {
		case <-h.entered:
		case <-time.After(20 * time.Second):
			t.Fatal("a request did not come to a handler")
		}
	}
}

// TestWhoDoesNotReadMakesRoom: clients that leave their answers unread, or send no body by HTTP/2, hold all connections, and
// others come in all the same.
func TestWhoDoesNotReadMakesRoom(t *testing.T) {
	t.Parallel()
	const limit, rounds = 8, 5
	plain := func(request string) func(*testing.T, host, string) {
		return func(t *testing.T, h host, from string) { mustWrite(t, h.dialFrom(t, from), []byte(request)) }
	}
	encrypted := func(frames ...[]byte) func(*testing.T, host, string) {
		return func(t *testing.T, h host, from string) {
			mustWrite(t, h.dialHTTP2From(t, from), bytes.Join(frames, nil))
		}
	}
	for name, c := range map[string]struct {
		scheme   string
		attack   func(*testing.T, host, string)
		requests int // that come to a handler
	}{
		"a large answer":               {"http", plain("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"), 1},
		"many answers":                 {"http", plain("GET /large HTTP/1.1\r\nHost: x\r\n\r\n" + strings.Repeat("GET /small HTTP/1.1\r\nHost: x\r\n\r\n", 100)), 1},
		"a small answer by HTTP/2":     {"https", encrypted(headers("GET", "/small", 1)), 1},
		"a large answer by HTTP/2":     {"https", encrypted(headers("GET", "/large", 1)), 1},
		"no body by HTTP/2":            {"https", encrypted(headers("POST", "/body", 1)), 1},
		"all of it together by HTTP/2": {"https", encrypted(headers("POST", "/body", 1), headers("GET", "/large", 3), headers("GET", "/small", 5)), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := serveHere(t, limit, c.scheme == "https")
			for round := range rounds {
				for i := range limit {
					c.attack(t, h, fmt.Sprintf("127.0.%d.%d", round+1, i/(limit/addressShare)+1))
					h.wait(t, c.requests)
				}
				for i := range limit / 2 {
					if err := h.get(t, c.scheme, fmt.Sprintf("127.0.%d.%d", round+1, 100+i)); err != nil {
						t.Fatalf("round %d: %v", round, err)
					}
				}
			}
		})
	}
}

// TestAStreamKeepsItsPlace, by HTTP/2 too, and beside answers on the same connection that nobody reads.
func TestAStreamKeepsItsPlace(t *testing.T) {
	t.Parallel()
	h := serveHere(t, 4, true)
	var streams []net.Conn
	for i := range 4 {
		conn := h.dialHTTP2From(t, fmt.Sprintf("127.0.1.%d", i+1))
		mustWrite(t, conn, append(headers("GET", "/stream", 1), headers("GET", "/small", 3)...))
		h.wait(t, 2)
		streams = append(streams, conn)
	}
	if err := h.get(t, "https", "127.0.0.9"); err == nil {
		t.Error("one more was let in")
	}
	if slices.ContainsFunc(streams, gone) {
		t.Error("a stream was closed")
	}
}

// TestAHandlerReachesItsConnection through what watches it.
func TestAHandlerReachesItsConnection(t *testing.T) {
	t.Parallel()
	server := New(Config{Connections: 4, Logger: discard, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		ctl := http.NewResponseController(w)
		for name, err := range map[string]error{
			"EnableFullDuplex": ctl.EnableFullDuplex(), "SetReadDeadline": ctl.SetReadDeadline(time.Now().Add(time.Minute)),
			"SetWriteDeadline": ctl.SetWriteDeadline(time.Now().Add(time.Minute)), "Flush": ctl.Flush(),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})})
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	if got := status("http://" + l.Addr().String()); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	_ = server.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// TestWhoAsksForMuchGoesFirst: one answer that is too large for all that may wait to be read is cut off, and not those of
// others, which have waited for longer; several that together are too large, likewise.
func TestWhoAsksForMuchGoesFirst(t *testing.T) {
	t.Parallel()
	h := serveHere(t, 400, false)
	ask := func(path, from string) net.Conn {
		conn := h.dialFrom(t, from)
		mustWrite(t, conn, []byte("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"))
		h.wait(t, 1)
		time.Sleep(settling / 5)
		return conn
	}
	received := func(conn net.Conn) int64 {
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = http.ReadResponse(bufio.NewReader(conn), nil)
		n, _ := io.CopyN(io.Discard, conn, int64(len(manyBytes))/2)
		return n
	}
	patient := ask("/large", "127.0.1.1")
	huge := ask("/huge", "127.0.1.2")
	if n := received(huge); n == int64(len(manyBytes))/2 {
		t.Error("what is too large goes on")
	}
	var many []net.Conn
	for range 8 {
		many = append(many, ask("/large", "127.0.1.3"))
	}
	if n := received(many[0]); n == int64(len(manyBytes))/2 {
		t.Error("the first of many goes on")
	}
	if n := received(patient); n != int64(len(manyBytes))/2 {
		t.Errorf("somebody else was cut off after %d bytes", n)
	}
}

// TestAnswersThatNobodyReadsAreFew: beyond some bytes, those are cut off first whose clients have read nothing for longest.
func TestAnswersThatNobodyReadsAreFew(t *testing.T) {
	t.Parallel()
	h := serveHere(t, 400, false)
	const request = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
	reader := h.dialFrom(t, "127.0.1.1")
	mustWrite(t, reader, []byte("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n"))
	var lazy []net.Conn
	for range 3 * unreadLimit / len(manyBytes) {
		conn := h.dialFrom(t, "127.0.1.2")
		mustWrite(t, conn, []byte(request))
		h.wait(t, 1)
		lazy = append(lazy, conn)
		if _, err := io.CopyN(io.Discard, reader, int64(len(manyBytes)/2)); err != nil {
			t.Fatalf("who reads was cut off: %v", err)
		}
	}
	cut := func(conn net.Conn) bool {
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		n, err := io.Copy(io.Discard, conn)
		return err != nil || n < int64(len(manyBytes))
	}
	if left := unreadLimit / len(manyBytes); !cut(lazy[0]) || !cut(lazy[len(lazy)-1-left]) {
		t.Error("nobody was cut off")
	}
	if err := h.get(t, "http", "127.0.1.3"); err != nil {
		t.Error(err)
	}
}
