package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// postgresTables returns what todod's schema is filled with: the users, their tasks, and the log that tells of each
// task's making.
func postgresTables(d dataset) []table {
	users := fmt.Sprintf("generate_series(1, %d) as u", d.users)
	tasks := fmt.Sprintf("generate_series(1, %d) as j, %s, "+
		"lateral (select now() - (%d - j) * interval '1 minute' as made, "+
		"(extract(epoch from date_trunc('day', now(), 'UTC') + interval '32 hours') * 1000000)::bigint as tomorrow) as m order by j, u", d.tasks, users, d.tasks)
	user := fmt.Sprintf("(%d + u)::text", firstUser)
	return []table{
		{name: "todod.users", from: users, values: map[string]string{
			"user_id": user, "rev": fmt.Sprint(d.tasks), "task_count": fmt.Sprint(d.tasks), "changed_at": "now()",
			"created_at": "now() - interval '1 year'",
		}},
		{name: "todod.tasks", from: tasks, values: map[string]string{
			"user_id": user, "id": fmt.Sprintf("(j - 1)::bigint * %d + u", d.users), "version": "j",
			"title":       "'Task ' || j || ': buy milk and bread'",
			"description": "case when j % 2 = 0 then 'Not the sort we had last time: ask at the counter, keep the receipt' end",
			"search": "'task ' || j || ': buy milk and bread' || " +
				"case when j % 2 = 0 then E'\\nnot the sort we had last time: ask at the counter, keep the receipt' else '' end",
			"completed": "j % 3 = 0", "completed_at": "case when j % 3 = 0 then made end", "priority": "1 + j % 3",
			"due_date": "case when " + d.recurs() + " then date_trunc('day', now(), 'UTC') + interval '32 hours' " +
				"when j % 4 = 0 then date_trunc('day', now(), 'UTC') + j * interval '24 hours' end",
			"due_all_day": "j % 4 = 0 and not (" + d.recurs() + ")",
			"recurrence": "case when " + d.recurs() + " then jsonb_build_object('rule', 'FREQ=DAILY', 'from', 'due', 'late', 'skip', " +
				"'month_end', 'last', 'anchor', tomorrow, 'slot', tomorrow) end",
			"created_at": "made", "updated_at": "made",
		}},
		{name: "todod.changes", from: "todod.tasks order by id", values: map[string]string{
			"user_id": "user_id", "rev": "version", "prev_rev": "0", "set_rev": "version", "op": "1", "task_id": "id",
			"title": "title", "description": "description", "completed": "completed", "completed_at": "completed_at",
			"priority": "priority", "due_date": "due_date", "due_all_day": "due_all_day", "created_at": "created_at",
			"updated_at": "updated_at", "at": "created_at",
		}},
	}
}

// fill fills a database that todod has migrated.
func (c *cluster) fill(ctx context.Context, database string, d dataset) error {
	if err := c.fillTables(ctx, database, postgresTables(d)); err != nil {
		return err
	}
	return c.execute(ctx, database,
		"select setval(pg_get_serial_sequence('todod.tasks', 'id'), max(id)) from todod.tasks")
}

// fillTables fills tables that are there and empty.
func (c *cluster) fillTables(ctx context.Context, database string, tables []table) error {
	conn, err := c.connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, t := range tables {
		columns, err := postgresColumns(ctx, conn, t.name)
		if err != nil {
			return err
		}
		sql, err := t.insert(columns)
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("fill %s: %w", t.name, err)
		}
	}
	return nil
}

// copyForLimit makes bench.tasks beside todod.tasks: the same rows, indexes and room in its pages, but nobody's
// security. It returns the columns that pgbench shall read.
func (c *cluster) copyForLimit(ctx context.Context, database string) ([]string, error) {
	conn, err := c.connect(ctx, database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	columns, err := postgresColumns(ctx, conn, "todod.tasks")
	if err != nil {
		return nil, err
	}
	var storage string
	err = conn.QueryRow(ctx, `select coalesce('with (' || array_to_string(reloptions, ', ') || ')', '')
		from pg_class where oid = 'todod.tasks'::regclass`).Scan(&storage)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{
		"create schema bench",
		"create table bench.tasks (like todod.tasks including all) " + storage,
		"insert into bench.tasks select * from todod.tasks order by id",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%w, in: %s", err, sql)
		}
	}
	return shown(columns), nil
}

// settle leaves nothing to be done in the background for what was filled.
func (c *cluster) settle(ctx context.Context, database string) error {
	return c.execute(ctx, database, "vacuum (analyze)", "checkpoint")
}

// postgresColumns returns the columns of a table.
func postgresColumns(ctx context.Context, conn *pgx.Conn, table string) ([]column, error) {
	rows, err := conn.Query(ctx, `
		select attname, attnotnull and not atthasdef and attidentity = '' from pg_attribute
		where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`, table)
	if err != nil {
		return nil, err
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c column, err error) {
		err = row.Scan(&c.name, &c.required)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("columns of %s: %w", table, err)
	}
	return columns, nil
}
