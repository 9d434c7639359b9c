package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/storetest"
)

// migrateToOld brings a template to the schema of storetest.OldVersion.
func migrateToOld(ctx context.Context, url string) (err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "create schema todod"); err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("migrations"),
		goose.WithTableName("todod.migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, storetest.OldVersion)
	return err
}

// TestOldData: a database of the program as it was is opened by this one, and gone on with.
func TestOldData(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "old", migrateToOld)
	conn := connect(t, url)
	rows, err := conn.Query(t.Context(), `select relname::text from pg_class
		where relnamespace = 'todod'::regnamespace and relkind in ('r', 'p') and relname <> 'migrations' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	storetest.RunOldData(t, storetest.OldDatabase{
		Tables: tables,
		Insert: func(table string, row map[string]any) { insertRow(t, conn, table, row) },
		Rows:   func(table string) []storetest.Row { return rowsOf(t, conn, table, "") },
		Open: func() account.FullStore {
			exec(t, conn, "select setval('todod.task_ids', (select max(id) from todod.tasks))")
			return openURL(t, url)
		},
	})
}

// insertRow inserts a row.
func insertRow(t *testing.T, conn *pgx.Conn, table string, row map[string]any) {
	t.Helper()
	names := slices.Sorted(maps.Keys(row))
	var places []string
	var args []any
	for i, name := range names {
		places, args = append(places, fmt.Sprintf("$%d", i+1)), append(args, row[name])
	}
	exec(t, conn, fmt.Sprintf("insert into todod.%s (%s) values (%s)", table, strings.Join(names, ", "),
		strings.Join(places, ", ")), args...)
}
