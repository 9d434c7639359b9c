package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// engine carries out what is the same over each engine. SQLite keeps nobody apart.
type engine struct{ *Store }

// Read implements sqlstore.Engine.
func (e engine) Read(ctx context.Context, _ todo.UserID, statements ...sqlstore.Statement) error {
	if len(statements) == 1 {
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		return translate(perform(ctx, e.reader, &statements[0]))
	}
	return e.snapshot(ctx, func(ctx context.Context, tx *sql.Tx) error { return performAll(ctx, tx, statements) })
}

// ReadTogether implements sqlstore.Engine.
func (e engine) ReadTogether(ctx context.Context, owner todo.UserID, statements ...sqlstore.Statement) error {
	return e.Read(ctx, owner, statements...)
}

// Maintain implements sqlstore.Engine.
func (e engine) Maintain(ctx context.Context, statements ...sqlstore.Statement) error {
	return e.Read(ctx, "", statements...)
}

// Write implements sqlstore.Engine.
func (e engine) Write(ctx context.Context, _ todo.UserID, statements ...sqlstore.Statement) error {
	return e.write(ctx, func(ctx context.Context, tx *sql.Tx) error { return performAll(ctx, tx, statements) })
}

// performAll carries out statements one after the other.
func performAll(ctx context.Context, db querier, statements []sqlstore.Statement) error {
	for i := range statements {
		if err := perform(ctx, db, &statements[i]); err != nil {
			return err
		}
	}
	return nil
}

// snapshot runs read in one read-only transaction: all that it reads is of one moment.
func (s *Store) snapshot(ctx context.Context, read func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	err = read(ctx, tx)
	if end := tx.Rollback(); end != nil && !errors.Is(end, sql.ErrTxDone) {
		err = errors.Join(err, end)
	}
	return translate(err)
}

// The extended result codes of SQLite (its result code documentation) that say that a row with this key is there
// already.
const (
	sqliteUnique     = 2067
	sqlitePrimaryKey = 1555
)

// Taken implements sqlstore.Engine.
func (engine) Taken(err error) bool {
	var sqliteErr *sqlite.Error
	return errors.As(err, &sqliteErr) && (sqliteErr.Code() == sqliteUnique || sqliteErr.Code() == sqlitePrimaryKey)
}
