//go:build heavy

package client

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A door is a way to a todod, wherever that is at the time. One that cuts lets each connection transfer so many bytes and
// then cuts it off, in a request, in a reply or in a stream, as its seed says.
type door struct {
	URL string

	target  atomic.Pointer[string] // host and port
	cutting atomic.Bool
	cuts    atomic.Int64
	mu      sync.Mutex
	random  *rand.Rand
}

// newDoor returns a door that leads to the todod at url until t ends. With a seed of 0 it never cuts.
func newDoor(t *testing.T, url string, seed uint64) *door {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{URL: "http://" + l.Addr().String(), random: rand.New(rand.NewPCG(seed, 0))}
	d.cutting.Store(seed != 0)
	d.lead(url)
	ctx, cancel := context.WithCancel(context.Background())
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			connections.Go(func() { d.serve(ctx, conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		connections.Wait()
	})
	return d
}

// lead makes the door lead to the todod at url from the next connection on.
func (d *door) lead(url string) {
	target := strings.TrimPrefix(url, "http://")
	d.target.Store(&target)
}

// fate returns how many bytes may pass of what a connection's client sends, and of what it is sent.
func (d *door) fate() (up, down int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	const never = 1 << 40
	up, down = never, never
	switch dice := d.random.Float64(); {
	case dice < 0.1:
		up = 0
	case dice < 0.4:
		up = d.random.Int64N(4000)
	case dice < 0.8:
		down = d.random.Int64N(8000)
	}
	return up, down
}

// serve lets one connection through until it is cut off, ends, or ctx does.
func (d *door) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(ctx, "tcp", *d.target.Load())
	if err != nil {
		return
	}
	defer server.Close()
	up, down := d.fate()
	ended := make(chan struct{}, 2)
	go d.pass(server, client, up, ended)
	go d.pass(client, server, down, ended)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// errCut ends a connection that has transferred what it may.
var errCut = errors.New("cut")

// pass copies what comes from one end to the other, and says so when it ends: after limit bytes, if the door cuts by then.
func (d *door) pass(to, from net.Conn, limit int64, ended chan<- struct{}) {
	_, err := io.Copy(&limited{Writer: to, door: d, left: limit}, from)
	if errors.Is(err, errCut) {
		d.cuts.Add(1)
	}
	ended <- struct{}{}
}

// A limited Writer writes so many bytes and then fails, while its door cuts.
type limited struct {
	io.Writer
	door *door
	left int64
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if !l.door.cutting.Load() {
		return l.Writer.Write(p)
	}
	if int64(len(p)) <= l.left {
		l.left -= int64(len(p))
		return l.Writer.Write(p)
	}
	n, _ := l.Writer.Write(p[:l.left])
	return n, errCut
}
