package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"todod/internal/config"
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

	maxHeader = 32 << 10 // bytes; a token alone may have 8 KiB

	// partingTime is how long connections stay open when the server stops, for their clients to read "Connection: close"
	// in an answer. A client that is about to send would otherwise write into a connection that is just being closed.
	partingTime = 500 * time.Millisecond
)

// newServer returns the server that answers requests with handler.
func newServer(cfg config.Config, handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: cfg.Database.PoolTimeout + writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: observe.ServerLog(observe.For(log, "todod.http")),
	}
}

// listen returns a listener on address.
func listen(ctx context.Context, address string) (net.Listener, error) {
	cfg := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		return dropSilent(socket, silenceTimeout)
	}}
	return cfg.Listen(ctx, "tcp", address)
}

// serveOn answers requests on listener until ctx ends. Then it calls drain, takes no new connection, answers what is under
// way and returns nil, or an error if that takes longer than patience.
func serveOn(
	ctx context.Context, listener net.Listener, server *http.Server, drain func(), patience time.Duration, log *slog.Logger,
) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping: answering what is under way")
	drain()
	if err := listener.Close(); err != nil {
		log.Warn("could not close the listener", "error", err.Error())
	}
	if err := <-served; !errors.Is(err, net.ErrClosed) { // it has taken its last connection
		log.Warn("serve", "error", err.Error())
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
