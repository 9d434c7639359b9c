package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// migrations counts the calls of migrate.
var migrations atomic.Int32

// migrate makes a table and leaves a connection open for a while, as a careless migration might.
func migrate(ctx context.Context, url string) error {
	migrations.Add(1)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE TABLE notes (text text)`)
	return err
}

// connect opens a connection that stays open beyond the test's end.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestDatabasesAreApart(t *testing.T) {
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			conn := connect(t, pgtest.Database(t, "notes", migrate))
			var before int
			if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM notes`).Scan(&before); err != nil {
				t.Fatal(err)
			}
			if before != 0 {
				t.Errorf("a fresh database has %d notes, want 0", before)
			}
			if _, err := conn.Exec(t.Context(), `INSERT INTO notes VALUES ('mine')`); err != nil {
				t.Fatal(err)
			}
			if n := migrations.Load(); n != 1 {
				t.Errorf("migrated %d times, want once", n)
			}
		})
	}
}

func TestTemplatesAreApart(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t, "other", func(context.Context, string) error { return nil }))
	if _, err := conn.Exec(t.Context(), `SELECT * FROM notes`); err == nil {
		t.Error("a template has another's table")
	}
}

func TestEmptyIsUTF8AndDropped(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("lend", func(t *testing.T) {
		url = pgtest.Empty(t)
		var encoding string
		var tables int
		err := connect(t, url).QueryRow(t.Context(),
			`SELECT current_setting('server_encoding'), (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')`).
			Scan(&encoding, &tables)
		if err != nil {
			t.Fatal(err)
		}
		if encoding != "UTF8" || tables != 0 {
			t.Errorf("encoding %s, %d tables; want UTF8 and none", encoding, tables)
		}
	})
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database outlives its test")
	}
}

// A fatalTB is a test whose failure is awaited.
type fatalTB struct {
	testing.TB
	message string
}

// Fatalf keeps the message and ends the goroutine, as the real one does.
func (f *fatalTB) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(f)
}

// fatal returns the message with which f ends its test, or "".
func fatal(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	tb := &fatalTB{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(tb) {
				panic(r)
			}
		}()
		f(tb)
	}()
	return tb.message
}

func TestFailedMigrationIsReportedEachTime(t *testing.T) {
	t.Parallel()
	for range 2 {
		message := fatal(t, func(tb testing.TB) {
			pgtest.Database(tb, "broken", func(context.Context, string) error { return errors.New("no such column") })
		})
		if !strings.Contains(message, `migrate template "broken": no such column`) {
			t.Errorf("failed with %q", message)
		}
	}
}

// TestHelperProcess is no test: others run it, in a process of its own, to see how a test binary fares.
func TestHelperProcess(t *testing.T) {
	switch os.Getenv("PGTEST_HELPER") {
	case "block":
		url := pgtest.Empty(t)
		fmt.Println(url, pgtest.Pooled(t, url, 1))
		select {}
	case "guest":
		fmt.Println(pgtest.Database(t, "notes", migrate))
	case "no packages":
		pgtest.ForgetPackages()
		pgtest.Empty(t)
	case "no pgbouncer":
		pgtest.ForgetPackages()
		pgtest.Pooled(t, "postgres://todod@127.0.0.1/todod", 1)
	}
}

// helper returns a command that runs TestHelperProcess as role says; no server is given.
func helper(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperProcess$")
	cmd.Env = append(os.Environ(), "PGTEST_HELPER="+role, "TODOD_TEST_DATABASE_URL=")
	return cmd
}

func TestGivenServerIsUsedAndLeftClean(t *testing.T) {
	t.Parallel()
	given := pgtest.Empty(t)
	cmd := helper(t, "guest")
	cmd.Env = append(cmd.Env, "PATH=/nowhere", "TODOD_TEST_DATABASE_URL="+given)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	prefix := regexp.MustCompile(`todod_test_[0-9a-f]+`).FindString(string(output))
	if prefix == "" {
		t.Fatalf("no URL in the output:\n%s", output)
	}
	var left int
	err = connect(t, given).QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE datname LIKE $1`, prefix+"%").Scan(&left)
	if err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("%d databases are left on the server", left)
	}
}

func TestMachineWithoutBinariesSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for role, wants := range map[string][]string{
		"no packages":  {"no PostgreSQL on this machine", "make test", "TODOD_TEST_DATABASE_URL"},
		"no pgbouncer": {"no PgBouncer on this machine", "make test", "install the package pgbouncer"},
	} {
		cmd := helper(t, role)
		cmd.Env = append(cmd.Env, "PATH=/nowhere")
		output, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s: the test passed", role)
		}
		for _, want := range wants {
			if !strings.Contains(string(output), want) {
				t.Errorf("%s: output lacks %q:\n%s", role, want, output)
			}
		}
	}
}

func TestNewestServerWins(t *testing.T) {
	t.Parallel()
	got := pgtest.NewestFirst("/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/15/bin", "/opt/homebrew/opt/postgresql/bin", "/usr/pgsql-17/bin")
	want := []string{"/usr/pgsql-17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9.6/bin", "/opt/homebrew/opt/postgresql/bin"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
