package sqlstore

import (
	"fmt"
	"strings"
	"time"

	"todod/internal/todo"
)

// A Column is one of a table whose rows are made of Ts, beside user_id, which every table begins with. Statements and
// scans follow from the lists of them.
type Column[T any] struct {
	Name, Type string         // the type is PostgreSQL's
	Value      func(*T) any   // what it holds
	Values     func([]*T) any // what it holds of many rows, as one array
	Read       func(Row, *T)

	// Of tasks only:
	fixed bool   // set when the task is made, and never changed
	inLog string // how the log takes it, in SQL, where that differs
	gone  string // what the log keeps of it, in SQL, once the task is gone for good; "" for what it was
}

// Columns are those of one table, in the order of its rows.
type Columns[T any] []Column[T]

// A kind is how columns hold Vs: their type in PostgreSQL, and what reads them.
type kind[V any] struct {
	typ  string
	read func(Row) V
}

// The kinds there are.
var (
	bigint     = kind[int64]{"bigint", Row.Int64}
	integer    = kind[int64]{"integer", Row.Int64}
	smallint   = kind[int64]{"smallint", Row.Int64}
	boolean    = kind[bool]{"boolean", Row.Bool}
	text       = kind[string]{"text", Row.Text}
	nullBigint = kind[*int64]{"bigint", NullInt64}
	nullText   = kind[*string]{"text", NullText}
	blob       = kind[[]byte]{"bytea", Row.Bytes}
	jsonb      = kind[[]byte]{"jsonb", Row.JSON}
	moment     = kind[time.Time]{"timestamptz", Row.Time}
	nullMoment = kind[*time.Time]{"timestamptz", NullTime}

	nullWallTime = kind[*time.Time]{"timestamp", NullTime} // as if it were UTC
)

// Holding describes a column of SQL type typ that holds what get returns, and that nobody reads.
func Holding[T, V any](name, typ string, get func(*T) V) Column[T] {
	return Column[T]{
		Name: name, Type: typ,
		Value: func(row *T) any { return get(row) },
		Values: func(rows []*T) any {
			all := make([]V, len(rows))
			for i, row := range rows {
				all[i] = get(row)
			}
			return all
		},
	}
}

// as describes a column that holds what get returns and set takes.
func as[T, V any](name string, k kind[V], get func(*T) V, set func(*T, V)) Column[T] {
	c := Holding(name, k.typ, get)
	c.Read = func(r Row, row *T) { set(row, k.read(r)) }
	return c
}

// at describes a column that holds what is at one place of a T.
func at[T, V any](name string, k kind[V], place func(*T) *V) Column[T] {
	return as(name, k, func(row *T) V { return *place(row) }, func(row *T, v V) { *place(row) = v })
}

// number is at for the types of the domain that are numbers.
func number[T any, N ~int | ~int16 | ~int64](name string, k kind[int64], place func(*T) *N) Column[T] {
	return as(name, k, func(row *T) int64 { return int64(*place(row)) }, func(row *T, v int64) { *place(row) = N(v) })
}

// textOrNull is at for a text that is null where a T has "".
func textOrNull[T any](name string, place func(*T) *string) Column[T] {
	return orNull(at(name, text, place), func(row *T) string { return *place(row) })
}

// revOrNull is number for a revision that is null where a T has 0.
func revOrNull[T any](name string, place func(*T) *todo.Rev) Column[T] {
	return orNull(number(name, bigint, place), func(row *T) int64 { return int64(*place(row)) })
}

// orNull makes c, which holds what get returns, hold null for the zero V.
func orNull[T any, V comparable](c Column[T], get func(*T) V) Column[T] {
	nullable := Holding(c.Name, c.Type, func(row *T) *V {
		var zero V
		if v := get(row); v != zero {
			return &v
		}
		return nil
	})
	nullable.Read = c.Read
	return nullable
}

// Each returns what of says of each column, separated by commas.
func (c Columns[T]) Each(of func(i int, c *Column[T]) string) string {
	all := make([]string, len(c))
	for i := range c {
		all[i] = of(i, &c[i])
	}
	return strings.Join(all, ", ")
}

// Names returns the names of the columns; alias is that of their table in the statement, "" for none.
func (c Columns[T]) Names(alias string) string {
	if alias != "" {
		alias += "."
	}
	return c.Each(func(_ int, c *Column[T]) string { return alias + c.Name })
}

// Arguments returns an argument for each column.
func (c Columns[T]) Arguments(arg Argument) string {
	return c.Each(func(i int, _ *Column[T]) string { return arg(i) })
}

// Assignments sets each column to its argument.
func (c Columns[T]) Assignments(arg Argument) string {
	return c.Each(func(i int, c *Column[T]) string { return c.Name + " = " + arg(i) })
}

// AssignmentsOf sets each column to that of another table.
func (c Columns[T]) AssignmentsOf(alias string) string {
	return c.Each(func(_ int, c *Column[T]) string { return c.Name + " = " + alias + "." + c.Name })
}

// Replacements sets each column to its argument unless that is null; alias is that of their table in the statement, ""
// for none.
func (c Columns[T]) Replacements(arg Argument, alias string) string {
	if alias != "" {
		alias += "."
	}
	return c.Each(func(i int, c *Column[T]) string {
		return fmt.Sprintf("%s = coalesce(%s, %s%[1]s)", c.Name, arg(i), alias)
	})
}

// An Argument returns what stands in SQL for the argument that belongs to the ith column.
type Argument func(i int) string

// From numbers arguments: $first, $first+1 and so on.
func From(first int) Argument { return func(i int) string { return fmt.Sprintf("$%d", first+i) } }

// InTurn leaves arguments without numbers.
func InTurn(int) string { return "?" }
