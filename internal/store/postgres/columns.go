package postgres

import (
	"fmt"
	"strings"
)

// A column is one of a table whose rows are made of Ts, beside user_id, which every table begins with. Statements and scans
// follow from the lists of them.
type column[T any] struct {
	name, typ string
	value     func(*T) any   // what it holds
	values    func([]*T) any // what it holds of many rows, as one array

	// Of tasks only:
	read  func(*rowReader, *T)
	fixed bool   // set when the task is made, and never changed
	inLog string // how the log takes it, in SQL, where that differs
	gone  string // what the log keeps of it, in SQL, once the task is gone for good; "" for what it was
}

// columns are those of one table, in the order of its rows.
type columns[T any] []column[T]

// holding describes a column of SQL type typ that holds what get returns.
func holding[T, V any](name, typ string, get func(*T) V) column[T] {
	return column[T]{
		name: name, typ: typ,
		value: func(row *T) any { return get(row) },
		values: func(rows []*T) any {
			all := make([]V, len(rows))
			for i, row := range rows {
				all[i] = get(row)
			}
			return all
		},
	}
}

// each returns what of says of each column, separated by commas.
func (c columns[T]) each(of func(i int, c column[T]) string) string {
	all := make([]string, len(c))
	for i := range c {
		all[i] = of(i, c[i])
	}
	return strings.Join(all, ", ")
}

// names returns the names of the columns; alias is that of their table in the statement, "" for none.
func (c columns[T]) names(alias string) string {
	if alias != "" {
		alias += "."
	}
	return c.each(func(_ int, c column[T]) string { return alias + c.name })
}

// assignments sets each column to the argument in its place, the first of which is $from.
func (c columns[T]) assignments(from int) string {
	return c.each(func(i int, c column[T]) string { return fmt.Sprintf("%s = $%d", c.name, from+i) })
}

// assignmentsOf sets each column to that of another table.
func (c columns[T]) assignmentsOf(alias string) string {
	return c.each(func(_ int, c column[T]) string { return c.name + " = " + alias + "." + c.name })
}

// arguments returns $from, $from+1 and so on, one for each column.
func (c columns[T]) arguments(from int) string {
	return c.each(func(i int, _ column[T]) string { return fmt.Sprintf("$%d", from+i) })
}

// fromArrays returns a SELECT of rows whose columns are arguments, one array each: $from are the owners. It reads the ids
// alone and the other arrays by subscript, which is faster than unnesting them all side by side; but only where it stands
// in a materialized CTE.
func (c columns[T]) fromArrays(from int) string {
	return fmt.Sprintf("select x.user_id, %s from unnest($%d::text[]) with ordinality as x (user_id, n), lateral (select n::int as i) y",
		c.each(func(i int, c column[T]) string { return fmt.Sprintf("($%d::%s[])[i] as %s", from+1+i, c.typ, c.name) }), from)
}

// of returns what the columns hold of one row.
func (c columns[T]) of(row *T) []any {
	all := make([]any, len(c))
	for i := range c {
		all[i] = c[i].value(row)
	}
	return all
}

// arrays returns what the columns hold of many rows.
func (c columns[T]) arrays(rows []*T) []any {
	all := make([]any, len(c))
	for i := range c {
		all[i] = c[i].values(rows)
	}
	return all
}
