package observe

import (
	"context"
	"regexp"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// told are the attributes of spans that leave the process. All others, of which libraries know many, may say who somebody
// is or what they wrote: addresses, paths with ids, queries, arguments, texts of errors.
var told = []attribute.Key{
	"http.request.method", "http.route", "http.response.status_code", "error.type",
	"server.address", "server.port", // of services that are called
	"db.system.name", "db.operation.name", "db.operation.batch.size",
	"db.query.text", // statements with $1 or ? for all that is anybody's
	"pgx.operation.type", "pgx.rows_affected", "pgx.sql_state",
}

// discreet is a sdktrace.SpanExporter that tells only what told names.
type discreet struct{ sdktrace.SpanExporter }

// ExportSpans implements sdktrace.SpanExporter.
func (d discreet) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	some := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		some[i] = discreetSpan{span}
	}
	if err := d.SpanExporter.ExportSpans(ctx, some); err != nil {
		return &sendError{err}
	}
	return nil
}

// sendError is why spans could not be sent.
type sendError struct{ err error }

// theirs matches what an error of the exporter repeats of others' words: all that comes after the collector's answer
// begins, which may quote the key that it was sent, and the path of its URL, which may be one.
var theirs = regexp.MustCompile(`(?s)\s*\(?(?:body|partial success): .*|(https?://[^/\s"]+)[^\s":]*`)

// Error returns the exporter's words without those of others.
func (e *sendError) Error() string { return theirs.ReplaceAllString(e.err.Error(), "$1") }

// Unwrap returns the exporter's error.
func (e *sendError) Unwrap() error { return e.err }

// discreetSpan is a span without what isn't to be told.
type discreetSpan struct{ sdktrace.ReadOnlySpan }

// Attributes returns those that are told.
func (s discreetSpan) Attributes() []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(s.ReadOnlySpan.Attributes()), func(a attribute.KeyValue) bool {
		return !slices.Contains(told, a.Key)
	})
}

// Events returns none: those of libraries are the texts of errors.
func (discreetSpan) Events() []sdktrace.Event { return nil }

// Links returns none.
func (discreetSpan) Links() []sdktrace.Link { return nil }

// Status returns the code without its description, which is the text of an error.
func (s discreetSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}
