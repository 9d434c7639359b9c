package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// sqliteTables returns what SQLite is filled with: the same as PostgreSQL. Times are microseconds.
func sqliteTables(d dataset) []table {
	series := func(name string, n int) string {
		return fmt.Sprintf("(with recursive s(n) as (values (1) union all select n + 1 from s where n < %d) "+
			"select n as %s from s)", n, name)
	}
	const tomorrow = "((unixepoch() / 86400 + 1) * 86400 + 28800) * 1000000"
	const now = "(cast(unixepoch() as integer) * 1000000)"
	made := fmt.Sprintf("(%s - (%d - j) * 60000000)", now, d.tasks)
	user := fmt.Sprintf("cast(%d + u as text)", firstUser)
	return []table{
		{name: "users", from: series("u", d.users), values: map[string]string{
			"user_id": user, "rev": fmt.Sprint(d.tasks), "task_count": fmt.Sprint(d.tasks), "changed_at": now, "created_at": now,
		}},
		// A cross join keeps its order here.
		{name: "tasks", from: series("j", d.tasks) + " cross join " + series("u", d.users), values: map[string]string{
			"user_id": user, "id": fmt.Sprintf("(j - 1) * %d + u", d.users), "version": "j",
			"title":       "'Task ' || j || ': buy milk and bread'",
			"description": "case when j % 2 = 0 then 'Not the sort we had last time: ask at the counter, keep the receipt' end",
			"search": "'task ' || j || ': buy milk and bread' || case when j % 2 = 0 then char(10) || " +
				"'not the sort we had last time: ask at the counter, keep the receipt' else '' end",
			"completed": "j % 3 = 0", "completed_at": "case when j % 3 = 0 then " + made + " end", "priority": "1 + j % 3",
			"due_date": "case when " + d.recurs() + " then " + tomorrow +
				" when j % 4 = 0 then (unixepoch() / 86400 + j) * 86400000000 end",
			"due_all_day": "j % 4 = 0 and not (" + d.recurs() + ")",
			"recurrence": "case when " + d.recurs() + " then json_object('rule', 'FREQ=DAILY', 'from', 'due', 'late', 'skip', " +
				"'month_end', 'last', 'anchor', " + tomorrow + ", 'slot', " + tomorrow + ") end",
			"created_at": made, "updated_at": made,
		}},
		{name: "changes", from: "tasks order by id", values: map[string]string{
			"user_id": "user_id", "rev": "version", "prev_rev": "0", "set_rev": "version", "op": "1", "task_id": "id",
			"title": "title", "description": "description", "completed": "completed", "completed_at": "completed_at",
			"priority": "priority", "due_date": "due_date", "due_all_day": "due_all_day", "created_at": "created_at",
			"updated_at": "updated_at", "at": "created_at",
		}},
	}
}

// fillSQLite fills a database that todod has migrated. Should the machine lose its power meanwhile, the file goes with
// it.
func fillSQLite(ctx context.Context, path string, d dataset) (err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=cache_size(-500000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, t := range sqliteTables(d) {
		columns, err := sqliteColumns(ctx, db, t.name)
		if err != nil {
			return err
		}
		insert, err := t.insert(columns)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, insert); err != nil {
			return fmt.Errorf("fill %s: %w", t.name, err)
		}
	}
	_, err = db.ExecContext(ctx, "analyze; pragma wal_checkpoint(truncate)")
	return err
}

// sqliteColumns returns the columns of a table. An integer that is the key by itself has a default.
func sqliteColumns(ctx context.Context, db *sql.DB, table string) (columns []column, err error) {
	rows, err := db.QueryContext(ctx, `select name, "notnull" and dflt_value is null from pragma_table_info(?)`, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.required); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// openSQLite makes a filled database for each todod and starts them.
func (b *bench) openSQLite(ctx context.Context, e *engine) error {
	for _, bin := range b.binaries {
		folder, err := b.subfolder(e.name + "-" + bin.database)
		if err != nil {
			return err
		}
		variables, err := b.prepareSQLite(ctx, bin, folder)
		if err != nil {
			return err
		}
		if err := b.serve(ctx, e, bin, variables); err != nil {
			return err
		}
	}
	return nil
}

// prepareSQLite makes a filled database in folder and returns the variables with which a todod works on it.
func (b *bench) prepareSQLite(ctx context.Context, bin binary, folder string) ([]string, error) {
	progress("filling SQLite for %s: %d users with %d tasks each", bin.name, bin.data.users, bin.data.tasks)
	path := filepath.Join(folder, "todod.db")
	variables := append([]string{"DATABASE_URL=sqlite:" + path}, b.environment...)
	if err := bin.migrate(ctx, folder, variables); err != nil {
		return nil, err
	}
	return variables, fillSQLite(ctx, path, bin.data)
}
