package test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"todod/test/tododtest"
)

// elsewhere are the beginnings of command lines that start todod or bring what it runs on. Each stands in a block without
// requests: they are what every other test does before it begins, or need an engine for containers.
var elsewhere = []string{"go run ./cmd/todod", "make build", "make test", "bin/todod", "docker ", "DATABASE_URL="}

// TestTheDocumentedCommands: whoever pastes the command lines of these pages, from the first to the last, gets the answers
// that stand below them. What differs each time, as ids of people, times and tokens, may.
func TestTheDocumentedCommands(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"README.md", "docs/api.md", "docs/sync.md"} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			run := 0
			blocks := documented(t, page)
			outputs := paste(t, blocks)
			for i, b := range blocks {
				switch {
				case !b.asks():
					for line := range strings.Lines(b.commands) {
						if !slices.ContainsFunc(elsewhere, func(s string) bool { return strings.HasPrefix(line, s) }) {
							t.Errorf("nothing runs the line %s", line)
						}
					}
				case b.answer != "":
					run++
					if err := answers(b.answer, outputs[i]); err != nil {
						t.Errorf("%v\nof the commands\n%sthat answered\n%s", err, b.commands, outputs[i])
					}
				default:
					run++
					if strings.Contains(outputs[i], "error_code") || strings.Contains(outputs[i], "curl: ") {
						t.Errorf("the commands\n%sanswered\n%s", b.commands, outputs[i])
					}
				}
			}
			if run < 2 {
				t.Errorf("%d blocks of commands were run", run)
			}
		})
	}
}

// A block is command lines of a page, and the answer that stands below them, if one does.
type block struct{ commands, answer string }

// asks tells whether b sends requests.
func (b block) asks() bool { return strings.Contains(b.commands, "curl ") }

// fenced matches a block of code of a page: the first group is its language, the second what is in it.
var fenced = regexp.MustCompile("(?s)\n```([a-z]*)\n(.*?\n)```\n")

// documented returns the blocks of commands of a page.
func documented(t *testing.T, page string) (blocks []block) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(mustRead(t, page), -1) {
		switch last := len(blocks) - 1; {
		case m[1] == "sh":
			blocks = append(blocks, block{commands: m[2]})
		case last >= 0 && blocks[last].answer == "":
			blocks[last].answer = m[2]
		}
	}
	return blocks
}

// paste runs the blocks that send requests in one shell, against a new todod, and returns what each printed.
func paste(t *testing.T, blocks []block) []string {
	t.Helper()
	todod := tododtest.Start(t, t.TempDir())
	folder := t.TempDir()
	var script strings.Builder
	for i, b := range blocks {
		if b.asks() {
			fmt.Fprintf(&script, "{\n%s} >%d 2>&1\n", b.commands, i)
		}
	}
	// A stream is read until somebody ends it.
	text := strings.NewReplacer("http://localhost:8000", todod.URL, "curl -sN", "curl -sN --max-time 5").Replace(script.String())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash")
	cmd.Dir, cmd.Stdin = folder, strings.NewReader(text)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder}
	// Its exit code is that of the last command, and a stream that is cut off fails.
	if out, _ := cmd.CombinedOutput(); len(out) > 0 {
		t.Errorf("the shell says %s", out)
	}
	outputs := make([]string, len(blocks))
	for i, b := range blocks {
		if b.asks() {
			text, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(i)))
			if err != nil {
				t.Fatal(err)
			}
			outputs[i] = string(text)
		}
	}
	return outputs
}

// answers returns an error unless a documented answer, which is folded, begins as what was printed, or is the last
// document of it.
func answers(documented, printed string) error {
	var want any
	if json.Unmarshal([]byte(documented), &want) == nil {
		got, ok := lastDocument(printed)
		if !ok {
			return fmt.Errorf("the output does not end with JSON")
		}
		return differs("", want, got)
	}
	unfolded := strings.ReplaceAll(strings.TrimSpace(documented), "\n ", "")
	got := strings.Split(strings.ReplaceAll(printed, "\r", ""), "\n")
	for i, line := range strings.Split(unfolded, "\n") {
		if i >= len(got) {
			return fmt.Errorf("the line %q is missing", line)
		}
		if err := sameLine(line, got[i]); err != nil {
			return err
		}
	}
	return nil
}

// lastDocument returns the JSON with which text ends.
func lastDocument(text string) (document any, ok bool) {
	for i, c := range text {
		if (c == '{' || c == '[') && json.Unmarshal([]byte(text[i:]), &document) == nil {
			return document, true
		}
	}
	return nil, false
}

// sameLine returns an error unless two lines are the same, but for what may differ in the JSON with which they end.
func sameLine(want, got string) error {
	if retry.MatchString(want) && retry.MatchString(got) {
		return nil
	}
	wantHead, wantJSON, isJSON := strings.Cut(want, "{")
	gotHead, gotJSON, _ := strings.Cut(got, "{")
	if wantHead != gotHead {
		return fmt.Errorf("the line is %q, documented as %q", got, want)
	}
	if !isJSON {
		return nil
	}
	var wanted, was any
	if err := json.Unmarshal([]byte("{"+wantJSON), &wanted); err != nil {
		return fmt.Errorf("the documented line %s is no JSON: %w", want, err)
	}
	if err := json.Unmarshal([]byte("{"+gotJSON), &was); err != nil {
		return fmt.Errorf("the line %s is no JSON: %w", got, err)
	}
	return differs("", wanted, was)
}

// retry is the line of a stream that says how long to wait, which is drawn by lot.
var retry = regexp.MustCompile(`^retry: \d+$`)

// volatile are strings that differ each time: times, people's ids, tokens and ids of requests.
var volatile = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z|[A-Za-z0-9]{32}|req_[A-Z0-9]{26}|[\w.-]{40,}=*|.*…)$`)

// midnight is the end of a time that is a day, which was chosen.
const midnight = "T00:00:00.000000Z"

// differs returns an error unless two documents have the same members and values, but for volatile ones.
func differs(path string, want, got any) error {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is no object", path)
		}
		for name := range got {
			if _, ok := want[name]; !ok {
				return fmt.Errorf("%s.%s is not documented", path, name)
			}
		}
		for name, value := range want {
			if err := differs(path+"."+name, value, got[name]); err != nil {
				return err
			}
		}
		return nil
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return fmt.Errorf("%s is %v, documented as %v", path, got, want)
		}
		for i, value := range want {
			if err := differs(fmt.Sprintf("%s[%d]", path, i), value, got[i]); err != nil {
				return err
			}
		}
		return nil
	case string:
		got, ok := got.(string)
		if ok && volatile.MatchString(want) && !strings.HasSuffix(want, midnight) && got != "" {
			return nil
		}
		if got != want {
			return fmt.Errorf("%s is %q, documented as %q", path, got, want)
		}
		return nil
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%s is %v, documented as %v", path, got, want)
	}
	return nil
}
