// Package server lets clients in: it listens, speaks TLS, keeps the number of connections and of unread bytes in bounds, and
// stops without cutting anybody off. It knows an http.Handler and nothing of what that does.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"todod/internal/observe"
)

// How long a client may take, so that slow ones don't hold connections for ever.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = time.Minute // beyond the longest wait for a database connection
	idleTimeout   = 2 * time.Minute

	// silenceTimeout is how long a client may leave unconfirmed what was sent to it.
	silenceTimeout = time.Minute

	// lingering is how long a client may go on sending a body after its answer: nobody wants it any more, but a client whose
	// connection is closed while it sends may not get to the answer.
	lingering = 3 * time.Second
	// maxRest is how many bytes of such a body are read, as net/http does where the connection stays.
	maxRest = 256 << 10

	maxHeader = 32 << 10 // bytes; a token alone may have 8 KiB

	// What one HTTP/2 connection may have going on. Behind a proxy that is many clients'. Requests that were cancelled
	// count for as long as their handlers run, and net/http closes a connection that cancels faster than that.
	maxStreams      = 250
	streamBuffer    = 64 << 10  // bytes of a body that nobody has read yet: most are no longer
	connBuffer      = 256 << 10 // bytes of all bodies together
	frameWriteLimit = 30 * time.Second

	// partingTime is how long connections stay open when the server stops, for their clients to read "Connection: close"
	// in an answer. A client that is about to send would otherwise write into a connection that is just being closed.
	partingTime = 500 * time.Millisecond
)

// Config says how to serve.
type Config struct {
	Handler      http.Handler
	Certificate  *Certificate   // nil: plain HTTP
	Connections  int            // how many there may be; see MostConnections
	Trusted      []netip.Prefix // proxies, whose connections are those of many
	LongestWrite time.Duration  // how long an answer may take before its first byte, beyond what the client may take to read it
	Logger       *slog.Logger
}

// New returns the server that cfg describes.
func New(cfg Config) *http.Server {
	connections := newConnections(cfg.Connections, cfg.Trusted, cfg.Logger)
	server := &http.Server{
		Handler: unlingering(connections.watching(cfg.Handler)), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: cfg.LongestWrite + writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog:  observe.ServerLog(cfg.Logger),
		ConnState: connections.changed, ConnContext: withConn,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerStream: streamBuffer, MaxReceiveBufferPerConnection: connBuffer,
			WriteByteTimeout: frameWriteLimit,
		},
		DisableGeneralOptionsHandler: true, // our handler answers OPTIONS *, too
	}
	if cert := cfg.Certificate; cert != nil {
		server.TLSConfig = &tls.Config{
			MinVersion: tls.VersionTLS12, GetCertificate: cert.get,
			NextProtos: []string{"h2", "http/1.1"}, // by itself net/http adds h2 only if HTTPS is served before plain HTTP
		}
	}
	return server
}

// unlingering puts an end to what a client still sends of a body when its request has been handled. net/http reads some
// of it, to keep the connection, and waits for it as long as the deadline is that the handler has left; which may be
// none. Of a client that wants the connection closed it reads nothing, and closes at once: that resets the connection, and
// the client may lose the answer. So its rest is read here.
func unlingering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		if r.ContentLength == 0 {
			return
		}
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(lingering)) // fails if there is no connection any more
		if r.Close {
			_ = control.Flush()
			_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxRest)) // beyond, net/http waits before it closes
		}
	})
}

// A Port is where clients come in, and the variable that it was set by.
type Port struct {
	Variable  string
	Number    uint16
	Encrypted bool // by HTTPS
}

// A Listener lets clients in.
type Listener struct {
	net.Listener
	encrypted bool
}

// Listen listens at ports of host. Its error names the variable and says what to do.
func Listen(ctx context.Context, host string, ports ...Port) ([]Listener, error) {
	var listeners []Listener
	for _, port := range ports {
		l, err := port.listen(ctx, host)
		if err != nil {
			return nil, errors.Join(err, closeListeners(listeners))
		}
		listeners = append(listeners, Listener{l, port.Encrypted})
	}
	return listeners, nil
}

// closeListeners lets nobody in any more.
func closeListeners(listeners []Listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// serve answers who comes in by l until it is closed.
func (l Listener) serve(server *http.Server) error {
	if l.encrypted {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// listen returns a listener on the port at host. Its error names the variable and says what to do.
func (p Port) listen(ctx context.Context, host string) (net.Listener, error) {
	l, err := listen(ctx, net.JoinHostPort(host, strconv.Itoa(int(p.Number))))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: port %d is taken, another program listens there: stop it, or set %[1]s to another port, such as %[1]s=%[3]d: %[4]w",
			p.Variable, p.Number, other(p.Number), err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s: this user may not listen at port %d: set %[1]s to one from 1024 on, such as %[1]s=8000: %[3]w", p.Variable, p.Number, err)
	case err != nil:
		return nil, fmt.Errorf("%s: listen at port %d of API_HOST: %w", p.Variable, p.Number, err)
	}
	return l, nil
}

// other returns a port that may be free where this one is taken.
func other(port uint16) uint16 {
	if port == math.MaxUint16 {
		return port - 1
	}
	return port + 1
}

// listen returns a listener on address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	cfg := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		return dropSilent(socket, silenceTimeout)
	}}
	return cfg.Listen(ctx, "tcp", address)
}

// Serve answers who comes in by listeners until ctx ends. Then it calls drain, takes no new connection, answers what
// is under way and returns nil, or an error if that takes longer than patience.
func Serve(
	ctx context.Context, listeners []Listener, server *http.Server, drain func(), patience time.Duration, log *slog.Logger,
) error {
	served := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { served <- l.serve(server) }()
	}
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("serve: %w", err), server.Close())
	case <-ctx.Done():
	}
	log.Info("stopping: answering what is under way")
	drain()
	if err := closeListeners(listeners); err != nil {
		log.Warn("could not close the listener", "error", err.Error())
	}
	for range listeners {
		if err := <-served; !errors.Is(err, net.ErrClosed) { // it has taken its last connection
			log.Warn("serve", "error", err.Error())
		}
	}
	time.Sleep(partingTime)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
		return errors.Join(fmt.Errorf("stop: requests still under way after %s: %w", patience, err), server.Close())
	}
	log.Info("stopped")
	return nil
}
