package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// kept returns Traces that keep in memory what would be sent.
func kept(t *testing.T) (*Traces, *tracetest.InMemoryExporter) {
	t.Helper()
	memory := tracetest.NewInMemoryExporter()
	traces := newTraces(sdktrace.WithSyncer(discreet{memory}))
	t.Cleanup(func() { _ = traces.Close(context.Background()) })
	return traces, memory
}

// TestSpansTellOnlyWhatTheyMay: whatever a library says of an error or of a request.
func TestSpansTellOnlyWhatTheyMay(t *testing.T) {
	t.Parallel()
	traces, memory := kept(t)
	_, span := traces.Provider().Tracer("a library").Start(t.Context(), "INSERT", trace.WithLinks(trace.Link{
		SpanContext: trace.SpanContext{}, Attributes: []attribute.KeyValue{attribute.String("link", "private")},
	}))
	span.SetAttributes(attribute.String("db.operation.name", "INSERT"), attribute.String("client.address", "private"),
		attribute.String("pgx.query.parameters", "private"))
	err := errors.New(`invalid input syntax for type integer: "private"`)
	span.RecordError(err)
	span.SetStatus(codes.Error, err.Error())
	span.End()
	sent := memory.GetSpans()
	if len(sent) != 1 || sent[0].Status.Code != codes.Error || len(sent[0].Attributes) != 1 {
		t.Fatalf("%+v", sent)
	}
	if all := fmt.Sprintf("%+v", sent); strings.Contains(all, "private") {
		t.Errorf("tells %s", all)
	}
}

// TestARequestIsASpan: of the trace that its client has begun.
func TestARequestIsASpan(t *testing.T) {
	t.Parallel()
	traces, memory := kept(t)
	for _, c := range []struct {
		method, name string
		status       int
		failed       bool
	}{
		{"GET", "GET /tasks/{id}", 404, false}, {"BREW", "_OTHER /tasks/{id}", 499, false}, {"PUT", "PUT /tasks/{id}", 503, true},
	} {
		memory.Reset()
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/tasks/42?q=private", nil)
		r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		r.Header.Set("tracestate", "k=private")
		ctx, span := traces.Begin(r)
		if span.TraceID() != "0af7651916cd43dd8448eb211c80319c" || !trace.SpanContextFromContext(ctx).IsSampled() {
			t.Errorf("trace %s", span.TraceID())
		}
		span.End("/tasks/{id}", c.status)
		sent := memory.GetSpans()
		if len(sent) != 1 || sent[0].Name != c.name || sent[0].Parent.SpanID().String() != "b7ad6b7169203331" ||
			(sent[0].Status.Code == codes.Error) != c.failed {
			t.Errorf("%s: %+v", c.method, sent)
		}
		if all := fmt.Sprintf("%+v", sent); strings.Contains(all, "private") || strings.Contains(all, "42") && !strings.Contains(all, "/tasks/{id}") {
			t.Errorf("tells %s", all)
		}
	}
	_, alone := traces.Begin(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if alone.TraceID() == strings.Repeat("0", 32) {
		t.Error("a request without a traceparent begins no trace")
	}
	alone.End("/", 200)
}

// TestCallsCarryTheTrace: and their connections can be given back, which TestMain would notice.
func TestCallsCarryTheTrace(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("traceparent"))
	}))
	defer server.Close()
	traces, memory := kept(t)
	base := &http.Transport{}
	client := &http.Client{Transport: traces.Transport(base)}
	ctx, span := traces.Begin(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/private?q=private", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	client.CloseIdleConnections()
	span.End("/", 200)
	if !strings.HasPrefix(string(got), "00-"+span.TraceID()+"-") {
		t.Errorf("traceparent %q", got)
	}
	if sent := memory.GetSpans(); len(sent) != 2 || strings.Contains(fmt.Sprintf("%+v", sent), "private") {
		t.Errorf("%+v", sent)
	}
	if none := (*Traces)(nil).Transport(base); none != http.RoundTripper(base) {
		t.Error("without traces there is something around the transport")
	}
}

// TestErrorsAreLoggedNowAndThen: a line at once, then one a minute that says how many there were.
func TestErrorsAreLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	now := time.Unix(1_800_000_000, 0)
	e := &errorLog{log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	for range 100 {
		e.Handle(&sendError{errors.New("away")})
	}
	if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), "others_since=0") {
		t.Errorf("%d lines: %s", n, &out)
	}
	now = now.Add(quietFor)
	e.Handle(&sendError{errors.New("away")})
	if n := strings.Count(out.String(), "\n"); n != 2 || !strings.Contains(out.String(), "others_since=99") {
		t.Errorf("%d lines: %s", n, &out)
	}
	e.Handle(errors.New("unsupported sampler"))
	if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), "unsupported sampler") {
		t.Errorf("%d lines: %s", n, &out)
	}
}
