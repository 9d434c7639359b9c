package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestPurgeLeavesNothing looks at every row there is, past all policies.
func TestPurgeLeavesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	tables := tablesOfPeople(t, conn)
	storetest.RunPurge(t, storetest.Of(openURL(t, url)), func() string {
		var b strings.Builder
		for _, table := range tables {
			key := "''"
			if table == "idempotency_keys" {
				key = "'key=' || key"
			}
			rows, err := conn.Query(t.Context(), "select "+key+" || (to_jsonb(x) - 'key')::text from todod."+table+" x")
			if err != nil {
				t.Fatal(err)
			}
			all, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(table + "\n" + strings.Join(all, "\n") + "\n")
		}
		return b.String()
	})
}

// TestPurgedRowsAreAlike asks the catalogue, so that a column of tomorrow is not forgotten.
func TestPurgedRowsAreAlike(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	storetest.RunPurgedRows(t, storetest.Of(openURL(t, url)), func(table string, owner todo.UserID) []storetest.Row {
		return rowsOf(t, conn, table, owner)
	})
}

// rowsOf returns the rows of a table that belong to owner, "" for all.
func rowsOf(t *testing.T, conn *pgx.Conn, table string, owner todo.UserID) (all []storetest.Row) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select (select json_object_agg(key, coalesce(value, '<null>'))
		from jsonb_each_text(to_jsonb(x))) from todod.`+table+` x`)
	if err != nil {
		t.Fatal(err)
	}
	every, err := pgx.CollectRows(rows, pgx.RowTo[storetest.Row])
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range every {
		if owner == "" || row["user_id"] == string(owner) {
			all = append(all, row)
		}
	}
	return all
}

func TestStoredJSON(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	texts := func(sql string, owner todo.UserID) []string {
		rows, err := conn.Query(t.Context(), sql, owner)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	storetest.RunStoredJSON(t, storetest.Of(openURL(t, url)), func(owner todo.UserID) (before, results []string) {
		return texts("select coalesce(before::text, '') from todod.changes where user_id = $1 order by rev", owner),
			texts("select result::text from todod.idempotency_keys where user_id = $1 order by key", owner)
	})
}

// TestPurgedObjectsLeaveNothing looks into every column of every table of people.
func TestPurgedObjectsLeaveNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	s := storetest.Of(openURL(t, url))
	storetest.RunPurgedObjects(t, s, tablesOfPeople(t, conn), func(table string, owner todo.UserID) []storetest.Row {
		return rowsOf(t, conn, table, owner)
	})
}

// TestPassedRows looks at the rows themselves, past all policies.
func TestPassedRows(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	conn := connect(t, url)
	storetest.RunPassedRows(t, storetest.Of(openURL(t, url)), func(table string, owner todo.UserID) []storetest.Row {
		return rowsOf(t, conn, table, owner)
	})
}
