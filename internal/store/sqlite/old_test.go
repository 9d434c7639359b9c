package sqlite

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"todod/internal/account"
	"todod/internal/store/storetest"
)

// TestOldData: a file of the program as it was is opened by this one, and gone on with.
func TestOldData(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	db := migratedTo(t, path, storetest.OldVersion)
	storetest.RunOldData(t, storetest.OldDatabase{
		Tables: tablesOf(t, db),
		Insert: func(table string, row map[string]any) { insertRow(t, db, table, row) },
		Rows:   func(table string) []storetest.Row { return rowsOf(t, db, table, "") },
		Open: func() account.FullStore {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
	})
}

// migratedTo returns a connection to a new file at path on which only the migrations up to this one have run.
func migratedTo(t *testing.T, path string, version int64) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"),
		goose.WithTableName("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	return db
}

// tablesOf returns the names of all tables but those of SQLite and of the migrations.
func tablesOf(t *testing.T, db *sql.DB) (tables []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `select name from sqlite_schema
		where type = 'table' and name not like 'sqlite\_%' escape '\' and name <> 'migrations' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return tables
}

// insertRow inserts a row as this engine keeps it: a time in microseconds since 1970.
func insertRow(t *testing.T, db *sql.DB, table string, row map[string]any) {
	t.Helper()
	names := slices.Sorted(maps.Keys(row))
	args := make([]any, len(names))
	for i, name := range names {
		args[i] = row[name]
		if at, ok := args[i].(time.Time); ok {
			args[i] = at.UnixMicro()
		}
	}
	insert := fmt.Sprintf("insert into %s (%s) values (?%s)", table, strings.Join(names, ", "),
		strings.Repeat(", ?", len(names)-1))
	if _, err := db.ExecContext(t.Context(), insert, args...); err != nil {
		t.Fatalf("%s: %v", insert, err)
	}
}
