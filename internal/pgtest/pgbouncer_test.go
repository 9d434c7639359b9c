package pgtest_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/pgtest"
)

// client connects to a PgBouncer in the mode in which pgx prepares no statements of its own accord. The connection stays
// open beyond the test's end.
func client(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	return connect(t, url+"&default_query_exec_mode=simple_protocol")
}

// A querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// backend returns the id of the server process that q's statements reach.
func backend(t *testing.T, q querier) int {
	t.Helper()
	var pid int
	if err := q.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestPooledLeadsToTheDatabase(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t, "notes", migrate)
	// The URL is used as it is: nothing that pgx says when it connects is refused.
	if _, err := connect(t, pgtest.Pooled(t, direct, 1)).Exec(t.Context(), `INSERT INTO notes VALUES ($1)`, "pooled"); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := connect(t, direct).QueryRow(t.Context(), `SELECT text FROM notes`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if text != "pooled" {
		t.Errorf("read %q, want what was written through PgBouncer", text)
	}
}

func TestPooledClientsShareConnections(t *testing.T) {
	t.Parallel()
	url := pgtest.Pooled(t, pgtest.Empty(t), 1)
	a, b := client(t, url), client(t, url)
	if one, other := backend(t, a), backend(t, b); one != other {
		t.Errorf("two clients have the backends %d and %d, want the same", one, other)
	}
	// Nothing tidies up between clients, so that what one does to the session meets the next.
	if _, err := a.Exec(t.Context(), `SELECT set_config('pgtest.word', 'leaked', false)`); err != nil {
		t.Fatal(err)
	}
	var word string
	if err := b.QueryRow(t.Context(), `SELECT current_setting('pgtest.word', true)`).Scan(&word); err != nil {
		t.Fatal(err)
	}
	if word != "leaked" {
		t.Errorf("the other client's setting is %q, want it to be there", word)
	}
}

func TestPooledSessionEndsWithTransaction(t *testing.T) {
	t.Parallel()
	url := pgtest.Pooled(t, pgtest.Empty(t), 2)
	a, b := client(t, url), client(t, url)
	before := backend(t, a)
	if _, err := a.Exec(t.Context(), `PREPARE answer AS SELECT 42`); err != nil {
		t.Fatal(err)
	}
	tx, err := b.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if held := backend(t, tx); held != before {
		t.Fatalf("the transaction has the backend %d, want the only one so far, %d", held, before)
	}

	if after := backend(t, a); after == before {
		t.Errorf("two clients at once have the backend %d", after)
	}
	_, err = a.Exec(t.Context(), `EXECUTE answer`)
	var failure *pgconn.PgError
	if !errors.As(err, &failure) || failure.Code != "26000" {
		t.Errorf("a statement prepared on another connection: %v, want 26000", err)
	}
}

func TestPooledPassesThePassword(t *testing.T) {
	t.Parallel()
	direct, hba := pgtest.OwnServer(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	const password = `it's; # a \ "%" = secret`
	admin := connect(t, direct)
	// This statement takes no parameters.
	if _, err := admin.Exec(t.Context(), `ALTER ROLE todod PASSWORD '`+strings.ReplaceAll(password, "'", "''")+`'`); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hba, []byte("host all all 127.0.0.1/32 scram-sha-256\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), `SELECT pg_reload_conf()`); err != nil {
		t.Fatal(err)
	}
	// PostgreSQL reloads when it gets round to it.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), direct)
		if err != nil {
			break
		}
		_ = conn.Close(t.Context())
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL asks for no password")
		}
	}

	u.User = url.UserPassword("todod", password)
	backend(t, client(t, pgtest.Pooled(t, u.String(), 1)))
}

func TestFailedStartShowsTheLog(t *testing.T) {
	t.Parallel()
	message := fatal(t, func(tb testing.TB) {
		pgtest.Pooled(tb, "postgres://two%0Alines@127.0.0.1/todod", 1)
	})
	for _, want := range []string{"PgBouncer ended at once", "syntax error"} {
		if !strings.Contains(message, want) {
			t.Errorf("failed with %q, which lacks %q", message, want)
		}
	}
}
