package sqlite

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// TestPurgeLeavesNothing looks at every row there is.
func TestPurgeLeavesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	tables := tablesOfPeople(t, s)
	storetest.RunPurge(t, storetest.Of(s), func() string {
		var b strings.Builder
		for _, table := range tables {
			dump(t, s, table, &b)
		}
		return b.String()
	})
}

// TestPurgedRowsAreAlike asks the catalogue, so that a column of tomorrow is not forgotten.
func TestPurgedRowsAreAlike(t *testing.T) {
	t.Parallel()
	s := open(t)
	storetest.RunPurgedRows(t, storetest.Of(s), func(table string, owner todo.UserID) []storetest.Row {
		return rowsOf(t, s.reader, table, owner)
	})
}

// rowsOf returns the rows of a table that belong to owner, "" for all.
func rowsOf(t *testing.T, db *sql.DB, table string, owner todo.UserID) (all []storetest.Row) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "select * from "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := storetest.Row{}
		for i, v := range values {
			if row[columns[i]] = fmt.Sprint(v); v == nil {
				row[columns[i]] = "<null>"
			}
		}
		if owner == "" || row["user_id"] == string(owner) {
			all = append(all, row)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// dump writes all rows of a table to b, as name=value.
func dump(t *testing.T, s *Store, table string, b *strings.Builder) {
	t.Helper()
	for _, row := range rowsOf(t, s.reader, table, "") {
		for column, value := range row {
			fmt.Fprintf(b, "%s=%s ", column, value)
		}
		b.WriteByte('\n')
	}
}

func TestStoredJSON(t *testing.T) {
	t.Parallel()
	s := open(t)
	texts := func(query string, owner todo.UserID) (all []string) {
		rows, err := s.reader.QueryContext(t.Context(), query, owner)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	storetest.RunStoredJSON(t, storetest.Of(s), func(owner todo.UserID) (before, results []string) {
		return texts("select coalesce(before, '') from changes where user_id = ? order by rev", owner),
			texts("select result from idempotency_keys where user_id = ? order by key", owner)
	})
}

// TestPurgedObjectsLeaveNothing looks into every column of every table of people.
func TestPurgedObjectsLeaveNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	storetest.RunPurgedObjects(t, storetest.Of(s), tablesOfPeople(t, s), func(table string, owner todo.UserID) []storetest.Row {
		return rowsOf(t, s.reader, table, owner)
	})
}

// TestPassedRows looks at the rows themselves.
func TestPassedRows(t *testing.T) {
	t.Parallel()
	s := open(t)
	storetest.RunPassedRows(t, storetest.Of(s), func(table string, owner todo.UserID) []storetest.Row {
		return rowsOf(t, s.reader, table, owner)
	})
}
