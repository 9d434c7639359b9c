package test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"todod/test/tododtest"
)

// A collector is an OTLP receiver over HTTP.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	raw   []byte // all that was received
	spans []*tracepb.Span
	paths []string
}

// startCollector receives spans until the test ends.
func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collectorpb.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil {
			t.Errorf("OTLP: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw, c.paths = append(c.raw, body...), append(c.paths, r.URL.Path)
		for _, resource := range sent.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				c.spans = append(c.spans, scope.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

// trace returns the spans of a trace, by their names.
func (c *collector) trace(id string) map[string]*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	named := map[string]*tracepb.Span{}
	for _, s := range c.spans {
		if hex.EncodeToString(s.GetTraceId()) == id {
			named[s.GetName()] = s
		}
	}
	return named
}

// attribute returns the text of an attribute of s, "" if it has none.
func attribute(s *tracepb.Span, key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// ask sends a request with these headers, pairs of name and value.
func ask(t *testing.T, method, url, body string, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp
}

// Parts of a traceparent.
const (
	traceID  = "0af7651916cd43dd8448eb211c80319c"
	parentID = "b7ad6b7169203331"
)

// TestATraceTellsWhatHappenedAndOfNobody: a request and its statements are spans of the trace that the client has begun, and
// nothing that is sent says who somebody is or what they wrote.
func TestATraceTellsWhatHappenedAndOfNobody(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		c := startCollector(t)
		env = append(env, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "TRUSTED_PROXIES=127.0.0.1")
		p := tododtest.Start(t, folder, env...)
		mine := []string{
			"Authorization", "Bearer " + token(t, folder, env, "somebody-special"), "traceparent", "00-" + traceID + "-" + parentID + "-01",
			"tracestate", "vendor=a-secret-state", "baggage", "who=a-secret-baggage", "User-Agent", "a-special-agent",
			"X-Forwarded-For", "203.0.113.77", "X-Request-ID", "a-special-request",
		}
		if got := ask(t, "POST", p.URL+"/api/v1/tasks", `{"title":"a-special-title"}`, mine...).StatusCode; got != http.StatusCreated {
			t.Fatalf("status %d\n%s", got, p.Out)
		}
		ask(t, "GET", p.URL+"/api/v1/tasks/1", "", mine...)
		ask(t, "GET", p.URL+"/api/v1/tasks?q=a-special-word", "", mine...)
		ask(t, "GET", p.URL+"/a-special-path", "", mine...)
		ask(t, "GET", p.URL+"/health", "", mine...)
		if code := p.Signal(t, syscall.SIGTERM); code != 0 { // which sends what is left
			t.Errorf("exit code %d", code)
		}

		spans := c.trace(traceID)
		create := spans["POST /api/v1/tasks"]
		if create == nil || hex.EncodeToString(create.GetParentSpanId()) != parentID || create.GetKind() != tracepb.Span_SPAN_KIND_SERVER {
			t.Fatalf("no span of the request under the client's, only %v", spans)
		}
		for _, name := range []string{"GET /api/v1/tasks/{id}", "GET /api/v1/tasks", "GET unmatched"} {
			if spans[name] == nil {
				t.Errorf("no span %s", name)
			}
		}
		if spans["GET /health"] != nil {
			t.Error("health is traced")
		}
		if !slices.Contains(c.paths, "/v1/traces") {
			t.Errorf("sent to %v", c.paths)
		}
		statements := 0
		for _, s := range c.spans {
			if sql := attribute(s, "db.query.text"); strings.Contains(sql, "tasks") && hex.EncodeToString(s.GetTraceId()) == traceID {
				statements++
			}
			if len(s.GetEvents())+len(s.GetLinks()) > 0 || s.GetStatus().GetMessage() != "" || s.GetTraceState() != "" {
				t.Errorf("says more than it should: %v", s)
			}
		}
		if statements < 2 {
			t.Errorf("%d statements about tasks", statements)
		}
		for _, private := range []string{
			"special", "secret", "203.0.113", "127.0.0.1", "localhost", "tasks/1", "Bearer", "eyJ", "todo_app", "postgres@",
		} {
			if bytes.Contains(c.raw, []byte(private)) {
				t.Errorf("what was sent contains %q", private)
			}
		}
		if want := `"correlation_id":"` + traceID + `"`; !strings.Contains(p.Out.String(), want) {
			t.Error("the log doesn't name the trace")
		}
	})
}

// TestATraceGoesOnInServicesThatAreCalled: Better Auth and the key server get the traceparent.
func TestATraceGoesOnInServicesThatAreCalled(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	var mu sync.Mutex
	parents := map[string]string{}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		parents[r.URL.Path] = r.Header.Get("traceparent")
		_, _ = io.WriteString(w, `{"keys":[]}`)
	}))
	t.Cleanup(service.Close)
	folder := t.TempDir()
	// In .env, where OpenTelemetry itself wouldn't look for it.
	dotenv := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + c.URL + "/here\nOTEL_BSP_SCHEDULE_DELAY=50\n"
	if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(dotenv), 0o600); err != nil {
		t.Fatal(err)
	}
	p := tododtest.Start(t, folder, "BETTER_AUTH_URL="+service.URL)
	begin := []string{"traceparent", "00-" + traceID + "-" + parentID + "-01"}
	const unknownKey = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA"
	ask(t, "GET", p.URL+"/api/v1/tasks", "", append(begin, "Authorization", "Bearer "+unknownKey)...)
	ask(t, "POST", p.URL+"/api/auth/login", `{"email":"ada@example.com","password":"correct horse"}`, begin...)

	deadline := time.Now().Add(20 * time.Second)
	for c.trace(traceID)["HTTP POST"] == nil || c.trace(traceID)["HTTP GET"] == nil {
		if time.Now().After(deadline) {
			t.Fatalf("the calls are no spans: %v", c.trace(traceID))
		}
		time.Sleep(20 * time.Millisecond)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, path := range []string{"/api/auth/jwks", "/api/auth/sign-in/email"} {
		if !strings.HasPrefix(parents[path], "00-"+traceID+"-") || strings.Contains(parents[path], parentID) {
			t.Errorf("%s: traceparent %q", path, parents[path])
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.paths, "/here") {
		t.Errorf("sent to %v", c.paths)
	}
}

// TestACollectorThatIsAwayDisturbsNobody: requests are answered, the log has a line about it and not one for each, and the
// stop doesn't wait for long.
func TestACollectorThatIsAwayDisturbsNobody(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_EXPORTER_OTLP_TIMEOUT=50"}
	p := tododtest.Start(t, folder, env...)
	ada := "Bearer " + token(t, folder, env, "ada")
	const line = "traces: some could not be sent"
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(p.Out.String(), line); time.Sleep(10 * time.Millisecond) {
		if resp := ask(t, "GET", p.URL+"/api/v1/tasks", "", "Authorization", ada); resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d", resp.StatusCode)
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing in the log:\n%s", p.Out)
		}
	}
	for range 30 {
		ask(t, "GET", p.URL+"/api/v1/tasks", "", "Authorization", ada)
		time.Sleep(10 * time.Millisecond)
	}
	if n := strings.Count(p.Out.String(), line); n != 1 {
		t.Errorf("%d lines of it", n)
	}
	if code := p.Signal(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.Out)
	}
}

// TestTheKeyOfACollectorIsNotLogged: not even where the collector sends it back and everything is logged.
func TestTheKeyOfACollectorIsNotLogged(t *testing.T) {
	t.Parallel()
	const key = "a-key-of-the-collector"
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no such key: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	}))
	t.Cleanup(service.Close)
	p := tododtest.Start(t, t.TempDir(), "LOG_LEVEL=DEBUG", "OTEL_EXPORTER_OTLP_ENDPOINT="+service.URL, "OTEL_BSP_SCHEDULE_DELAY=10",
		"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20"+key)
	ask(t, "GET", p.URL+"/api/v1/tasks", "")
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(p.Out.String(), "401 Unauthorized"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing in the log:\n%s", p.Out)
		}
	}
	if code := p.Signal(t, syscall.SIGTERM); code != 0 || strings.Contains(p.Out.String(), key) {
		t.Errorf("exit code %d:\n%s", code, p.Out)
	}
}
