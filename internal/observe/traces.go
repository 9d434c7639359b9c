package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces makes spans of what todod does and sends them to an OpenTelemetry collector. What they say of it is in
// export.go. It is safe for concurrent use.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// NewTraces returns Traces of a program of this version. Where spans go, and which, the OTEL_ variables of the
// process's environment say, as OpenTelemetry's SDK and its exporter read them. A collector that is away costs spans
// and a line in the log now and then, nothing else. It must be closed.
func NewTraces(ctx context.Context, version string, log *slog.Logger) (*Traces, error) {
	otel.SetErrorHandler(&errorLog{log: log, now: time.Now})
	otel.SetLogger(logr.FromSlogHandler(discreetLog{log.Handler()}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	res, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", "todod"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return newTraces(sdktrace.WithBatcher(discreet{exporter}), sdktrace.WithResource(res)), nil
}

// newTraces returns Traces with these options.
func newTraces(options ...sdktrace.TracerProviderOption) *Traces {
	provider := sdktrace.NewTracerProvider(options...)
	return &Traces{provider: provider, tracer: provider.Tracer("todod")}
}

// Close sends the spans that are left, for as long as ctx.
func (t *Traces) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Provider returns where libraries get their tracers.
func (t *Traces) Provider() trace.TracerProvider { return t.provider }

// Transport returns base with a span around each request of a trace, and with a traceparent header in it. That of a nil
// Traces is base.
func (t *Traces) Transport(base http.RoundTripper) http.RoundTripper {
	if t == nil {
		return base
	}
	return transport{base: base, RoundTripper: otelhttp.NewTransport(base, otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()), otelhttp.WithPropagators(propagation.TraceContext{}))}
}

// transport is a http.RoundTripper around base that can give its idle connections back.
type transport struct {
	http.RoundTripper
	base http.RoundTripper
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t transport) CloseIdleConnections() { (&http.Client{Transport: t.base}).CloseIdleConnections() }

// A Span is that of a request which is being answered.
type Span struct {
	span   trace.Span
	method string
}

// Begin returns the context in which r is to be answered, and its span, which must be ended. It belongs to the trace that
// a traceparent header names; tracestate, which could say anything, is dropped.
func (t *Traces) Begin(r *http.Request) (context.Context, Span) {
	ctx := r.Context()
	remote := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header)))
	if remote.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, remote.WithTraceState(trace.TraceState{}))
	}
	method := MethodOr(r.Method, "_OTHER") // as OpenTelemetry calls it
	ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", method)))
	return ctx, Span{span, method}
}

// TraceID returns the id of the trace that s belongs to, in hex.
func (s Span) TraceID() string { return s.span.SpanContext().TraceID().String() }

// End ends the span of a request that was answered with this status by the route of this pattern.
func (s Span) End(route string, status int) {
	if s.span.IsRecording() {
		s.span.SetName(s.method + " " + route)
		s.span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			s.span.SetAttributes(attribute.String("error.type", strconv.Itoa(status)))
			s.span.SetStatus(codes.Error, "")
		}
	}
	s.span.End()
}

// quietFor is the time between two lines about spans that could not be sent.
const quietFor = time.Minute

// errorLog is an otel.ErrorHandler that writes one line now and then.
type errorLog struct {
	log   *slog.Logger
	now   func() time.Time
	until atomic.Int64 // nothing is written before, in nanoseconds since 1970
	kept  atomic.Int64 // errors that were not written
}

// Handle implements otel.ErrorHandler. What is not about sending is about a setting and comes at the start only, so it is
// always written.
func (e *errorLog) Handle(err error) {
	if _, ok := errors.AsType[*sendError](err); !ok {
		e.log.Warn("traces: OpenTelemetry has something to say", "error", err.Error())
		return
	}
	now, until := e.now(), e.until.Load()
	if now.UnixNano() < until || !e.until.CompareAndSwap(until, now.Add(quietFor).UnixNano()) {
		e.kept.Add(1)
		return
	}
	e.log.Warn("traces: some could not be sent", "error", err.Error(), "others_since", e.kept.Swap(0))
}

// discreetLog is a slog.Handler for what OpenTelemetry itself logs. It repeats settings that it can't read, such as headers
// with a key in them, in attributes and in errors; so its message alone is passed on.
type discreetLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (d discreetLog) Handle(ctx context.Context, r slog.Record) error {
	return d.Handler.Handle(ctx, slog.NewRecord(r.Time, r.Level, "traces: OpenTelemetry: "+r.Message, r.PC))
}

// WithAttrs implements slog.Handler.
func (d discreetLog) WithAttrs([]slog.Attr) slog.Handler { return d }

// WithGroup implements slog.Handler.
func (d discreetLog) WithGroup(string) slog.Handler { return d }
