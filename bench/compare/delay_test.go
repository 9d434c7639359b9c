package main

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// echo returns the port of a server that sends back what it gets.
func echo(t *testing.T) int {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestDelayerDelaysBothWays, and no byte waits for the one before it: a hundred that are sent one after the other come
// back together.
func TestDelayerDelaysBothWays(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	d, err := startDelayer(t.Context(), echo(t), delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.stop() })
	conn, err := net.Dial("tcp", d.listener.Addr().String()) //nolint:noctx // it is on this machine
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	start := time.Now()
	sent := bytes.Repeat([]byte("x"), 100)
	for i := range sent {
		if _, err := conn.Write(sent[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, len(sent))
	_, err = io.ReadFull(conn, got)
	took := time.Since(start)

	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%q came back: %v", got, err)
	}
	if took < 2*delay || took > 20*delay {
		t.Errorf("it took %v, want some more than %v", took, 2*delay)
	}
}
