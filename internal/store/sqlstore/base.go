package sqlstore

import (
	"context"
	"errors"
	"iter"
	"strings"

	"todod/internal/account"
	"todod/internal/todo"
)

// SQL is a statement as each engine reads it.
type SQL struct{ Postgres, SQLite string }

// both returns a statement that is written as PostgreSQL reads it, with what SQLite spells in another way spelt so.
func both(sql string) SQL { return SQL{Postgres: sql, SQLite: inSQLite.Replace(sql)} }

// inSQLite is what SQLite spells in another way. It has one writer at a time, who needs no locks on rows.
var inSQLite = strings.NewReplacer("todod.", "", "$", "?", "::timestamptz", "", " for share", "", " for no key update", "", " for update skip locked", "", " for update", "",
	"= any ($3::text[])", "in (select value from json_each(?3))")

// A Statement is SQL with its arguments and what takes all its rows; a nil Rows takes none. Rows may be called a
// second time, with all rows anew, after the first has failed.
type Statement struct {
	SQL
	Args []any
	Rows func(rows iter.Seq[Row])
}

// An Engine carries out statements. Their arguments are of the types of the domain, or lists of strings.
type Engine interface {
	// Read carries out statements that read what there is of owner, "" for nobody; see Dialect.OneByOne.
	Read(ctx context.Context, owner todo.UserID, statements ...Statement) error

	// ReadTogether is Read for what costs little, and may travel with what others want to read at the same time.
	ReadTogether(ctx context.Context, owner todo.UserID, statements ...Statement) error

	// Write carries out statements about owner in one transaction; each sees what those before it did. Their rows count
	// only if it returns nil. Once begun, it no longer ends with ctx.
	Write(ctx context.Context, owner todo.UserID, statements ...Statement) error

	// Maintain carries out statements that look at many people's rows.
	Maintain(ctx context.Context, statements ...Statement) error

	// Taken reports whether err says that a row with this key is there already.
	Taken(err error) bool
}

// A Dialect is what an engine does in its own way.
type Dialect struct {
	// EmailsApart says that the addresses of accounts are in a table of their own, too, which says whose they are.
	EmailsApart bool
	// OneByOne says that each statement of a read sees what there is when it begins, rather than all of them the same.
	OneByOne bool

	// Placeholder stands before an argument's number in lists.
	Placeholder string
	// Place is where a task stands (todo.Task.Place).
	Place string
	// Contains is the condition that a column of ids in JSON has an id, of which both are put in.
	Contains string
	// Position is the function that returns where in its first argument the second begins, 0 for nowhere.
	Position string
}

// Base is as much of a store as is the same over each engine.
type Base struct {
	engine  Engine
	dialect *Dialect
}

var (
	_ account.Store = (*Base)(nil)
	_ todo.Imports  = (*Base)(nil)
)

// New returns a Base over e.
func New(e Engine, d *Dialect) Base { return Base{engine: e, dialect: d} }

// run returns a statement without rows.
func run(sql SQL, args ...any) Statement { return Statement{sql, args, nil} }

// all returns a statement whose rows are Ts.
func all[T any](into *[]T, read func(Row, *T), sql SQL, args ...any) Statement {
	return Statement{sql, args, func(rows iter.Seq[Row]) {
		*into = nil
		for r := range rows {
			add(into, r, read)
		}
	}}
}

// add adds what read reads to list.
func add[T any](list *[]T, r Row, read func(Row, *T)) {
	var zero T
	*list = append(*list, zero)
	read(r, &(*list)[len(*list)-1])
}

// one returns a statement that has a T in its row; without a row, that is nil.
func one[T any](into **T, read func(Row, *T), sql SQL, args ...any) Statement {
	return Statement{sql, args, func(rows iter.Seq[Row]) {
		*into = nil
		for r := range rows {
			*into = new(T)
			read(r, *into)
		}
	}}
}

// found returns what was found, or missing if there was nothing.
func found[T any](v *T, err error, missing func() error) (T, error) {
	if err == nil && v == nil {
		err = missing()
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return *v, nil
}

// noRow says that a row is missing that is always there.
func noRow() error { return errors.New("a row of the database is missing that is always there") }

// of returns what reads a T of owner's.
func of[T any](owner todo.UserID, read func(Row, todo.UserID, *T)) func(Row, *T) {
	return func(r Row, v *T) { read(r, owner, v) }
}
