package config

import (
	"cmp"
	"regexp"
	"strings"
)

// Traced reports whether traces are to be made.
func (t Telemetry) Traced() bool {
	return t.Endpoint+t.TracesEndpoint != "" && !t.SDKDisabled && t.TracesExporter != "none"
}

// Environment returns, if traces are to be made, the variables of OpenTelemetry whose values may not be in the
// process's environment, where its SDK looks for them: they may come from .env or from a file.
func (t Telemetry) Environment() map[string]string { return t.environment }

// otlpProtocol is the one protocol in which traces are sent.
const otlpProtocol = "http/protobuf"

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
	l.checkHeaders(getenv, dotenv)
	if t.Protocol != otlpProtocol {
		l.warn("OTEL_EXPORTER_OTLP_PROTOCOL is %q, but traces are sent as %s", t.Protocol, otlpProtocol)
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
func (l *loader) checkHeaders(getenv func(string) string, dotenv map[string]string) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(cmp.Or(l.values[name], getenv(name), dotenv[name]), ",") {
			key, value, ok := strings.Cut(pair, "=")
			if strings.TrimSpace(pair) != "" && (!ok || !headerName.MatchString(strings.TrimSpace(key)) || !escaped(value)) {
				l.fault(name, "%s must be name=value, comma-separated, with %% , and spaces in a value as %%25 %%2C %%20", name)
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
