package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"todod/internal/logtest"
)

// signedInAt returns the environment of somebody who has an account at a server that runs, and has signed in.
func signedInAt(t *testing.T) environment {
	t.Helper()
	p := start(t, isolated(t, nil))
	if code, body := call(t, "POST", p.url+"/api/auth/register", "", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`); code != http.StatusCreated {
		t.Fatalf("status %d: %s", code, body)
	}
	env := environment{"TODOD_URL": p.url, "XDG_CONFIG_HOME": t.TempDir()}
	var out bytes.Buffer
	err := logIn(t.Context(), env.get, loginFlags{Email: "ada@example.com"}, console{strings.NewReader("correct horse\n"), io.Discard}, &out)
	if err != nil || out.String() != "signed in at "+p.url+" as ada@example.com\n" {
		t.Fatalf("%v, %s", err, &out)
	}
	return env
}

func TestTasksInATerminal(t *testing.T) {
	t.Parallel()
	env := signedInAt(t)
	for _, c := range []struct {
		args string
		code int
		want string // a pattern
	}{
		{"tasks ls", 0, `^ID  DONE  PRIORITY  DUE  TITLE\n$`},
		{"tasks ls --json", 0, `^\[\]\n$`},
		{"tasks add Buy milk --due 2026-12-25 --priority high", 0, `^added 1  Buy milk\n$`},
		{"tasks add --json Call Bob", 0, `^\{"id":2,.*"title":"Call Bob".*\}\n$`},
		{"tasks ls", 0, `^ID  DONE  PRIORITY  DUE         TITLE\n 1        high      2026-12-25  Buy milk\n 2        medium                Call Bob\n$`},
		{"tasks ls --limit 1", 0, `^ID .*\n 1 .*milk\n$`},
		{"tasks ls --priority medium bob", 0, `^ID .*\n 2 .*Bob\n$`},
		{"tasks ls --due-before 2026-12-26 --json", 0, `^\[\n  \{"id":1,.*\}\n\]\n$`},
		{"tasks edit 1 --title Milk --due none --description none", 0, `^changed 1  Milk\n$`},
		{"tasks done 1 2", 0, `^done 1  Milk\ndone 2  Call Bob\n$`},
		{"tasks done 1", 0, `^done 1  Milk\n$`},
		{"tasks ls", 0, `^ID .*\n$`},
		{"tasks ls --completed", 0, `^ID .*\n(\s+\d  ✓     .*\n){2}$`},
		{"tasks edit 2 --reopen", 0, `^changed 2  Call Bob\n$`},
		{"tasks ls --all", 0, `^ID .*\n(.+\n){2}$`},
		{"tasks rm 1", 0, `^removed 1\n$`},
		{"tasks rm 1", exitNotFound, `^$`},
		{"tasks edit 1 --title x", exitNotFound, `^$`},
		{"tasks edit 2", exitUsage, `^$`},
		{"tasks edit 2 --priority urgent", exitUsage, `^$`},
		{"tasks add x --due someday", exitUsage, `^$`},
		{"tasks ls --limit 0", exitUsage, `^$`},
		{"tasks ls --priority urgent", exitUsage, `^$`},
		{"tasks done x", exitUsage, `^$`},
		{"logout", 0, `^signed out at http\S+\n$`},
		{"logout", 0, `^nobody was signed in at http\S+\n$`},
		{"tasks ls", exitNotSignedIn, `^$`},
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(c.args), env.get, &out)
		if code := codeOf(err); code != c.code || !regexp.MustCompile(c.want).Match(out.Bytes()) {
			t.Errorf("todod %s: %v, exit code %d, want %d:\n%s", c.args, err, code, c.code, &out)
		}
	}
}

// codeOf returns the exit code of a command that ended with err.
func codeOf(err error) int {
	if err == nil {
		return 0
	}
	return exitCode(err)
}

func TestWhoHasAnotherPasswordIsNotSignedIn(t *testing.T) {
	t.Parallel()
	p := start(t, isolated(t, nil))
	env := environment{"TODOD_URL": p.url, "XDG_CONFIG_HOME": t.TempDir()}
	err := logIn(t.Context(), env.get, loginFlags{Email: "ada@example.com"}, console{strings.NewReader("hunter2hunter2\n"), io.Discard}, io.Discard)
	if codeOf(err) != exitFailure || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

// TestWatch shows what is done meanwhile, and ends well when it is told to.
func TestWatch(t *testing.T) {
	t.Parallel()
	env := signedInAt(t)
	for _, flags := range []string{"", " --json"} {
		ctx, cancel := context.WithCancel(t.Context())
		out, result := &logtest.Output{}, make(chan error, 1)
		go func() { result <- run(ctx, strings.Fields("tasks watch"+flags), env.get, out) }()
		waitFor(t, "the event", func() bool { // the first ones may be before it watches
			if err := run(t.Context(), strings.Fields("tasks add Buy milk"), env.get, io.Discard); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
			return strings.Contains(out.String(), "Buy milk")
		})
		cancel()
		if err := <-result; err != nil {
			t.Error(err)
		}
		first, _, _ := strings.Cut(out.String(), "\n")
		if flags == "" && !regexp.MustCompile(`^\d\d:\d\d:\d\d created \d+  Buy milk$`).MatchString(first) || flags != "" && !json.Valid([]byte(first)) {
			t.Errorf("%q", first)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	day, instant := "2026-12-24T00:00:00.000000Z", "2026-12-25T09:30:00.000000Z"
	tasks := []taskView{
		{ID: 9, Title: "Überall\x1b[2J 漢字漢字", Priority: "high", DueDate: &day, AllDay: true},
		{ID: 10, Title: "Done", Priority: "low", DueDate: &instant, Completed: true},
		{ID: 11, Title: "Later", Priority: "low", DueDate: &instant},
	}
	now := time.Date(2026, 12, 25, 10, 0, 0, 0, time.FixedZone("", 3600))
	const want = `ID  DONE  PRIORITY  DUE               TITLE
 9        high      2026-12-24        Überall�[2J 漢字漢字
10  ✓     low       2026-12-25 10:30  Done
11        low       2026-12-25 10:30  Later
`
	if got := taskTable(tasks, now, 0, false); got != want {
		t.Errorf("got\n%s", got)
	}
	for line := range strings.Lines(taskTable(tasks, now, 54, false)) {
		if n := cells(strings.TrimSuffix(line, "\n")); n > 54 {
			t.Errorf("%d cells: %s", n, line)
		}
	}
	if got := strings.Split(taskTable(tasks, now, 54, true), "\n"); !strings.HasPrefix(got[1], red) || !strings.HasSuffix(got[1], "漢…"+noColour) ||
		!strings.HasPrefix(got[2], faint) || got[3] != "11        low       2026-12-25 10:30  Later" {
		t.Errorf("got %q", got)
	}
}
