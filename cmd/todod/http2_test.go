package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/certtest"
)

// frame returns a frame of HTTP/2 (RFC 9113, section 4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// Kinds of frames.
const (
	headersFrame  = 1
	resetFrame    = 3
	settingsFrame = 4
)

// dialHTTP2 opens a connection and returns it with the server's settings.
func dialHTTP2(t *testing.T, p *process) (conn *tls.Conn, settings map[uint16]uint32) {
	t.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
	dialled, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialled.Close() })
	conn = dialled.(*tls.Conn)
	if _, err := conn.Write(append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0, nil)...)); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 9)
	if _, err := io.ReadFull(conn, head); err != nil || head[3] != settingsFrame {
		t.Fatalf("%v, %v", head, err)
	}
	payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	if _, err := io.ReadFull(conn, payload); err != nil {
		t.Fatal(err)
	}
	settings = map[uint16]uint32{}
	for ; len(payload) >= 6; payload = payload[6:] {
		settings[binary.BigEndian.Uint16(payload)] = binary.BigEndian.Uint32(payload[2:])
	}
	return conn, settings
}

// TestLimitsOfHTTP2: what a connection may have going on, and what becomes of the rest when it begins and cancels requests as
// fast as it can (CVE-2023-44487).
func TestLimitsOfHTTP2(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certtest.New(t, 1).Put(t, folder)
	p := start(t, withTLS(t, folder, nil))
	conn, settings := dialHTTP2(t, p)
	const maxConcurrentStreams, initialWindowSize, maxHeaderListSize = 3, 4, 6
	const maxHeader = 32 << 10
	if settings[maxConcurrentStreams] != 250 || settings[initialWindowSize] != 64<<10 ||
		settings[maxHeaderListSize] < maxHeader || settings[maxHeaderListSize] > maxHeader+4096 {
		t.Errorf("settings: %v", settings)
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	_ = conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
	out := bufio.NewWriter(conn)
	header := append([]byte{0x82, 0x87, 0x84, 0x41, 1}, 'x') // GET https / of x
	var err error
	for stream := uint32(1); stream < 40_000 && err == nil; stream += 2 {
		_, _ = out.Write(frame(headersFrame, 0x5, stream, header))
		_, err = out.Write(frame(resetFrame, 0, stream, []byte{0, 0, 0, 8}))
	}
	_ = out.Flush()
	if resp := fetch(t, browser(t), p.url+"/health"); resp.StatusCode != http.StatusOK {
		t.Errorf("another client: %s", resp.Status)
	}
	if strings.Contains(p.out.String(), `"level":"ERROR"`) {
		t.Errorf("errors: %.2000s", p.out)
	}
}
