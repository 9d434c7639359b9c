package config

import "strings"

// Traced reports whether traces are to be made.
func (t Telemetry) Traced() bool {
	return t.Endpoint+t.TracesEndpoint != "" && !t.SDKDisabled && t.TracesExporter != "none"
}

// Environment returns the variables of OpenTelemetry whose values may not be in the process's environment, where its SDK
// looks for them: they may come from .env or from a file.
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
	if t.Traced() && t.Protocol != "" && t.Protocol != otlpProtocol {
		l.warn("OTEL_EXPORTER_OTLP_PROTOCOL is %q, but traces are sent as %s", t.Protocol, otlpProtocol)
	}
	t.environment = map[string]string{}
	for name, value := range dotenv {
		if strings.HasPrefix(name, "OTEL_") && value != "" && getenv(name) == "" {
			t.environment[name] = value
		}
	}
	for name, value := range l.values {
		if strings.HasPrefix(name, "OTEL_") {
			t.environment[name] = value
		}
	}
}
