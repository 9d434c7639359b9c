package main

import (
	"context"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/XSAM/otelsql"
	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"todod/internal/config"
	"todod/internal/observe"
	"todod/internal/store/sqlite"
	"todod/internal/version"
)

// flushTimeout is how long the last spans may take at the stop.
const flushTimeout = 3 * time.Second

// startTracing returns the traces that are configured, nil if none are, and what sends the last of them.
func startTracing(ctx context.Context, cfg config.Config, log *slog.Logger) (_ *observe.Traces, stop func(), err error) {
	if !cfg.Telemetry.Traced() {
		return nil, func() {}, nil
	}
	// OpenTelemetry's SDK looks for its settings in the process's environment and nowhere else.
	for name, value := range cfg.Telemetry.Environment() {
		if err := os.Setenv(name, value); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	log = observe.For(log, "todod.traces")
	traces, err := observe.NewTraces(ctx, version.Number(), log)
	if err != nil {
		return nil, nil, err
	}
	return traces, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := traces.Close(ctx); err != nil {
			log.Warn("traces: the last ones could not be sent", "error", err.Error())
		}
	}, nil
}

// pgxTracer returns what makes the spans of PostgreSQL's statements, nil for none. It tells no argument and no connection.
func pgxTracer(traces *observe.Traces) pgx.QueryTracer {
	if traces == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(traces.Provider()), otelpgx.WithMeterProvider(noop.NewMeterProvider()),
		otelpgx.WithDisableConnectionDetailsInAttributes())
}

// sqliteTracer returns what makes the spans of SQLite's statements, none without traces. What belongs to no trace, such as
// the sweep's statements, begins none.
func sqliteTracer(traces *observe.Traces) []sqlite.Wrapper {
	if traces == nil {
		return nil
	}
	ofTrace := func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
		return trace.SpanContextFromContext(ctx).IsSampled()
	}
	return []sqlite.Wrapper{func(d driver.Driver) driver.Driver {
		return otelsql.WrapDriver(d, otelsql.WithTracerProvider(traces.Provider()), otelsql.WithMeterProvider(noop.NewMeterProvider()),
			otelsql.WithAttributes(attribute.String("db.system.name", "sqlite")), otelsql.WithSpanOptions(otelsql.SpanOptions{
				DisableErrSkip: true, OmitConnResetSession: true, OmitConnectorConnect: true, OmitRows: true, SpanFilter: ofTrace,
			}))
	}}
}

// tracedClient returns a client whose requests are spans, nil without traces.
func tracedClient(traces *observe.Traces) *http.Client {
	if traces == nil {
		return nil
	}
	return &http.Client{Transport: traces.Transport(http.DefaultTransport)}
}
