package main

import (
	"container/list"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"todod/internal/ratelimit"
)

// addressShare is the part of all connections that one client address may have.
const addressShare = 4

// refusalsLogged is how often connections that were refused are told of, at most.
const refusalsLogged = time.Minute

// connections keeps the number of open connections in bounds. When all are taken, a new one takes the place of the one that
// has waited longest for its client: for a request, for the rest of its header, or of its body. If all are at work, or the
// address has its share already, the new one is closed.
type connections struct {
	limit   int
	trusted []netip.Prefix // whose connections are those of many
	log     *slog.Logger

	mu      sync.Mutex
	open    map[net.Conn]*connection
	perAddr map[string]int
	waiting list.List // of connections that wait for their clients, those first that have done so for longest

	refused int // since it was last told of
	told    time.Time
}

// A connection is an open one.
type connection struct {
	net.Conn
	key   string        // of its address, "" for a trusted proxy
	place *list.Element // among those that wait, nil while it is at work
}

// ownFiles is how many files and connections a server has open besides those of its clients and to its database.
const ownFiles = 100

// connectionLimit returns how many connections a server may have that is configured for limit, where the system lets it have
// files open, of which its database takes some. Where that is too few, accepting would fail instead of making room.
func connectionLimit(limit, files, database int, log *slog.Logger) int {
	possible := max(files-ownFiles-database, files/2)
	if limit <= possible {
		return limit
	}
	log.Warn("MAX_CONNECTIONS is more than the system lets this process open: raise its limit of open files",
		"limit", limit, "possible", possible)
	return possible
}

// newConnections returns the bounds of a server that may have limit connections.
func newConnections(limit int, trusted []netip.Prefix, log *slog.Logger) *connections {
	return &connections{
		limit: limit, trusted: trusted, log: log, open: map[net.Conn]*connection{}, perAddr: map[string]int{},
	}
}

// changed is told of what becomes of a connection. It is the signature of http.Server.ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	var victim net.Conn
	c.mu.Lock()
	switch state {
	case http.StateNew:
		victim = c.admit(conn)
	case http.StateActive:
		c.work(c.open[conn])
	case http.StateIdle:
		c.wait(c.open[conn])
	case http.StateHijacked, http.StateClosed:
		c.forget(conn)
	}
	c.mu.Unlock()
	if victim != nil {
		hangUp(victim)
	}
}

// admit counts a new connection and returns the one that has to go for it, which may be the new one itself; nil for none.
func (c *connections) admit(conn net.Conn) (victim net.Conn) {
	key := c.keyOf(conn)
	full := len(c.open) >= c.limit
	switch {
	case key != "" && c.perAddr[key] >= max(c.limit/addressShare, 1):
		c.refuse()
		return conn
	case full && c.waiting.Len() == 0:
		c.refuse()
		return conn
	case full:
		victim = c.waiting.Front().Value.(*connection).Conn
		c.forget(victim)
	}
	known := &connection{Conn: conn, key: key}
	c.wait(known)
	c.open[conn] = known
	if key != "" {
		c.perAddr[key]++
	}
	return victim
}

// keyOf returns the key under which the connections of a client are counted, "" for a trusted proxy.
func (c *connections) keyOf(conn net.Conn) string {
	addr := ratelimit.ParseAddr(conn.RemoteAddr().String())
	if !addr.IsValid() || ratelimit.IsTrusted(addr, c.trusted) {
		return ""
	}
	return ratelimit.AddressKey(addr)
}

// forget no longer counts a connection.
func (c *connections) forget(conn net.Conn) {
	known := c.open[conn]
	if known == nil {
		return
	}
	delete(c.open, conn)
	c.work(known)
	if known.key == "" {
		return
	}
	if c.perAddr[known.key]--; c.perAddr[known.key] == 0 {
		delete(c.perAddr, known.key)
	}
}

// wait notes that a connection waits for its client from now on. It may be nil: one that had to go.
func (c *connections) wait(known *connection) {
	if known != nil && known.place == nil {
		known.place = c.waiting.PushBack(known)
	}
}

// work notes that a connection doesn't wait for its client any more. It may be nil.
func (c *connections) work(known *connection) {
	if known != nil && known.place != nil {
		c.waiting.Remove(known.place)
		known.place = nil
	}
}

// connKey is the context key of the connection that a request came by.
type connKey struct{}

// withConn puts the connection into the context of its requests. It is the signature of http.Server.ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// watchingBodies notes of connections that they wait while their clients send bodies. One of HTTP/2 may be at work for
// others meanwhile, and is left alone.
func (c *connections) watchingBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, ok := r.Context().Value(connKey{}).(net.Conn)
		if !ok || r.ContentLength == 0 || r.ProtoMajor != 1 {
			next.ServeHTTP(w, r)
			return
		}
		watched := r.WithContext(r.Context()) // a copy: by the request itself, net/http finds out what is left of the body
		watched.Body = watchedBody{r.Body, conn, c}
		next.ServeHTTP(w, watched)
		c.changed(conn, http.StateIdle) // net/http may read on
	})
}

// A watchedBody is the body of a request that comes by conn.
type watchedBody struct {
	io.ReadCloser
	conn net.Conn
	all  *connections
}

// Read implements io.Reader.
func (b watchedBody) Read(p []byte) (int, error) {
	b.all.changed(b.conn, http.StateIdle)
	defer b.all.changed(b.conn, http.StateActive)
	return b.ReadCloser.Read(p)
}

// refuse counts a connection that was refused, and tells of those so far now and then.
func (c *connections) refuse() {
	c.refused++
	if now := time.Now(); now.Sub(c.told) >= refusalsLogged {
		c.log.Warn("connections refused: too many, in all or from one address",
			"refused", c.refused, "open", len(c.open), "limit", c.limit)
		c.refused, c.told = 0, now
	}
}

// hangUp closes a connection at once: without TLS's goodbye, which would wait for a client that doesn't read.
func hangUp(conn net.Conn) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	_ = conn.Close()
}
