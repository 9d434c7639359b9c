package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

// A delayer stands before a server and hands on what it gets later than it got it, both ways, as a long line does: what
// is on its way doesn't hold up what comes after it.
type delayer struct {
	listener net.Listener
	target   string
	delay    time.Duration
}

// startDelayer stands before the server at a port of 127.0.0.1.
func startDelayer(ctx context.Context, port int, delay time.Duration) (*delayer, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &delayer{listener: listener, target: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), delay: delay}
	go d.accept(context.WithoutCancel(ctx))
	return d, nil
}

// port returns where it listens.
func (d *delayer) port() int { return d.listener.Addr().(*net.TCPAddr).Port }

// stop takes no more connections. Those that are there end with their clients.
func (d *delayer) stop() error { return d.listener.Close() }

// accept takes connections until the listener is closed.
func (d *delayer) accept(ctx context.Context) {
	for {
		client, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.connect(ctx, client)
	}
}

// connect connects a client to the server.
func (d *delayer) connect(ctx context.Context, client net.Conn) {
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, "tcp", d.target)
	if err != nil {
		_ = client.Close()
		return
	}
	go d.carry(server, client)
	d.carry(client, server)
}

// A parcel is what came together, and when it is to go on.
type parcel struct {
	due   time.Time
	bytes []byte
}

// mostUnderWay is how many parcels may be on one way at once.
const mostUnderWay = 4096

// carry hands on what comes from one side to the other until it ends, and closes the other then.
func (d *delayer) carry(to, from net.Conn) {
	parcels := make(chan parcel, mostUnderWay)
	go func() {
		defer close(parcels)
		for {
			room := make([]byte, 16<<10)
			n, err := from.Read(room)
			if n > 0 {
				parcels <- parcel{time.Now().Add(d.delay), room[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	var err error
	for p := range parcels {
		if err == nil {
			time.Sleep(time.Until(p.due))
			_, err = to.Write(p.bytes)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			_ = from.Close() // and read no more
		}
	}
	_ = to.Close()
}
