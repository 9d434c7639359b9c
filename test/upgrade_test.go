package test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"todod/test/tododtest"
)

// nextMigration is what the next version might add, by engine: a column in what there is, and a table.
var nextMigration = map[string]string{
	"sqlite": "-- +goose Up\nalter table tasks add column next text default 'new';\ncreate table next (id integer primary key);\n",
	"postgres": "-- +goose Up\nalter table todod.tasks add column next text default 'new';\n" +
		"create table todod.next (id bigint primary key);\n",
}

// nextVersion builds todod with one migration more, as the version after this one might be, and returns the program's path.
func nextVersion(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	replaced := map[string]string{}
	for engine, text := range nextMigration {
		file := filepath.Join(folder, engine+".sql")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at, err := filepath.Abs(filepath.Join("..", "internal", "store", engine, "migrations", "99999_next.sql"))
		if err != nil {
			t.Fatal(err)
		}
		replaced[at] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	files := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(files, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "todod")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", files, "-o", program, "todod/cmd/todod").CombinedOutput(); err != nil {
		t.Fatalf("build the next version: %v\n%s", err, out)
	}
	return program
}

// takeOneBack takes the last migration of the database back, as only a test does, and what it has made away with it.
func takeOneBack(t *testing.T, folder string, env []string) {
	t.Helper()
	driver, url, engine, table, dialect := "sqlite", filepath.Join(folder, "data", "todod.db"), "sqlite", "migrations", goose.DialectSQLite3
	if len(env) > 0 {
		driver, url, engine, table, dialect = "pgx", strings.TrimPrefix(env[0], "DATABASE_URL="), "postgres", "todod.migrations", goose.DialectPostgres
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(dialect, db, os.DirFS(filepath.Join("..", "internal", "store", engine, "migrations")),
		goose.WithTableName(table), goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = provider.Down(context.WithoutCancel(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// titles returns the titles of a person's tasks, the newest first, in the list that url names.
func titles(t *testing.T, url, bearer string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", bearer)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var tasks []struct{ Title string }
	if err := json.NewDecoder(resp.Body).Decode(&tasks); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", url, resp.StatusCode, err)
	}
	all := make([]string, len(tasks))
	for i, task := range tasks {
		all[i] = task.Title
	}
	return strings.Join(all, " ")
}

// add makes a task.
func add(t *testing.T, p *tododtest.Process, bearer, title string) {
	t.Helper()
	if resp := ask(t, "POST", p.URL+"/api/v1/tasks", `{"title":"`+title+`"}`, "Authorization", bearer); resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s: status %d\n%s", title, resp.StatusCode, p.Out)
	}
}

// TestUpgradingAndGoingBack: what docs/upgrade.md says. A database of the schema before is migrated ahead of the start, with
// what is in it. The next version, which brings a migration, serves beside this one, whose process is the one that was there
// before; and this one takes over again, with all that was written meanwhile.
func TestUpgradingAndGoingBack(t *testing.T) {
	next := nextVersion(t)
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		beside := len(env) > 0 // a file is for one process
		env = append(env, "BETTER_AUTH_SECRET="+strings.Repeat("s", 32))
		bearer := "Bearer " + token(t, folder, env, "ada")
		want := func(p *tododtest.Process, list, wanted string) {
			t.Helper()
			if got := titles(t, p.URL+"/api/v1/"+list, bearer); got != wanted {
				t.Errorf("%s: %q, wanted %q", list, got, wanted)
			}
		}
		end := func(p *tododtest.Process) {
			t.Helper()
			if code := p.Signal(t, syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d:\n%s", code, p.Out)
			}
		}

		p := tododtest.Start(t, folder, env...)
		for _, title := range []string{"kept", "thrown-away"} {
			add(t, p, bearer, title)
		}
		if resp := ask(t, "DELETE", p.URL+"/api/v1/tasks/2", "", "Authorization", bearer); resp.StatusCode != http.StatusNoContent {
			t.Fatalf("status %d", resp.StatusCode)
		}
		end(p)

		takeOneBack(t, folder, env[:len(env)-1])
		for _, wanted := range []string{": 1 migrations run, schema is current", ": 0 migrations run, schema is current"} {
			if out, code := command(t, folder, env, "migrate"); code != 0 || !strings.Contains(out, wanted) {
				t.Fatalf("exit code %d, wanted %q:\n%s", code, wanted, out)
			}
		}

		p = tododtest.Start(t, folder, env...)
		want(p, "tasks", "kept")
		want(p, "trash", "thrown-away")
		add(t, p, bearer, "of-this")
		if !beside {
			end(p)
		}

		later := tododtest.StartProgram(t, next, folder, env...)
		add(t, later, bearer, "of-the-next")
		if beside {
			want(p, "tasks", "of-the-next of-this kept")
			add(t, p, bearer, "beside")
			want(later, "tasks", "beside of-the-next of-this kept")
			if resp := ask(t, "GET", p.URL+"/health/readiness", ""); resp.StatusCode != http.StatusOK {
				t.Errorf("this version is not ready beside the next: %d", resp.StatusCode)
			}
			end(p)
		} else {
			add(t, later, bearer, "beside")
		}
		end(later)

		if out, code := command(t, folder, env, "migrate"); code != 0 || !strings.Contains(out, ": 0 migrations run") {
			t.Errorf("exit code %d:\n%s", code, out)
		}
		p = tododtest.Start(t, folder, env...)
		want(p, "tasks", "beside of-the-next of-this kept")
		want(p, "trash", "thrown-away")
		if resp := ask(t, "POST", p.URL+"/api/v1/trash/2/restore", "", "Authorization", bearer); resp.StatusCode != http.StatusOK {
			t.Errorf("status %d", resp.StatusCode)
		}
		add(t, p, bearer, "back")
		want(p, "tasks", "back beside of-the-next of-this thrown-away kept")
		if out, code := command(t, folder, env, "doctor"); code != 0 || !strings.Contains(out, "this one doesn't know 1 of the migrations") {
			t.Errorf("exit code %d:\n%s", code, out)
		}
	})
}
