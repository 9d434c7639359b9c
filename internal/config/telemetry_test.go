package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestWhenThereAreTraces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vars with
		want bool
	}{
		"nothing set":     {nil, false},
		"an endpoint":     {with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, true},
		"one for traces":  {with{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://c/v1/traces"}, true},
		"another one":     {with{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "https://c/v1/metrics"}, false},
		"disabled":        {with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, false},
		"not by exporter": {with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, false},
	} {
		if got := mustLoad(t, c.vars).Telemetry.Traced(); got != c.want {
			t.Errorf("%s: traced %v", name, got)
		}
	}
}

func TestEndpointsAreURLs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		for _, value := range []string{"collector:4318", "ftp://collector", "http://", "http://user:hunter2@collector"} {
			wantOne(t, problems(t, with{name: value}), name+" must be a URL")
		}
	}
}

func TestAnotherProtocolIsWarnedOf(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
	want := []string{`OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", but traces are sent as http/protobuf`}
	if !slices.Equal(c.Warnings, want) {
		t.Errorf("warnings %q", c.Warnings)
	}
	c = mustLoad(t, with{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"})
	if len(c.Warnings) != 0 {
		t.Errorf("warnings %q", c.Warnings)
	}
}

// TestCertificatesForTheCollectorAreRead: one that isn't there stops the start, without being named.
func TestCertificatesForTheCollectorAreRead(t *testing.T) {
	t.Parallel()
	const secret = "S3cret"
	for name, c := range map[string]struct{ path, want string }{
		"OTEL_EXPORTER_OTLP_CERTIFICATE":        {secret, "that can be read: no such file"},
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": {write(t, "cert", secret), "in PEM"},
		"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY":  {secret, "that can be read: no such file"},
	} {
		got := problems(t, with{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c", name: c.path})
		wantOne(t, got, name+" must name a file", c.want)
		if strings.Contains(strings.Join(got, ""), secret) {
			t.Errorf("%s: says %q", name, got)
		}
	}
}

func TestMetricsHaveAPortOfTheirOwn(t *testing.T) {
	t.Parallel()
	tls := with{"TLS_CERT_FILE": "/c", "TLS_KEY_FILE": "/k", "TLS_REDIRECT_PORT": "9000"}
	maps.Copy(tls, with{"METRICS_PORT": "9000"})
	for _, vars := range []with{{"METRICS_PORT": "8000"}, {"METRICS_PORT": "x"}, {"METRICS_PORT": "65536"}, tls} {
		wantOne(t, problems(t, vars), "METRICS_PORT must be a number")
	}
}

// TestTheSDKsEnvironment: it has what OpenTelemetry's SDK would not find by itself.
func TestTheSDKsEnvironment(t *testing.T) {
	t.Parallel()
	vars := with{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS_FILE": write(t, "headers", "authorization=Bearer%20x\n"), "OTEL_SERVICE_NAME": "from-the-environment",
	}
	dir := fstest.MapFS{".env": {Data: []byte("OTEL_SERVICE_NAME=from-dotenv\nOTEL_TRACES_SAMPLER=always_off\nOTEL_BSP_MAX_QUEUE_SIZE=\nX=y\n")}}
	c, err := load(func(name string) string { return vars[name] }, dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x",
		"OTEL_TRACES_SAMPLER": "always_off",
	}
	if got := c.Telemetry.Environment(); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
