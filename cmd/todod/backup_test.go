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
	do("1 people, 1 tasks", 0, "backup", file)
	do("--force", exitFailure, "backup", file)
	do("is backed up in "+file, 0, "backup", "--force", file)
	call(t, "POST", p.url+"/api/v1/tasks", token, `{"title":"lost"}`)
	do("in use", exitFailure, "restore", file)
	p.end(t)
	do("what was there before is in ", 0, "restore", file)
	do("no such file", exitFailure, "restore", file+".lost")
	do("usage", exitUsage, "restore")

	p = start(t, env)
	if code, body := call(t, "GET", p.url+"/api/v1/tasks", token, ""); code != http.StatusOK || !strings.Contains(body, "kept") || strings.Contains(body, "lost") {
		t.Errorf("%d %s", code, body)
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
