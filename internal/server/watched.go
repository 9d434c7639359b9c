package server

import (
	"container/list"
	"context"
	"io"
	"net"
	"net/http"

	"todod/internal/ratelimit"
)

const (
	// unreadLimit is how many bytes of answers may wait to be read at a time.
	unreadLimit = 32 << 20
	// pieceSize is how many bytes of an answer are written at once: a client that reads as many has done something.
	pieceSize = 64 << 10
	// muchUnread is how many bytes one client may leave to be read without being the first to go.
	muchUnread = unreadLimit / 4
)

// connKey is the context key of the connection that a request came by.
type connKey struct{}

// withConn puts the connection into the context of its requests. It is the signature of http.Server.ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// watching notes of connections when handlers work for them, and when these wait for clients to send bodies or to read
// answers. What of an answer is written after its handler's end isn't work either.
func (c *connections) watching(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, ok := r.Context().Value(connKey{}).(net.Conn)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		watched := r
		if r.ContentLength != 0 {
			watched = r.WithContext(r.Context()) // a copy: by the request itself, net/http finds out what is left of the body
			watched.Body = watchedBody{r.Body, conn, c}
		}
		c.begin(conn)
		defer c.end(conn)
		next.ServeHTTP(&watchedWriter{w, r, conn, c}, watched)
	})
}

// begin notes that a handler begins to work for a connection, or goes on.
func (c *connections) begin(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.work(conn, 1)
}

// end notes that a handler has ended that worked for a connection, or waits for its client.
func (c *connections) end(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.work(conn, -1)
}

// A watchedBody is the body of a request that comes by conn.
type watchedBody struct {
	io.ReadCloser
	conn net.Conn
	all  *connections
}

// Read implements io.Reader.
func (b watchedBody) Read(p []byte) (int, error) {
	b.all.end(b.conn)
	defer b.all.begin(b.conn)
	return b.ReadCloser.Read(p)
}

// A watchedWriter writes the answer to a request that came by conn.
type watchedWriter struct {
	http.ResponseWriter
	request *http.Request
	conn    net.Conn
	all     *connections
}

// Unwrap lets http.ResponseController reach the connection.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements io.Writer.
func (w *watchedWriter) Write(p []byte) (n int, err error) {
	held := w.all.hold(w.conn, w.client(len(p)), len(p))
	defer w.all.release(held)
	for {
		m, err := w.ResponseWriter.Write(p[n:min(n+pieceSize, len(p))])
		n += m
		if err != nil || n == len(p) {
			return n, err
		}
		w.all.progress(held, m)
	}
}

// client returns the key of the address that asked for an answer of size bytes, as a trusted proxy says; "" for what is written
// at once, so that most requests are spared finding out.
func (w *watchedWriter) client(size int) string {
	if size <= pieceSize {
		return ""
	}
	return ratelimit.AddressKey(ratelimit.ClientAddr(w.request, w.all.trusted))
}

// FlushError is called by http.ResponseController.
func (w *watchedWriter) FlushError() error {
	w.all.end(w.conn)
	defer w.all.begin(w.conn)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// A writing is what a handler has yet to write by conn.
type writing struct {
	conn   net.Conn
	client string // the key of its address, "" if it is little
	size   int    // bytes; 0 once it isn't waited for any more
}

// hold notes that a handler waits until size bytes have been read of its answer to a client. When that are too many with
// those that wait already, connections go: as long as one client leaves much unread, of theirs the one that has read nothing
// for longest, which may be this one; then of all others.
func (c *connections) hold(conn net.Conn, client string, size int) *list.Element {
	c.mu.Lock()
	c.work(conn, -1)
	held := c.unread.PushBack(&writing{conn, client, size})
	c.count(held.Value.(*writing), size)
	var victims []net.Conn
	for c.unreadBytes > unreadLimit && c.unread.Len() > 1 { // one that is alone is in nobody's way
		victim := c.whoGoes(held)
		if victim == nil {
			break
		}
		victims = append(victims, victim.Value.(*writing).conn)
		c.drop(victim)
		c.cut++
		c.tell()
	}
	c.mu.Unlock()
	for _, victim := range victims {
		hangUp(victim)
	}
	return held
}

// whoGoes returns which writing goes when held is one too many, nil for none.
func (c *connections) whoGoes(held *list.Element) *list.Element {
	most := ""
	for client, bytes := range c.unreadBy {
		if bytes > max(muchUnread, c.unreadBy[most]) {
			most = client
		}
	}
	for e := c.unread.Front(); e != nil; e = e.Next() {
		if most == "" && e != held || most != "" && e.Value.(*writing).client == most {
			return e
		}
	}
	return nil
}

// count notes that more bytes of w wait to be read, or fewer.
func (c *connections) count(w *writing, more int) {
	c.unreadBytes += more
	if w.client == "" {
		return
	}
	if c.unreadBy[w.client] += more; c.unreadBy[w.client] == 0 {
		delete(c.unreadBy, w.client)
	}
}

// progress notes that a client has read n bytes more.
func (c *connections) progress(held *list.Element, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := held.Value.(*writing)
	if w.size == 0 { // it had to go
		return
	}
	c.count(w, -n)
	w.size -= n
	c.unread.MoveToBack(held)
	if known := c.open[w.conn]; known != nil && known.place != nil {
		c.waiting.MoveToBack(known.place)
	}
}

// release notes that a handler goes on after it has written, or failed to.
func (c *connections) release(held *list.Element) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.work(held.Value.(*writing).conn, 1)
	c.drop(held)
}

// drop no longer counts what waits to be read. It may have been dropped before.
func (c *connections) drop(held *list.Element) {
	waiting := held.Value.(*writing)
	c.count(waiting, -waiting.size)
	waiting.size = 0
	c.unread.Remove(held)
}
