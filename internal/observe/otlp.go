package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// sendTimeout is how long spans may take to the collector unless OTEL_EXPORTER_OTLP_TIMEOUT says otherwise.
const sendTimeout = 10 * time.Second

// collector is an otlptrace.Client that posts spans to an OpenTelemetry collector, as protobuf over HTTP (OTLP 1.x). What
// it doesn't take is lost: nothing is sent twice.
type collector struct {
	url    string
	header http.Header
	client *http.Client
}

// newCollector returns the collector that the OTEL_EXPORTER_OTLP_ variables name: its endpoint, headers and time-out. Those
// for traces come before those for everything.
func newCollector(getenv func(string) string) (*collector, error) {
	either := func(name string) string {
		if own := getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); own != "" {
			return own
		}
		return getenv("OTEL_EXPORTER_OTLP_" + name)
	}
	target := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if target == "" {
		target = strings.TrimSuffix(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), "/") + "/v1/traces"
	}
	header, err := otlpHeaders(either("HEADERS"))
	if err != nil {
		return nil, err
	}
	timeout := sendTimeout
	if ms, err := strconv.ParseUint(either("TIMEOUT"), 10, 31); err == nil && ms > 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	return &collector{url: target, header: header, client: &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// otlpHeaders reads headers such as name=value,other=a%20value. Its error doesn't repeat them: there are secrets among them.
func otlpHeaders(list string) (http.Header, error) {
	header := http.Header{"Content-Type": {"application/x-protobuf"}, "User-Agent": {"todod"}}
	for pair := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS must be name=value, comma-separated, with % , and spaces in a value as %25 %2C %20")
		}
		header.Set(name, value)
	}
	return header, nil
}

// Start implements otlptrace.Client.
func (*collector) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *collector) Stop(context.Context) error {
	c.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans}) // on the wire the same as a request to export them
	if err != nil {
		return fmt.Errorf("OTLP: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("OTLP: %w", err)
	}
	req.Header = c.header.Clone()
	resp, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("OTLP: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("OTLP: the collector answers %s", resp.Status)
	}
	return nil
}
