package postgres

import (
	"fmt"

	"todod/internal/store/sqlstore"
)

// fromArrays returns a SELECT of rows whose columns are arguments, one array each: $from are the owners. It reads the
// ids alone and the other arrays by subscript, which is faster than unnesting them all side by side; but only where
// it stands in a materialized CTE.
func fromArrays[T any](c sqlstore.Columns[T], from int) string {
	return fmt.Sprintf(`select x.user_id, %s
		from unnest($%d::text[]) with ordinality as x (user_id, n), lateral (select n::int as i) y`,
		c.Each(func(i int, c *sqlstore.Column[T]) string {
			return fmt.Sprintf("($%d::%s[])[i] as %s", from+1+i, c.Type, c.Name)
		}), from)
}

// of appends to args what the columns hold of one row.
func of[T any](args []any, c sqlstore.Columns[T], row *T) []any {
	for i := range c {
		args = append(args, c[i].Value(row))
	}
	return args
}

// arrays appends to args what the columns hold of many rows.
func arrays[T any](args []any, c sqlstore.Columns[T], rows []*T) []any {
	for i := range c {
		args = append(args, c[i].Values(rows))
	}
	return args
}
