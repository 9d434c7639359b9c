package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/todo"
)

// How long things may take. A lock that can't be had is a Conflict; the others are Away.
const (
	lockTimeout      = 3 * time.Second
	statementTimeout = 10 * time.Second
	writeTimeout     = 15 * time.Second // for a write as a whole, from the moment it is sent
)

// A statement is SQL with its arguments and what takes its rows; a nil rows takes none.
type statement struct {
	sql  string
	args []any
	rows func(pgx.Rows) error
}

// settings says, for the transaction it stands in and for no longer, whose data the statements after it are about and how
// long they may take. It is a SELECT because SET LOCAL takes no parameters.
const settings = `select set_config('todod.user_id', $1, true),
	set_config('lock_timeout', $2, true), set_config('statement_timeout', $3, true)`

// readCommitted names the isolation that writes rely on, whatever the database's default is: the statement after the lock
// must see what the lock waited for. It has to come first. Within a transaction it lasts as long as that.
const readCommitted = `set transaction_isolation to 'read committed'`

// lockOwner locks the owner's row, making it first if it isn't there, without writing a new version of it. It is a
// statement of its own so that the change after it has a snapshot younger than the lock.
const lockOwner = `insert into todod.users (user_id, created_at, changed_at) values ($1, $2, $2)
	on conflict (user_id) do update set rev = todod.users.rev where false`

// read sends statements about owner's data in one round trip. They end with ctx.
func (s *Store) read(ctx context.Context, owner todo.UserID, statements ...statement) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return translate(send(ctx, conn, append([]statement{settingsFor(owner)}, statements...)))
}

// write locks owner and then sends change, in one round trip and one transaction. Its rows count only if write returns
// nil: a commit can fail after the rows have been read. Once begun it no longer ends with ctx, because a client that
// goes away must not turn a change that was made into one that may have been made.
func (s *Store) write(ctx context.Context, owner todo.UserID, w todo.Write, change statement) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	return translate(send(ctx, conn, []statement{
		{sql: readCommitted}, settingsFor(owner), {sql: lockOwner, args: []any{owner, w.At}}, change,
	}))
}

// settingsFor returns the statement that begins every transaction about owner's data.
func settingsFor(owner todo.UserID) statement {
	return statement{sql: settings, args: []any{owner, milliseconds(lockTimeout), milliseconds(statementTimeout)}}
}

// milliseconds writes d as PostgreSQL's settings want it.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// acquire takes a connection from the pool, waiting no longer than ctx and the pool's time-out.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.poolTimeout)
	defer cancel()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, todo.Away(err)
	}
	return conn, nil
}

// send carries out the statements as one implicit transaction: all of them or none.
func send(ctx context.Context, conn *pgxpool.Conn, statements []statement) error {
	batch := &pgx.Batch{}
	for _, st := range statements {
		queued := batch.Queue(st.sql, st.args...)
		if st.rows != nil {
			queued.Query(st.rows)
		}
	}
	return conn.SendBatch(ctx, batch).Close()
}
