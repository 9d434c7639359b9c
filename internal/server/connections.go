package server

import (
	"container/list"
	"crypto/tls"
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
// has waited longest for its client: to send a request or the rest of one, or to read its answer. If all are at work, or the
// address has its share already, the new one is closed. It keeps in bounds, too, what answers wait to be read.
type connections struct {
	limit   int
	trusted []netip.Prefix // whose connections are those of many
	log     *slog.Logger

	mu      sync.Mutex
	open    map[net.Conn]*connection
	perAddr map[string]int
	waiting list.List // of connections that wait for their clients, those first that have done so for longest

	unread      list.List      // of *writing, those first whose clients have read nothing for longest
	unreadBytes int            // of all of them
	unreadBy    map[string]int // of those that are not little, by their clients' addresses

	refused, cut int // connections, since it was last told of them
	told         time.Time
}

// A connection is an open one.
type connection struct {
	net.Conn
	key     string        // of its address, "" for a trusted proxy
	working int           // handlers that neither read a body nor write just now
	place   *list.Element // among those that wait, nil while it is at work
}

// ownFiles is how many files and connections a server has open besides those of its clients and to its database.
const ownFiles = 100

// MostConnections returns how many connections a server may have that is configured for limit, on this system, where it opens
// so many to its database. It warns if that is less.
func MostConnections(limit, database int, log *slog.Logger) int {
	return connectionLimit(limit, openFiles(), database, log)
}

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
		limit: limit, trusted: trusted, log: log, open: map[net.Conn]*connection{}, perAddr: map[string]int{}, unreadBy: map[string]int{},
	}
}

// changed is told of what becomes of a connection. It is the signature of http.Server.ConnState. What net/http calls active
// is no matter: such a connection may wait for its client as well as another.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	var victim net.Conn
	c.mu.Lock()
	switch state {
	case http.StateNew:
		victim = c.admit(conn)
	case http.StateActive, http.StateIdle:
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
	known.place = c.waiting.PushBack(known)
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
	if known.place != nil {
		c.waiting.Remove(known.place)
	}
	if known.key == "" {
		return
	}
	if c.perAddr[known.key]--; c.perAddr[known.key] == 0 {
		delete(c.perAddr, known.key)
	}
}

// work notes that more handlers work for a connection, or fewer. While none does, it waits for its client.
func (c *connections) work(conn net.Conn, more int) {
	known := c.open[conn]
	if known == nil { // it had to go
		return
	}
	known.working += more
	switch waits := known.working <= 0; {
	case waits && known.place == nil:
		known.place = c.waiting.PushBack(known)
	case !waits && known.place != nil:
		c.waiting.Remove(known.place)
		known.place = nil
	}
}

// refuse counts a connection that was refused.
func (c *connections) refuse() {
	c.refused++
	c.tell()
}

// tell tells now and then of the connections that were refused, or cut off because of what they left unread.
func (c *connections) tell() {
	if now := time.Now(); now.Sub(c.told) >= refusalsLogged {
		c.log.Warn("connections refused: too many, in all or from one address; or cut off: too much that clients don't read",
			"refused", c.refused, "cut_off", c.cut, "open", len(c.open), "limit", c.limit)
		c.refused, c.cut, c.told = 0, 0, now
	}
}

// hangUp closes a connection at once: without TLS's goodbye, which would wait for a client that doesn't read.
func hangUp(conn net.Conn) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	_ = conn.Close()
}
