package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A dialect is what SQLite and PostgreSQL write differently. All values are read as text and given as text.
type dialect struct {
	settings []string // run at the beginning of each step
	columns  string   // lists the table $1: its full name, then each column's name and type
	typed    bool     // parameters have to be brought to their column's type
}

// inSQLite and inPostgres are the two dialects there are.
var (
	inSQLite = dialect{
		columns: `select '"' || ?1 || '"', name, type from pragma_table_info(?1)`,
	}
	inPostgres = dialect{
		// So that times are written one way, whatever login and database are set to.
		settings: []string{"set local datestyle to iso", "set local timezone to 'UTC'"},
		columns: `select attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
			where attrelid = to_regclass(quote_ident($1::text)) and attnum > 0 and not attisdropped`,
		typed: true,
	}
)

// param returns the n-th parameter, counted from 1, to be compared with a column of this type. SQLite brings it to the
// column's type by itself; a type from PostgreSQL's catalogue is fit to be written into a statement.
func (d dialect) param(n int, columnType string) string {
	if d.typed {
		return "$" + strconv.Itoa(n) + "::text::" + columnType
	}
	return "?" + strconv.Itoa(n)
}

// A table is one of the old database's, as its catalogue tells.
type table struct {
	name    string // quoted, with its schema where it needs one
	columns map[string]string
}

// table looks a table up. One that isn't there has no columns.
func (old *Database) table(ctx context.Context, name string) (t table, err error) {
	t.columns = make(map[string]string)
	err = old.step(ctx, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, old.sql.columns, name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var column, columnType string
			if err := rows.Scan(&t.name, &column, &columnType); err != nil {
				return err
			}
			t.columns[column] = columnType
		}
		return rows.Err()
	})
	return t, err
}

// has reports whether the table has a column of this name.
func (t table) has(column string) bool {
	_, there := t.columns[column]
	return there
}

// require returns an error that names all of these columns that the table lacks.
func (t table) require(columns ...string) error {
	var errs []error
	for _, column := range columns {
		if !t.has(column) {
			errs = append(errs, fmt.Errorf("the table %s has no column %s", t.name, column))
		}
	}
	return errors.Join(errs...)
}

// except returns the columns that are not among these, as name.column.
func (t table) except(name string, columns []string) (others []string) {
	for column := range t.columns {
		if !slices.Contains(columns, column) {
			others = append(others, name+"."+column)
		}
	}
	return others
}

// text returns the expression that reads a column of the table called alias as text, or null if the table has none.
func (t table) text(alias, column string) string {
	if !t.has(column) {
		return "null"
	}
	return "cast(" + alias + "." + column + " as text)"
}

// hashColumn returns the column of users that holds the hash of the password, "" if there is none.
func (t table) hashColumn() string {
	for _, column := range []string{"password_hash", "hashed_password"} {
		if t.has(column) {
			return column
		}
	}
	return ""
}

// id returns the value of a column that holds ids as the old backend spoke of it. SQLAlchemy keeps a UUID as 32 digits
// where the database has no type for it, and writes it with dashes everywhere else: in tokens, for instance.
func (t table) id(column, value string) string {
	const digits = "0123456789abcdef"
	if !strings.EqualFold(t.columns[column], "CHAR(32)") || len(value) != 32 || strings.Trim(value, digits) != "" {
		return value
	}
	return strings.Join([]string{value[:8], value[8:12], value[12:16], value[16:20], value[20:]}, "-")
}
