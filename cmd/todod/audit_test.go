package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"todod/internal/logtest"
)

// auditEnv returns an environment with an audit file, and its path.
func auditEnv(t *testing.T) (env environment, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.log")
	return isolated(t, environment{"AUDIT_LOG_FILE": path}), path
}

// verifyWith runs `todod audit verify` with these arguments and returns what it prints and its exit code.
func verifyWith(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), append([]string{"audit", "verify"}, args...), environment{"APP_ENV": "no such"}.get, &out); err != nil {
		return out.String() + err.Error(), exitCode(err)
	}
	return out.String(), 0
}

// audited returns the events in an audit file, each with its user and operator.
func audited(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for text := range bytes.Lines(data) {
		var l struct {
			Event  string
			Fields struct{ User_id, Operator string }
		}
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		events = append(events, strings.TrimSpace(l.Event+" "+l.Fields.User_id+" "+l.Fields.Operator))
	}
	return events
}

// TestTheAuditFileHasWhatPeopleAndOperatorsDo, in one chain.
func TestTheAuditFileHasWhatPeopleAndOperatorsDo(t *testing.T) {
	t.Parallel()
	env, path := auditEnv(t)
	p := start(t, env)
	id := strings.TrimSpace(mustUser(t, env, "correct horse", "create", "--email", "ada@example.com", "--name", "Ada"))
	mustUser(t, env, "", "list")
	mustUser(t, env, "battery staple", "set-password", "ada@example.com")
	token := tokenOf(t, env, id)
	if code, body := call(t, "GET", p.url+"/api/v1/tasks/7", token, ""); code != http.StatusNotFound {
		t.Fatalf("%d %s", code, body)
	}
	waitFor(t, "the event", func() bool { return len(audited(t, path)) == 6 })
	byAddress := tokenOf(t, env, "eve@example.com") // some who make tokens take the address for the subject
	if code, body := call(t, "GET", p.url+"/api/v1/tasks/7", byAddress, ""); code != http.StatusNotFound {
		t.Fatalf("%d %s", code, body)
	}
	waitFor(t, "the event", func() bool { return len(audited(t, path)) == 8 })
	mustUser(t, env, "", "delete", id, "--yes")
	p.end(t)
	by := operatorName()
	const eve = "e-mail:d0574c4966d2c326193622feebc64991" // the digest that the log has
	want := []string{
		"audit.opened", "server.started", "user.created " + id + " " + by, "user.password_set " + id + " " + by,
		"user.token_minted " + id + " " + by, "task.not_found " + id,
		"user.token_minted " + eve + " " + by, "task.not_found " + eve, "user.erased " + id + " " + by, "server.stopped",
	}
	if got := audited(t, path); !slices.Equal(got, want) || by == "" {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if out, code := verifyWith(t, path); code != 0 || !strings.HasPrefix(out, "good lines: 10, faults: 0; seq 1 to 10, 20") {
		t.Errorf("exit %d: %s", code, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"ada@", "eve@", "correct horse", "battery staple", token} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the audit file has %q", secret)
		}
	}
}

// TestVerify as an operator does: the exit code and the lines.
func TestVerify(t *testing.T) {
	t.Parallel()
	env, path := auditEnv(t)
	for i := range 15 {
		tokenOf(t, env, fmt.Sprint("user", i))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	hash := func(line int) string {
		text := string(lines[line-1])
		return text[len(text)-67 : len(text)-3]
	}
	write := func(parts ...[]byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "copy")
		if err := os.WriteFile(path, bytes.Join(parts, nil), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	edited := bytes.Replace(lines[3], []byte("user2"), []byte("user9"), 1)
	swapped := slices.Clone(lines)
	for i := 1; i+1 < 15; i += 2 {
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"untouched":         {[]string{path}, 0, []string{"good lines: 16, faults: 0; seq 1 to 16", "last hash " + hash(16)}},
		"with its hash":     {[]string{path, "--expect", hash(9)}, 0, []string{"good lines: 16"}},
		"a changed line":    {[]string{write(slices.Concat(lines[:3], [][]byte{edited}, lines[4:])...)}, 1, []string{":4: changed: ", "good lines: 15, faults: 1"}},
		"a missing line":    {[]string{write(slices.Concat(lines[:3], lines[4:])...)}, 1, []string{":4: missing: 1 lines before it, seq 4 to 4"}},
		"a torn line":       {[]string{write(data[:len(data)-9])}, 1, []string{":16: torn: "}},
		"many":              {[]string{write(swapped...)}, 1, []string{":2: missing: ", ":3: reordered: ", "and 5 more", "not as it was written"}},
		"cut off":           {[]string{write(lines[:8]...), "--expect", hash(9)}, 1, []string{"good lines: 8, faults: 0", "NO line has the hash"}},
		"in two files":      {[]string{write(lines[:8]...), write(lines[8:]...)}, 1, []string{":1: missing: the file does not begin with audit.opened"}},
		"none":              {[]string{path + ".none"}, 1, []string{"no such file"}},
		"a bad hash":        {[]string{path, "--expect", "x"}, 2, []string{"--expect: a hash has 64 hex digits"}},
		"without arguments": {nil, 2, []string{"<file>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, code := verifyWith(t, c.args...)
			if code != c.code {
				t.Errorf("exit %d, want %d: %s", code, c.code, out)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in: %s", want, out)
				}
			}
		})
	}
}

// TestWithoutItsAuditFileNothingIsDone: whoever asked for one means it.
func TestWithoutItsAuditFileNothingIsDone(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"AUDIT_LOG_FILE": filepath.Join(t.TempDir(), "none", "audit.log")})
	for _, args := range [][]string{nil, {"token", "--user", "ada"}} {
		var out logtest.Output
		if err := run(t.Context(), args, env.get, &out); err == nil || exitCode(err) != exitFailure || !strings.Contains(err.Error(), "AUDIT_LOG_FILE") {
			t.Errorf("%v: %v\n%s", args, err, out.String())
		}
	}
	if out, err := user(t, env, "correct horse", "create", "--email", "ada@example.com", "--name", "Ada"); err == nil {
		t.Errorf("made %s", out)
	}
	database, backup := strings.TrimPrefix(env["DATABASE_URL"], "sqlite:"), filepath.Join(t.TempDir(), "backup.db")
	before, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(backup+".old", before, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"backup", backup}, {"restore", backup + ".old"}, {"doctor", "--after-restore"}} {
		var out bytes.Buffer
		if err := run(t.Context(), args, env.get, &out); err == nil || !strings.Contains(out.String()+err.Error(), "AUDIT_LOG_FILE") {
			t.Errorf("%v: %v\n%s", args, err, &out)
		}
	}
	if after, err := os.ReadFile(database); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the database is another one: %v", err)
	}
	if _, err := os.Stat(backup); err == nil {
		t.Error("there is a backup")
	}
	delete(env, "AUDIT_LOG_FILE")
	if out := mustUser(t, env, "", "list"); out != "" {
		t.Errorf("there is %s", out)
	}
}

// TestTheAuditFileHasWhatIsDoneToEverybodysData, where it was done and by whom, and nothing of what failed.
func TestTheAuditFileHasWhatIsDoneToEverybodysData(t *testing.T) {
	t.Parallel()
	env, path := auditEnv(t)
	mustUser(t, env, "correct horse", "create", "--email", "ada@example.com", "--name", "Ada")
	p := start(t, env)
	call(t, "POST", p.url+"/api/v1/tasks", tokenOf(t, env, "ada"), `{"title":"secret"}`)
	p.end(t)
	before := len(audited(t, path))
	backup := filepath.Join(t.TempDir(), "backup.db")
	for _, c := range []struct {
		want int
		args string
	}{
		{exitFailure, "restore " + backup}, {0, "backup " + backup}, {exitFailure, "backup " + backup},
		{0, "restore " + backup}, {0, "doctor"}, {0, "doctor --after-restore"},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), strings.Fields(c.args), env.get, &out); (err != nil) != (c.want != 0) {
			t.Fatalf("%s: %v\n%s", c.args, err, &out)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSpace(string(data)), "\n")[before:]
	by := fmt.Sprintf(`"operator":%q}`, operatorName())
	wants := []string{
		fmt.Sprintf(`"level":"INFO","event":"database.backed_up","fields":{"file":%q,"tasks":1,"people":1,`, backup) + by,
		fmt.Sprintf(`"level":"WARNING","event":"database.restored","fields":{"file":%q,"tasks":1,"migrations":0,"people":1,`, backup) + by,
		`"level":"WARNING","event":"database.leapt","fields":{"people":1,` + by,
	}
	if len(lines) != len(wants) {
		t.Fatalf("%d lines: %s", len(lines), lines)
	}
	for i, want := range wants {
		if !strings.Contains(lines[i], want) {
			t.Errorf("got  %s\nwant %s", lines[i], want)
		}
	}
	if out, code := verifyWith(t, path); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
}
