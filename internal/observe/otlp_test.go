package observe

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestWhereSpansGo: as OpenTelemetry's specification of the exporter says.
func TestWhereSpansGo(t *testing.T) {
	t.Parallel()
	const all, traces = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"
	for name, c := range map[string]struct {
		env     map[string]string
		url     string
		header  string // X-Key
		timeout time.Duration
	}{
		"for everything": {map[string]string{all + "ENDPOINT": "http://c:4318", all + "HEADERS": "x-key=a%20b,,other=c"}, "http://c:4318/v1/traces", "a b", 10 * time.Second},
		"with a path":    {map[string]string{all + "ENDPOINT": "https://c/otlp/", all + "TIMEOUT": "250"}, "https://c/otlp/v1/traces", "", 250 * time.Millisecond},
		"for traces": {map[string]string{
			all + "ENDPOINT": "http://no", all + "HEADERS": "x-key=no", all + "TIMEOUT": "1",
			traces + "ENDPOINT": "http://c/here", traces + "HEADERS": " x-key = yes ", traces + "TIMEOUT": "2",
		}, "http://c/here", "yes", 2 * time.Millisecond},
		"a time-out that is none": {map[string]string{all + "ENDPOINT": "http://c", all + "TIMEOUT": "soon"}, "http://c/v1/traces", "", 10 * time.Second},
	} {
		got, err := newCollector(func(name string) string { return c.env[name] })
		if err != nil || got.url != c.url || got.header.Get("X-Key") != c.header || got.client.Timeout != c.timeout {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for _, list := range []string{"hunter2", "=hunter2", "k=hunter2%"} {
		if _, err := otlpHeaders(list); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", list, err)
		}
	}
}

// TestSpansArePosted: as the request that a collector reads, and whatever it answers but success is an error.
func TestSpansArePosted(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var sent collectorpb.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &sent); err != nil || sent.GetResourceSpans()[0].GetSchemaUrl() != "schema" ||
			r.Header.Get("Content-Type") != "application/x-protobuf" || r.Method != http.MethodPost {
			t.Errorf("%v %v %v", err, &sent, r.Header)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer server.Close()
	c, err := newCollector(func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Stop(t.Context()) }()
	for _, want := range []int{200, 202, 307, 400, 429, 503} {
		status = want
		err := c.UploadTraces(t.Context(), []*tracepb.ResourceSpans{{SchemaUrl: "schema"}})
		if (err == nil) != (want < 300) {
			t.Errorf("%d: %v", want, err)
		}
	}
}
