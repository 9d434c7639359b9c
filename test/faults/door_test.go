package faults

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A door is a TCP proxy in front of a todod. It can let through the first bytes of a reply only and then hang up, as
// toxiproxy's limit_data does, which would bring 16 modules for these lines. And it keeps what it has not let through, so
// that a test knows what the client would have been told.
type door struct {
	URL string

	target atomic.Pointer[string] // host and port
	limit  atomic.Int64           // how many bytes of a reply come through; whole and vanish are special
	mu     sync.Mutex
	kept   []byte // of the reply that was cut last
}

// What a door's limit can be besides a number of bytes.
const (
	whole  = -1 // replies come through
	vanish = -2 // the client is gone as soon as its request is sent
)

// newDoor returns a door that leads to the todod at url until t ends.
func newDoor(t *testing.T, url string) *door {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{URL: "http://" + l.Addr().String()}
	d.limit.Store(whole)
	d.lead(url)
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			connections.Go(func() { d.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		connections.Wait() // each ends with its client or its server
	})
	return d
}

// lead makes the door lead to the todod at url from the next connection on.
func (d *door) lead(url string) {
	target := strings.TrimPrefix(url, "http://")
	d.target.Store(&target)
}

// serve lets one connection through.
func (d *door) serve(client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", *d.target.Load())
	if err != nil {
		return
	}
	defer server.Close()
	if d.limit.Load() == vanish {
		d.forward(server, client)
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		if d.limit.Load() == whole {
			_ = server.Close()
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		limit := int(d.limit.Load())
		if limit >= 0 && n > 0 {
			_, _ = client.Write(buf[:min(n, limit)])
			_ = client.Close()
			d.keep(buf[:n], server)
			return
		}
		if _, failed := client.Write(buf[:n]); failed != nil || err != nil {
			return
		}
	}
}

// forward passes one request on and hangs up.
func (d *door) forward(server, client net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(client))
	if err == nil {
		_ = req.Write(server)
	}
}

// keep reads the rest of a reply that began with first and remembers all of it.
func (d *door) keep(first []byte, server net.Conn) {
	_ = server.SetReadDeadline(time.Now().Add(5 * time.Second)) // for a server that keeps the connection
	rest, _ := io.ReadAll(server)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = append(bytes.Clone(first), rest...)
}

// cut returns the reply that was cut last, and forgets it. It waits until the door has all of it.
func (d *door) cut(t *testing.T) answer {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		d.mu.Lock()
		kept := d.kept
		d.kept = nil
		d.mu.Unlock()
		if kept == nil {
			continue
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(kept)), nil)
		if err != nil {
			t.Fatalf("%v: %s", err, kept)
		}
		a, err := readAnswer(resp)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	t.Fatal("no reply came to the door")
	return answer{}
}
