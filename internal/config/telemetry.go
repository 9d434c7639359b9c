package config

import (
	"cmp"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Traced reports whether traces are to be made.
func (t Telemetry) Traced() bool {
	return t.Endpoint+t.TracesEndpoint != "" && !t.SDKDisabled && t.TracesExporter != "none"
}

// Environment returns, if traces are to be made, the variables of OpenTelemetry whose values may not be in the
// process's environment, where its SDK looks for them: they may come from .env or from a file.
func (t Telemetry) Environment() map[string]string { return t.environment }

// otlpProtocols are those in which traces are sent. With any other name they go out in the first.
var otlpProtocols = []string{"http/protobuf", "http/json"}

// resolveTelemetry checks the variables of OpenTelemetry that todod itself goes by, and collects all that the SDK may not
// find by itself.
func (l *loader) resolveTelemetry(getenv func(string) string, dotenv map[string]string) {
	t := &l.config.Telemetry
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": t.Endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": t.TracesEndpoint,
	} {
		if u, err := parseURL(value); value != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https") {
			l.reject(name)
		}
	}
	l.checkMetricsPort()
	if !t.Traced() {
		return
	}
	value := func(name string) string { return cmp.Or(l.values[name], getenv(name), dotenv[name]) }
	l.checkHeaders(value)
	l.checkExporterFiles(value)
	for name, protocol := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL":        t.Protocol,
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": value("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
	} {
		if protocol != "" && !slices.Contains(otlpProtocols, protocol) {
			l.warn("%s is %q, but traces are sent as %s", name, protocol, otlpProtocols[0])
		}
	}
	ofSDK := func(name, value string) bool { return strings.HasPrefix(name, "OTEL_") && value != "" }
	t.environment = map[string]string{}
	for name, value := range dotenv {
		if ofSDK(name, value) && getenv(name) == "" {
			t.environment[name] = value
		}
	}
	for name, value := range l.values { // which has what NAME_FILE names, too
		if ofSDK(name, value) {
			t.environment[name] = value
		}
	}
}

// checkHeaders rejects headers that can't be read. The SDK would repeat them, and there are secrets among them.
func (l *loader) checkHeaders(valueOf func(string) string) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(valueOf(name), ",") {
			key, value, ok := strings.Cut(pair, "=")
			if strings.TrimSpace(pair) != "" && (!ok || !headerName.MatchString(strings.TrimSpace(key)) || !escaped(value)) {
				l.fault(name, "%s must be name=value, comma-separated, with %% , and spaces in a value as %%25 %%2C %%20", name)
			}
		}
	}
}

// checkExporterFiles rejects certificates and keys for the collector that can't be read. The SDK would go on without them,
// and repeat what was set.
func (l *loader) checkExporterFiles(valueOf func(string) string) {
	for _, prefix := range []string{"OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"} {
		for _, file := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
			name := prefix + file
			path := strings.TrimSpace(valueOf(name))
			if path == "" {
				continue
			}
			text, err := os.ReadFile(path) //nolint:gosec // reading the file that the operator names is the purpose
			if failed, ok := errors.AsType[*fs.PathError](err); ok {
				l.fault(name, "%s must name a file that can be read: %w", name, failed.Err)
			} else if block, _ := pem.Decode(text); block == nil {
				l.fault(name, "%s must name a file in PEM", name)
			}
		}
	}
}

// headerName matches the name of a header (RFC 9110, section 5.1).
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// checkMetricsPort rejects a port for metrics that is another one's.
func (l *loader) checkMetricsPort() {
	c := &l.config
	if c.MetricsPort != 0 && (c.MetricsPort == c.Port || c.MetricsPort == c.TLS.RedirectPort) {
		l.reject("METRICS_PORT")
	}
}
