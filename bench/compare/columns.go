package main

import (
	"fmt"
	"slices"
	"strings"
)

// taskColumns are the columns of a task that an answer shows. pgbench reads those of them that there are.
var taskColumns = []string{
	"id", "version", "title", "description", "completed", "priority", "due_date", "due_all_day", "completed_at",
	"created_at", "updated_at",
}

// A column is one of a table as the database describes it.
type column struct {
	name     string
	required bool // not null, and without a default
}

// A table is filled by one statement. values has an expression for each column that this program knows of; the schema
// may have others as long as they may be left out.
type table struct {
	name   string
	values map[string]string
	from   string
}

// insert returns the statement that fills t, which has these columns.
func (t table) insert(columns []column) (string, error) {
	var names, values []string
	for _, c := range columns {
		value, known := t.values[c.name]
		switch {
		case known:
			names, values = append(names, c.name), append(values, value)
		case c.required:
			return "", fmt.Errorf("table %s has a column %s that must be filled: bench/compare has to learn it", t.name, c.name)
		}
	}
	return fmt.Sprintf("insert into %s (%s) select %s from %s",
		t.name, strings.Join(names, ", "), strings.Join(values, ", "), t.from), nil
}

// shown returns those of taskColumns that are among columns.
func shown(columns []column) []string {
	return slices.DeleteFunc(slices.Clone(taskColumns), func(name string) bool {
		return !slices.ContainsFunc(columns, func(c column) bool { return c.name == name })
	})
}
