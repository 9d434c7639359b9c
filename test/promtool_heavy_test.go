//go:build heavy

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// promtool runs promtool with these arguments and input, and fails the test if it finds fault.
func promtool(t *testing.T, input string, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		if program, err = filepath.Abs("../bin/promtool"); err == nil {
			_, err = os.Stat(program)
		}
	}
	if err != nil {
		t.Fatalf("there is no promtool: run scripts/ensure-promtool.sh, or make test (%v)", err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestTheAlertsFireWhenTheyShould: and not otherwise. The cases are in alerts_test.yml.
func TestTheAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "rules", "../deploy/prometheus/alerts.yml")
	promtool(t, "", "test", "rules", "../deploy/prometheus/alerts_test.yml")
	promtool(t, "", "check", "config", "../deploy/prometheus/prometheus.yml")
}

// TestEveryAlertHasItsCases: one that is never expected to fire may be dead.
func TestEveryAlertHasItsCases(t *testing.T) {
	t.Parallel()
	rules, cases := mustRead(t, "deploy/prometheus/alerts.yml"), mustRead(t, "deploy/prometheus/alerts_test.yml")
	for line := range strings.Lines(rules) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- alert: "); ok && !strings.Contains(cases, `alertname="`+name+`"`) {
			t.Errorf("%s has none", name)
		}
	}
}

// variables are what Grafana puts in the place of its own.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$job", "todod", "$instance", ".*")

// TestTheDashboardsExpressionsParse: promtool reads them as rules.
func TestTheDashboardsExpressionsParse(t *testing.T) {
	t.Parallel()
	rules := "groups:\n- name: dashboard\n  rules:\n"
	for i, expr := range expressions(t) {
		if strings.HasPrefix(expr, "label_values(") {
			continue // Grafana's own
		}
		quoted, err := json.Marshal(variables.Replace(expr)) // which YAML reads, too
		if err != nil {
			t.Fatal(err)
		}
		rules += fmt.Sprintf("  - {record: 'r%d', expr: %s}\n", i, quoted)
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "check", "rules", file)
}

// TestMetricsAreAsPrometheusWantsThem: names, types and texts.
func TestMetricsAreAsPrometheusWantsThem(t *testing.T) {
	onEveryKind(t, func(t *testing.T, metrics string, _ []string) { promtool(t, metrics, "check", "metrics") })
}
