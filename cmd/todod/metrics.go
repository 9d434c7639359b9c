package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"todod/internal/config"
	"todod/internal/event"
	"todod/internal/httpapi"
	"todod/internal/observe"
	"todod/internal/ratelimit"
	"todod/internal/server"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
)

// watchState has metrics ask db, hub, the limiter and api for their state when they are scraped.
func watchState(metrics *observe.Metrics, db store, hub *event.Hub, limiter ratelimit.Source, api *httpapi.API) {
	w := observe.Watched{DatabaseUp: api.DatabaseUp, Streams: hub.Streams}
	switch db := db.(type) {
	case *postgres.Store:
		w.Pools = func() []observe.Pool { return postgresPools(db) }
		w.Listening = hub.Listening
	case *sqlite.Store:
		w.Pools = func() []observe.Pool { return sqlitePools(db) }
	}
	if shared, ok := limiter.(*ratelimit.Fallback); ok {
		w.Shared = shared.Shared
	}
	metrics.Watch(w)
}

// postgresPools returns the state of the one pool there is.
func postgresPools(db *postgres.Store) []observe.Pool {
	s := db.PoolStat()
	return []observe.Pool{{
		Name: "main", Max: int(s.MaxConns()), InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
		Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(), Canceled: s.CanceledAcquireCount(),
	}}
}

// sqlitePools returns the states of the connection that writes and of those that read. Nobody counts who gave up.
func sqlitePools(db *sqlite.Store) []observe.Pool {
	writer, reader := db.PoolStats()
	pool := func(name string, s sql.DBStats) observe.Pool {
		return observe.Pool{
			Name: name, Max: s.MaxOpenConnections, InUse: s.InUse, Idle: s.Idle, Waits: s.WaitCount, Waited: s.WaitDuration, Canceled: -1,
		}
	}
	return []observe.Pool{pool("writer", writer), pool("reader", reader)}
}

// metricsRoute reports whether /metrics is a route of the API: not where everyone may come.
func metricsRoute(cfg config.Config) bool { return !cfg.Env.Strict() }

// Limits of the port for metrics. A scrape may look at the database, which takes a second at most.
const (
	scrapeTimeout   = 10 * time.Second
	scrapeIdle      = 2 * time.Minute
	maxScrapeHeader = 8 << 10 // bytes
	scrapeStopLimit = time.Second
)

// serveMetrics answers scrapes on the port for metrics, if there is one, until the function it returns is called, which
// waits for those under way. Plain HTTP: the port is not for the internet.
func serveMetrics(ctx context.Context, cfg config.Config, handler http.Handler, log *slog.Logger) (stop func() error, err error) {
	if cfg.MetricsPort == 0 {
		if !metricsRoute(cfg) {
			log.Info("there are no metrics to scrape: METRICS_PORT is not set")
		}
		return func() error { return nil }, nil
	}
	listeners, err := server.Listen(ctx, cfg.Host, server.Port{Variable: "METRICS_PORT", Number: cfg.MetricsPort})
	if err != nil {
		return nil, err
	}
	scraped := &http.Server{
		Handler: handler, ReadTimeout: scrapeTimeout, WriteTimeout: scrapeTimeout, IdleTimeout: scrapeIdle, MaxHeaderBytes: maxScrapeHeader,
		ErrorLog: observe.ServerLog(observe.For(log, "todod.http")),
	}
	served := make(chan error, 1)
	go func() { served <- scraped.Serve(listeners[0]) }()
	log.Info("metrics are scraped at /metrics of a port of their own", "port", cfg.MetricsPort)
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), scrapeStopLimit)
		defer cancel()
		err := scraped.Shutdown(ctx)
		if err != nil {
			err = scraped.Close() // who scrapes can come back
		}
		if serving := <-served; !errors.Is(serving, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("serve metrics: %w", serving))
		}
		return err
	}, nil
}
