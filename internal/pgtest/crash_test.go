package pgtest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
)

// TestAKilledServerKeepsWhatItCommitted, and comes back where it was.
func TestAKilledServerKeepsWhatItCommitted(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	do := func(sql string) (n int) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if do("select count(*) from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes') and setting = 'on'") != 3 {
		t.Error("the server does not keep what it commits")
	}
	conn, err := pgx.Connect(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "create table kept as select 42 as n"); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	_ = conn.Close(t.Context())
	server.Restart(t)
	if n := do("select n from kept"); n != 42 {
		t.Errorf("%d was kept", n)
	}
}

// TestFolder: each test has its own, and it is gone afterwards.
func TestFolder(t *testing.T) {
	t.Parallel()
	var one, other string
	t.Run("a test", func(t *testing.T) {
		one, other = pgtest.Folder(t), pgtest.Folder(t)
		if err := os.WriteFile(filepath.Join(one, "file"), nil, 0o600); err != nil || one == other {
			t.Errorf("%s, %s, %v", one, other, err)
		}
	})
	for _, folder := range []string{one, other} {
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", folder, err)
		}
	}
}
