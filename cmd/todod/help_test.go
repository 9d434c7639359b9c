package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"todod/internal/config"
)

// TestServeHelpHasEveryVariable, with its default, in lines that a terminal has room for.
func TestServeHelpHasEveryVariable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"serve", "--help"}, environment{}.get, &out); err != nil {
		t.Fatal(err)
	}
	help := out.String()
	for _, d := range config.Describe() {
		if !strings.Contains(help, "\n  "+d.Name) || !strings.Contains(help, "(default: "+d.Default) {
			t.Errorf("%s is not told of, or not its default %q", d.Name, d.Default)
		}
	}
	for line := range strings.Lines(help) {
		if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > defaultWidth && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	var general bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, environment{}.get, &general); err != nil || strings.Contains(general.String(), "API_PORT") {
		t.Errorf("%v\n%s", err, &general)
	}
}
