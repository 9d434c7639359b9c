package sqlite

import "strings"

// A column is one of a table whose rows are made of Ts, beside user_id, which every table begins with. Statements and
// scans follow from the lists of them.
type column[T any] struct {
	name  string
	value func(*T) any // what it holds, as the driver takes it

	// Of tasks only:
	read  func(*rowReader, *T)
	fixed bool   // set when the task is made, and never changed
	inLog string // how the log takes its argument, in SQL, where that differs
	gone  string // what the log keeps of it, in SQL, once the task is gone for good; "" for what it was
}

// columns are those of one table, in the order of its rows.
type columns[T any] []column[T]

// holding describes a column that holds what get returns, which must be nil, int64, string or []byte.
func holding[T any](name string, get func(*T) any) column[T] {
	return column[T]{name: name, value: get}
}

// each returns what of says of each column, separated by commas.
func (c columns[T]) each(of func(c column[T]) string) string {
	all := make([]string, len(c))
	for i := range c {
		all[i] = of(c[i])
	}
	return strings.Join(all, ", ")
}

// names returns the names of the columns; alias is that of their table in the statement, "" for none.
func (c columns[T]) names(alias string) string {
	if alias != "" {
		alias += "."
	}
	return c.each(func(c column[T]) string { return alias + c.name })
}

// assignments sets each column to the argument in its place.
func (c columns[T]) assignments() string {
	return c.each(func(c column[T]) string { return c.name + " = ?" })
}

// assignmentsOf sets each column to that of another table.
func (c columns[T]) assignmentsOf(alias string) string {
	return c.each(func(c column[T]) string { return c.name + " = " + alias + "." + c.name })
}

// arguments returns an argument for each column. They have no numbers: the driver looks those up by their names.
func (c columns[T]) arguments() string {
	return c.each(func(column[T]) string { return "?" })
}

// of returns before and behind it what the columns hold of one row.
func (c columns[T]) of(row *T, before ...any) []any {
	all := make([]any, len(before), len(before)+len(c)+2) // there may be a key behind it
	copy(all, before)
	for i := range c {
		all = append(all, c[i].value(row))
	}
	return all
}
