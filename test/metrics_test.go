package test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todod/internal/pgtest"
	"todod/internal/redistest"
	"todod/test/tododtest"
)

// scrape returns what a scrape of url gets.
func scrape(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v %s", resp.StatusCode, err, body)
	}
	return string(body)
}

// drive makes a todod do something of all that it counts.
func drive(t *testing.T, p *tododtest.Process, token string) {
	t.Helper()
	signedIn := []string{"Authorization", "Bearer " + token}
	ask(t, "POST", p.URL+"/api/v1/tasks", `{"title":"a-special-title"}`, signedIn...)
	ask(t, "GET", p.URL+"/api/v1/tasks/1", "", signedIn...)
	ask(t, "GET", p.URL+"/api/v1/tasks/4711", "", signedIn...)
	ask(t, "GET", p.URL+"/api/v1/tasks", "", "Authorization", "Bearer x.y.z")
	ask(t, "GET", p.URL+"/api/v1/me/export", "", signedIn...)
	ask(t, "GET", p.URL+"/a-special-path", "")
	ask(t, "BREW", p.URL+"/api/v1/tasks", "")
}

// kinds are the ways to run todod that differ in what it counts, with what they count alone.
var kinds = map[string]struct {
	env  func(*testing.T) []string
	only []string
}{
	"sqlite": {func(*testing.T) []string { return nil }, nil},
	"postgres and redis": {func(t *testing.T) []string {
		return []string{"DATABASE_URL=" + pgtest.Empty(t), "REDIS_URL=" + redistest.Start(t).URL}
	}, []string{"todod_database_pool_canceled_waits_total", "todod_event_listening", "todod_limiter_shared"}},
}

// onEveryKind runs a test with a scrape of each kind of todod that has done something of everything.
func onEveryKind(t *testing.T, test func(t *testing.T, metrics string, only []string)) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, env := t.TempDir(), append([]string{"RATE_LIMIT_ENABLED=true"}, kind.env(t)...)
			p := tododtest.Start(t, folder, env...)
			drive(t, p, token(t, folder, env, "somebody-special"))
			test(t, scrape(t, p.URL), kind.only)
		})
	}
}

// A word that begins like this is the name of a metric.
var metricName = regexp.MustCompile(`\b(?:todod|go|process)_[a-z0-9_]+`)

// names returns the different names of metrics in text, sorted.
func names(text string) []string {
	all := metricName.FindAllString(text, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

// exposed returns the names of the series in a scrape.
func exposed(metrics string) []string {
	var series []string
	for line := range strings.Lines(metrics) {
		if !strings.HasPrefix(line, "#") {
			name, _, _ := strings.Cut(line, " ")
			name, _, _ = strings.Cut(name, "{")
			series = append(series, name)
		}
	}
	slices.Sort(series)
	return slices.Compact(series)
}

// mustRead returns what a file of the repository holds.
func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// expressions returns the PromQL in the dashboard and in the alerts.
func expressions(t *testing.T) []string {
	t.Helper()
	var dashboard any
	if err := json.Unmarshal([]byte(mustRead(t, "deploy/grafana/todod.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	found := exprs(dashboard)
	if len(found) < 30 {
		t.Fatalf("%d expressions in the dashboard", len(found))
	}
	return append(found, alertExpressions(t)...)
}

// exprs returns the values of all members in v whose name is expr or definition.
func exprs(v any) (found []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if text, ok := member.(string); ok && (name == "expr" || name == "definition") {
				found = append(found, text)
			}
			found = append(found, exprs(member)...)
		}
	case []any:
		for _, member := range v {
			found = append(found, exprs(member)...)
		}
	}
	return found
}

// ruleExpr finds the expression of a rule, on one line or on several that stand in further.
var ruleExpr = regexp.MustCompile(`(?m)^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)`)

// alertExpressions returns the expressions of the alerts.
func alertExpressions(t *testing.T) (found []string) {
	t.Helper()
	rules := mustRead(t, "deploy/prometheus/alerts.yml")
	for _, m := range ruleExpr.FindAllStringSubmatch(rules, -1) {
		found = append(found, m[1]+m[2])
	}
	if n := strings.Count(rules, "- alert:"); n != len(found) || n == 0 {
		t.Fatalf("%d alerts, %d expressions", n, len(found))
	}
	return found
}

// part is what the name of a series has beyond its metric's.
var part = regexp.MustCompile(`_(bucket|sum|count)$`)

// TestMetrics: what is shown is counted, what is counted is documented, and it is of nobody.
func TestMetrics(t *testing.T) {
	for _, expr := range expressions(t) {
		if len(names(expr)) == 0 && !strings.Contains(expr, "up{") {
			t.Errorf("asks for nothing that is known: %s", expr)
		}
	}
	documented := names(tables(mustRead(t, "docs/metrics.md")))
	shown := names(strings.Join(expressions(t), "\n"))
	onEveryKind(t, func(t *testing.T, metrics string, only []string) {
		there := exposed(metrics)
		for _, name := range append(shown, documented...) {
			missing := !slices.Contains(there, name) && !slices.Contains(there, name+"_bucket")
			if expected := only == nil && slices.Contains(kinds["postgres and redis"].only, name); missing != expected {
				t.Errorf("%s: missing %v, expected to be %v", name, missing, expected)
			}
		}
		for _, name := range there {
			if strings.HasPrefix(name, "todod_") && !slices.Contains(documented, name) && !slices.Contains(documented, part.ReplaceAllString(name, "")) {
				t.Errorf("%s is not in docs/metrics.md", name)
			}
		}
		ofNobody(t, metrics)
	})
}

// tables returns the lines of Markdown that belong to tables.
func tables(markdown string) string {
	var rows []string
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(line, "|") {
			rows = append(rows, line)
		}
	}
	return strings.Join(rows, "")
}

// ofNobody wants that no label says who somebody is, what they wrote or which path they asked for, and that nothing that
// anybody can send makes new series.
func ofNobody(t *testing.T, metrics string) {
	t.Helper()
	for _, private := range []string{"special", "4711", "127.0.0.1", "BREW", "x.y.z"} {
		if strings.Contains(metrics, private) {
			t.Errorf("they contain %q", private)
		}
	}
	for _, line := range []string{
		`todod_http_requests_total{method="GET",route="/api/v1/tasks/{id}",status="404"} 1`,
		`todod_http_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`todod_http_requests_total{method="other",route="unmatched",status="405"} 1`,
		`todod_http_stream_duration_seconds_count{method="GET",route="/api/v1/me/export"} 1`,
		`todod_security_events_total{event="auth.token_refused_burst"} 0`, // a rate needs a zero to begin at
		`todod_active_users{window="5m"} 1`,
		`todod_database_up 1`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// TestABurstOfRefusedTokensIsCounted: an alert goes by this name.
func TestABurstOfRefusedTokensIsCounted(t *testing.T) {
	t.Parallel()
	p := tododtest.Start(t, t.TempDir())
	for range 40 {
		ask(t, "GET", p.URL+"/api/v1/tasks", "", "Authorization", "Bearer x.y.z")
	}
	if metrics := scrape(t, p.URL); !strings.Contains(metrics, `todod_security_events_total{event="auth.token_refused_burst"} 1`+"\n") {
		t.Error("it isn't counted")
	}
}

// TestProductionHasMetricsOnAPortOfTheirOwnOnly: what the internet reaches doesn't show them.
func TestProductionHasMetricsOnAPortOfTheirOwnOnly(t *testing.T) {
	t.Parallel()
	production := []string{
		"APP_ENV=production", "DATABASE_URL=sqlite:todod.db", "AUTH_PROVIDER=local", "BETTER_AUTH_SECRET=" + strings.Repeat("0123456789", 4),
		"ALLOWED_ORIGINS=https://app.example.com",
	}
	port := freePort(t)
	p := tododtest.Start(t, t.TempDir(), append(production, "METRICS_PORT="+port)...)
	own := "http://127.0.0.1:" + port
	if got := ask(t, "GET", p.URL+"/metrics", "").StatusCode; got != http.StatusNotFound {
		t.Errorf("the API's port answers %d", got)
	}
	if !strings.Contains(scrape(t, own), "todod_build_info") {
		t.Error("the port for metrics has none")
	}
	answer := ask(t, "GET", own+"/metrics", "")
	if answer.Header.Get("X-Content-Type-Options") != "nosniff" || answer.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("headers %v", answer.Header)
	}
	for _, path := range []string{"/", "/api/v1/tasks", "/health", "/debug/pprof/"} {
		if got := ask(t, "GET", own+path, "").StatusCode; got != http.StatusNotFound {
			t.Errorf("%s on the port for metrics: %d", path, got)
		}
	}

	without := tododtest.Start(t, t.TempDir(), production...)
	if got := ask(t, "GET", without.URL+"/metrics", "").StatusCode; got != http.StatusNotFound {
		t.Errorf("without a port of their own: %d", got)
	}
	if !strings.Contains(without.Out.String(), "METRICS_PORT is not set") {
		t.Error("the log doesn't say that there are none")
	}
}

// TestDevelopmentHasMetricsAtHand: at the API's port, as often as one likes.
func TestDevelopmentHasMetricsAtHand(t *testing.T) {
	t.Parallel()
	p := tododtest.Start(t, t.TempDir(), "RATE_LIMIT_ENABLED=true", "RATE_LIMIT_ANONYMOUS=2/h")
	for range 5 {
		if answer := ask(t, "GET", p.URL+"/metrics", ""); answer.StatusCode != http.StatusOK || answer.Header.Get("RateLimit") != "" {
			t.Fatalf("%d %v", answer.StatusCode, answer.Header)
		}
	}
	if got := ask(t, "POST", p.URL+"/metrics", ""); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.StatusCode)
	}
}
