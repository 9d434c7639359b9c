package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// completed returns what bash completes a line of todod to.
func completed(t *testing.T, script string, line ...string) string {
	t.Helper()
	words := "'todod'"
	for _, word := range line {
		words += " '" + word + "'"
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script+"\nCOMP_WORDS=("+words+") COMP_CWORD=$((${#COMP_WORDS[@]}-1))\n_todod; echo ${COMPREPLY[*]}")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestBashCompletes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"completion", "bash"}, environment{}.get, &out); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line []string
		want string
	}{
		{[]string{"mig"}, "migrate"},
		{[]string{"user", ""}, "list create set-password delete --help --env-file --version"},
		{[]string{"user", "de"}, "delete"},
		{[]string{"user", "delete", "ada@example.com", "--y"}, "--yes"},
		{[]string{"--env-file", "x", "doctor", "--j"}, "--json"},
		{[]string{"completion", "f"}, "fish"},
		{[]string{"help", "health"}, "healthcheck"},
		{[]string{"backup", "some"}, ""},
	} {
		if got := completed(t, out.String(), c.line...); got != c.want {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

// TestCompletionForEachShell: every command and flag is in it.
func TestCompletionForEachShell(t *testing.T) {
	t.Parallel()
	for shell, wants := range map[string][]string{
		"bash": {"'todod user create') candidates='--help --env-file --version --email --name'", "complete -o default -F _todod todod"},
		"zsh":  {"#compdef todod\n", "'todod user create') candidates='--help --env-file --version --email --name'"},
		"fish": {`complete -c todod -n 'test (__todod_place) = "todod user create"' -l email -d 'The person\'s e-mail address.'`},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{"completion", shell}, environment{}.get, &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "-a  ") || strings.Contains(out.String(), "  --") {
			t.Errorf("%s: there is a word of nothing in\n%s", shell, &out)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", shell, want, &out)
			}
		}
	}
	if err := run(t.Context(), []string{"completion", "csh"}, environment{}.get, &bytes.Buffer{}); exitCode(err) != exitUsage {
		t.Errorf("csh: %v", err)
	}
}
