package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"todod/internal/pgtest"
)

// TestBackupAndRestore: beside a server, and without one.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	env := isolated(t, nil)
	token := tokenOf(t, env, "alice")
	database := strings.TrimPrefix(env["DATABASE_URL"], "sqlite:")
	file := filepath.Join(t.TempDir(), "backup.db")
	do := func(want string, wantCode int, args ...string) {
		t.Helper()
		var out bytes.Buffer
		err := run(t.Context(), args, env.get, &out)
		code := 0
		if err != nil {
			code = exitCode(err)
			out.WriteString(err.Error())
		}
		if code != wantCode || !strings.Contains(out.String(), want) {
			t.Errorf("todod %s: exit code %d, %s; want %d, %s", strings.Join(args, " "), code, &out, wantCode, want)
		}
	}
	do("no such file", exitFailure, "backup", file)
	p := start(t, env)
	call(t, "POST", p.url+"/api/v1/tasks", token, `{"title":"kept"}`)
	do("0 accounts, 1 people who have written something, 1 tasks", 0, "backup", file)
	do("--force", exitFailure, "backup", file)
	do("is backed up in "+file, 0, "backup", "--force", file)
	call(t, "POST", p.url+"/api/v1/tasks", token, `{"title":"lost"}`)
	do("in use", exitFailure, "restore", file)
	p.end(t)
	do("what was there before is in "+database+".before-restore-", 0, "restore", file)
	do("no such file", exitFailure, "restore", file+".lost")
	do("usage", exitUsage, "restore")

	p = start(t, env)
	if code, body := call(t, "GET", p.url+"/api/v1/tasks", token, ""); code != http.StatusOK || !strings.Contains(body, "kept") || strings.Contains(body, "lost") {
		t.Errorf("%d %s", code, body)
	}
}

// TestRestoreSaysWhere, so that a run in the wrong folder is seen. Not parallel: it changes the working directory.
func TestRestoreSaysWhere(t *testing.T) {
	env := isolated(t, nil)
	start(t, env).end(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	must(t, run(t.Context(), []string{"backup", file}, env.get, new(bytes.Buffer)))
	folder, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	t.Chdir(folder)
	env["DATABASE_URL"] = "sqlite:data/todod.db"
	database := filepath.Join(folder, "data", "todod.db")
	for _, before := range []string{"there was none before\n", "what was there before is in " + database + ".before-restore-"} {
		var out bytes.Buffer
		must(t, run(t.Context(), []string{"restore", file}, env.get, &out))
		if said := out.String(); !strings.HasPrefix(said, "SQLite "+database+" is restored from "+file) || !strings.Contains(said, before) {
			t.Errorf("it says %q, want %q", said, before)
		}
	}
}

// TestBackupIsForSQLite: elsewhere it says what to use.
func TestBackupIsForSQLite(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"DATABASE_URL": pgtest.Empty(t)})
	file := filepath.Join(t.TempDir(), "backup")
	for command, want := range map[string]string{"backup": "pg_dump", "restore": "todod doctor --after-restore"} {
		err := run(t.Context(), []string{command, file}, env.get, new(bytes.Buffer))
		if err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", command, err)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it made a file")
	}
}
