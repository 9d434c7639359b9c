package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryVariableIsDescribed, and names nothing that isn't there.
func TestEveryVariableIsDescribed(t *testing.T) {
	t.Parallel()
	for _, d := range Describe() {
		if d.Doc == "" || strings.HasSuffix(d.Doc, ".") || strings.ContainsAny(d.Doc, "|`") {
			t.Errorf("%s means %q", d.Name, d.Doc)
		}
		if d.Default != "" && d.Unset != "" {
			t.Errorf("%s has a default and another in words", d.Name)
		}
		for _, target := range link.FindAllStringSubmatch(d.Doc, -1) {
			page, _, _ := strings.Cut(target[2], "#")
			if _, err := os.Stat(filepath.Join("..", "..", "docs", page)); err != nil {
				t.Errorf("%s: %v", d.Name, err)
			}
		}
	}
}

func TestTextsOfDescriptions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"'a' and Better Auth's 'b', OpenTelemetry's": {"a and Better Auth's b, OpenTelemetry's", "`a` and Better Auth's `b`, OpenTelemetry's"},
		"'Key's of [some](page.md#here)":             {"Keys of some", "`Key`s of [some](page.md#here)"},
		"'/' '%2F', ('x', 'y')":                      {"/ %2F, (x, y)", "`/` `%2F`, (`x`, `y`)"},
	} {
		if got := [2]string{Plain(text), Markdown(text)}; got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestPutTable(t *testing.T) {
	t.Parallel()
	const page = "# Title\n\n<!-- generated: begin -->\noutdated\n<!-- generated: end -->\n\nend\n"
	got, err := PutTable(page)
	if err != nil || !strings.HasPrefix(got, "# Title\n\n<!-- generated: begin -->\n| variable |") || !strings.HasSuffix(got, "|\n<!-- generated: end -->\n\nend\n") {
		t.Errorf("got %s, %v", got, err)
	}
	if !strings.Contains(got, "| `API_PORT` | `8000` | the port; 0 takes any free one |\n") || strings.Contains(got, "outdated") {
		t.Errorf("got %s", got)
	}
	if again, err := PutTable(got); err != nil || again != got {
		t.Errorf("a second time: %s, %v", again, err)
	}
	if _, err := PutTable("nothing"); err == nil {
		t.Error("a page without marks is as good as any")
	}
}
