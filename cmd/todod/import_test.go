package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todod/internal/legacy"
	"todod/internal/pgtest"
)

// oldTables are the old backend's, with two users and their tasks. PostgreSQL and SQLite both take it.
const oldTables = `
	create table "user" (id varchar not null primary key, email varchar not null, name varchar, hashed_password varchar not null,
		created_at timestamp not null);
	create table task (id integer not null primary key, user_id varchar not null, title varchar not null,
		completed boolean not null, priority varchar not null, due_date timestamp, created_at timestamp not null,
		updated_at timestamp not null);
	insert into "user" values
		('alice', 'Alice@example.com', 'Alice', '$2b$04$zVHmKQtGGQob.b/Nc7l9NO8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy', '2026-01-15 10:00:00'),
		('bob', 'bob@example.com', 'Bob', '$2b$04$zVHmKQtGGQob.b/Nc7l9NO8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy', '2026-01-15 10:00:00');
	insert into task values
		(1, 'alice', 'Buy milk 🥛', false, 'HIGH', '2026-02-01 00:00:00', '2026-01-15 10:00:00.123456', '2026-01-15 10:00:00.123456'),
		(2, 'alice', ' ', false, 'LOW', null, '2026-01-15 10:00:00', '2026-01-15 10:00:00'),
		(3, 'bob', 'Pay rent', true, 'MEDIUM', null, '2026-01-15 10:00:00', '2026-01-16 10:00:00')`

// oldDatabase returns the URL of an old database with oldTables, opened by this driver at this place.
func oldDatabase(t *testing.T, driver, at string) string {
	t.Helper()
	db, err := sql.Open(driver, at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for statement := range strings.SplitSeq(oldTables, ";\n") {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if driver == "sqlite" {
		return "sqlite+aiosqlite:///" + at
	}
	return "postgresql+asyncpg" + strings.TrimPrefix(at, "postgres")
}

// importing runs the command and returns what it says and the report.
func importing(t *testing.T, env environment, args ...string) (said, report string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.jsonl")
	var out bytes.Buffer
	err = run(t.Context(), append([]string{"import", "--report", file}, args...), env.get, &out)
	data, readErr := os.ReadFile(file)
	if readErr != nil && err == nil {
		t.Error(readErr)
	}
	return out.String(), string(data), err
}

func TestAnImportedTaskIsServed(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	for name, c := range map[string]struct{ from, into string }{
		"sqlite": {
			oldDatabase(t, "sqlite", filepath.Join(t.TempDir(), "old.db")), "sqlite:" + filepath.Join(t.TempDir(), "todod.db"),
		},
		"postgres, the same database": {oldDatabase(t, "pgx", url), url},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := isolated(t, environment{"DATABASE_URL": c.into})
			said, report, err := importing(t, env, "--from", c.from)
			if err != nil || !strings.Contains(said, "tasks:    2 imported (0 of them altered), 0 were there before, 1 refused") ||
				!strings.Contains(said, "1 due dates at midnight were taken for days") ||
				strings.Count(report, "\n") != 2 || !strings.Contains(report, `"title must not be empty"`) {
				t.Fatalf("%v\n%s\n%s", err, said, report)
			}
			said, _, err = importing(t, env, "--from", c.from)
			if err != nil || !strings.Contains(said, "tasks:    0 imported (0 of them altered), 2 were there before") ||
				!strings.Contains(said, "accounts: 0 imported (0 of them altered), 2 were there before") {
				t.Errorf("the second time: %v\n%s", err, said)
			}
			p := start(t, env)
			code, body := call(t, "GET", p.url+"/api/v1/tasks", tokenOf(t, env, "alice"), "")
			for _, want := range []string{
				`"title":"Buy milk 🥛"`, `"user_id":"alice"`, `"priority":"high"`, `"due_date":"2026-02-01T00:00:00.000000Z"`,
				`"due_all_day":true`, `"created_at":"2026-01-15T10:00:00.123456Z"`, `"version":1`,
			} {
				if code != http.StatusOK || !strings.Contains(body, want) {
					t.Errorf("status %d, no %s: %s", code, want, body)
				}
			}
		})
	}
}

// TestADryRunLeavesNoTrace: not even of the database that isn't there yet.
func TestADryRunLeavesNoTrace(t *testing.T) {
	t.Parallel()
	folder, empty := t.TempDir(), pgtest.Empty(t)
	from := oldDatabase(t, "sqlite", filepath.Join(t.TempDir(), "old.db"))
	for _, into := range []string{"sqlite:" + filepath.Join(folder, "data", "todod.db"), empty} {
		env := isolated(t, environment{"DATABASE_URL": into})
		said, report, err := importing(t, env, "--from", from, "--dry-run")
		if err != nil || !strings.Contains(said, "2 would be imported") || !strings.Contains(said, "migrations have not run") ||
			strings.Count(report, "\n") != 2 {
			t.Errorf("%v\n%s\n%s", err, said, report)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "data")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
	db, err := sql.Open("pgx", empty)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var schema *string
	if err := db.QueryRowContext(t.Context(), "select to_regnamespace('todod')::text").Scan(&schema); err != nil || schema != nil {
		t.Errorf("the schema: %v, %v", schema, err)
	}

	env := isolated(t, environment{"DATABASE_URL": empty})
	if _, _, err := importing(t, env, "--from", from); err != nil {
		t.Fatal(err)
	}
	said, _, err := importing(t, env, "--from", from, "--dry-run")
	if err != nil || !strings.Contains(said, "0 would be imported (0 of them altered), 2 were there before, 1 refused") {
		t.Errorf("afterwards: %v\n%s", err, said)
	}
}

func TestImportsWithBetterAuthTakeTasksAlone(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{"BETTER_AUTH_URL": "https://auth.example.com"})
	from := oldDatabase(t, "sqlite", filepath.Join(t.TempDir(), "old.db"))
	if _, _, err := importing(t, env, "--from", from, "--accounts"); !errors.Is(err, errUsage) {
		t.Errorf("with accounts: %v", err)
	}
	said, _, err := importing(t, env, "--from", from)
	if err != nil || strings.Contains(said, "accounts:") || !strings.Contains(said, "2 imported") {
		t.Errorf("%v\n%s", err, said)
	}
	local := isolated(t, nil)
	if said, _, err := importing(t, local, "--from", from, "--accounts=false"); err != nil || strings.Contains(said, "accounts:") {
		t.Errorf("local, --accounts=false: %v\n%s", err, said)
	}
}

func TestImportsThatCanNotBegin(t *testing.T) {
	t.Parallel()
	env := isolated(t, nil)
	from := oldDatabase(t, "sqlite", filepath.Join(t.TempDir(), "old.db"))
	there := filepath.Join(t.TempDir(), "there.jsonl")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no database":            {nil, exitUsage, "--from"},
		"another kind":           {[]string{"--from", "mysql://u:s3cret@h/d"}, exitUsage, "--from must be sqlite:path"},
		"no source":              {[]string{"--from", from, "--source", ""}, exitUsage, "--source"},
		"a file that isn't here": {[]string{"--from", "sqlite:nowhere.db"}, exitFailure, "SQLite nowhere.db"},
		"a server that is away":  {[]string{"--from", "postgres://u:s3cret@127.0.0.1:1/d"}, exitFailure, "PostgreSQL u@127.0.0.1:1/d"},
		"a report that is there": {[]string{"--from", from, "--report", there}, exitFailure, there},
	} {
		_, _, err := importing(t, env, c.args...)
		if err == nil || exitCode(err) != c.code || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if data, err := os.ReadFile(there); err != nil || string(data) != "mine" {
		t.Errorf("the report that was there: %q, %v", data, err)
	}
}

// TestProgress: a line now and then, or one that is written over and is gone at the end.
func TestProgress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		terminal bool
		want     string
	}{
		{false, "importing: 1 of 2 accounts, 3 of 6 tasks\n"},
		{true, "\rimporting: 1 of 2 accounts, 1 of 6 tasks\x1b[K\rimporting: 1 of 2 accounts, 3 of 6 tasks\x1b[K\r\x1b[K"},
	} {
		var out bytes.Buffer
		now := time.Unix(0, 0)
		tell := newProgress(&out, c.terminal, func() time.Time { return now })
		for i, after := range []time.Duration{time.Second, time.Millisecond, 5 * time.Second, time.Millisecond} {
			now = now.Add(after)
			accounts := legacy.Count{Total: 2, Imported: 1}
			if i == 3 {
				accounts.Known = 1
			}
			tell(legacy.Summary{Accounts: accounts, Tasks: legacy.Count{Total: 6, Known: []int{1, 2, 3, 6}[i]}})
		}
		if out.String() != c.want {
			t.Errorf("terminal %v: %q, want %q", c.terminal, out.String(), c.want)
		}
	}
}
