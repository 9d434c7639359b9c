package observe

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
)

// A received is a request that a collector got.
type received struct {
	path     string
	header   http.Header
	resource *resourcepb.Resource
	names    []string // of its spans
}

// collect returns the handler of a collector that tells what it gets.
func collect(t *testing.T, to chan<- received) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Errorf("gzip: %v", err)
				return
			}
			body = unzipped
		}
		text, _ := io.ReadAll(body)
		var sent collectorpb.ExportTraceServiceRequest
		if err := proto.Unmarshal(text, &sent); err != nil || len(sent.GetResourceSpans()) != 1 {
			t.Errorf("%v: %v", err, &sent)
			return
		}
		one := received{path: r.URL.Path, header: r.Header, resource: sent.GetResourceSpans()[0].GetResource()}
		for _, scope := range sent.GetResourceSpans()[0].GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				one.names = append(one.names, span.GetName())
			}
		}
		to <- one
	})
}

// sending returns Traces made with these variables of the environment, and what they log. What they still do when the test is
// over is waited for: it would log where the next test looks.
func sending(t *testing.T, env map[string]string) (*Traces, *bytes.Buffer) {
	t.Helper()
	t.Cleanup(func() {
		stacks := make([]byte, 1<<20)
		for until := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			n := runtime.Stack(stacks, true)
			if !bytes.Contains(stacks[:n], []byte("batchSpanProcessor")) {
				return
			}
			if time.Now().After(until) {
				t.Errorf("spans are still sent: %s", stacks[:n])
				return
			}
		}
	})
	for name, value := range env {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	traces, err := NewTraces(t.Context(), "v1", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	return traces, &log
}

// patience bounds how long a collector that answers may take: generous, as machines are shared.
const patience = 20 * time.Second

// end makes one span and closes traces, for which there is so much time.
func end(t *testing.T, traces *Traces, within time.Duration) error {
	t.Helper()
	_, span := traces.Begin(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	span.End("/here", http.StatusOK)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return traces.Close(ctx)
}

// TestOpenTelemetrysVariablesCount: with their own meaning, those for traces before those for everything.
func TestOpenTelemetrysVariablesCount(t *testing.T) {
	const all, ours = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"
	got := make(chan received, 1)
	server := httptest.NewServer(collect(t, got))
	defer server.Close()
	secure := httptest.NewTLSServer(collect(t, got))
	defer secure.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env                            map[string]string
		path, key, service, attributes string
		encoding                       string
	}{
		"for everything": {
			map[string]string{all + "ENDPOINT": server.URL + "/otlp/", all + "HEADERS": "x-key=a%20b,other=c", "OTEL_RESOURCE_ATTRIBUTES": "zone=north"},
			"/otlp/v1/traces", "a b", "todod", "zone=north", "",
		},
		"for traces": {map[string]string{
			all + "ENDPOINT": "http://127.0.0.1:1", all + "HEADERS": "x-key=no", all + "COMPRESSION": "none", "OTEL_SERVICE_NAME": "mine",
			ours + "ENDPOINT": server.URL + "/here", ours + "HEADERS": " x-key = yes ", ours + "COMPRESSION": "gzip",
		}, "/here", "yes", "mine", "", "gzip"},
		"by TLS": {map[string]string{all + "ENDPOINT": secure.URL, all + "CERTIFICATE": authority}, "/v1/traces", "", "todod", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			traces, log := sending(t, c.env)
			if err := end(t, traces, patience); err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			one := <-got
			said := map[string]string{}
			for _, a := range one.resource.GetAttributes() {
				said[a.GetKey()] = a.GetValue().GetStringValue()
			}
			zone, value, _ := strings.Cut(c.attributes, "=")
			if one.path != c.path || one.header.Get("X-Key") != c.key || one.header.Get("Content-Encoding") != c.encoding ||
				said["service.name"] != c.service || said["service.version"] != "v1" || said[zone] != value ||
				fmt.Sprint(one.names) != "[GET /here]" {
				t.Errorf("%+v %v\n%s", one, said, log)
			}
		})
	}
	t.Run("a sampler", func(t *testing.T) {
		traces, log := sending(t, map[string]string{all + "ENDPOINT": server.URL, "OTEL_TRACES_SAMPLER": "always_off"})
		if err := end(t, traces, patience); err != nil || len(got) != 0 {
			t.Errorf("%v, %d sent\n%s", err, len(got), log)
		}
	})
}

// TestNoSettingIsRepeated: neither when the collector sends it back, nor when it can't be read, nor at the level DEBUG.
func TestNoSettingIsRepeated(t *testing.T) {
	const hidden = "S3cret"
	for name, status := range map[string]int{"refused": http.StatusUnauthorized, "partly": http.StatusOK, "away for now": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := []byte("no such key: " + r.Header.Get("X-Key"))
				if status == http.StatusOK {
					w.Header().Set("Content-Type", "application/x-protobuf")
					answer, _ = proto.Marshal(&collectorpb.ExportTraceServiceResponse{
						PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: string(answer)},
					})
				}
				w.WriteHeader(status)
				_, _ = w.Write(answer)
			}))
			defer server.Close()
			traces, log := sending(t, map[string]string{
				"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": server.URL + "/" + hidden + "/v1/traces", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=" + hidden + "," + hidden + "=%" + hidden + "," + hidden,
				"OTEL_EXPORTER_OTLP_TIMEOUT": hidden, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1",
				"OTEL_BSP_EXPORT_TIMEOUT": "500", // for how long it is sent again to a collector that is away
			})
			err := end(t, traces, patience)
			if text := log.String() + fmt.Sprint(err); strings.Contains(text, hidden) || !strings.Contains(text, "traces") {
				t.Errorf("says %s", text)
			}
			if status == http.StatusUnauthorized && !strings.Contains(log.String(), "401 Unauthorized") ||
				!strings.Contains(log.String(), "some could not be sent") {
				t.Errorf("doesn't say why: %s", log)
			}
		})
	}
}

// TestACollectorThatHangsIsNotWaitedFor: neither by those who make spans, of whom the queue takes some and drops the rest, nor
// by the stop, for longer than it is told.
func TestACollectorThatHangsIsNotWaitedFor(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}))
	defer server.Close()
	defer close(gone)
	traces, log := sending(t, map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_BSP_SCHEDULE_DELAY": "1", "OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8",
	})
	begun := time.Now()
	for range 10_000 {
		_, span := traces.Begin(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		span.End("/here", http.StatusOK)
	}
	if took := time.Since(begun); took > patience/2 {
		t.Errorf("10,000 spans took %s", took)
	}
	begun = time.Now()
	if err := end(t, traces, 500*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed with %v\n%s", err, log)
	}
	if took := time.Since(begun); took > patience/2 {
		t.Errorf("the stop took %s", took)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // what comes later is no longer ours
}
