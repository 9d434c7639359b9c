package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/todo"
)

// How long things may take. A lock that can't be had is a Conflict; the others are ServiceUnavailable.
const (
	lockTimeout      = 3 * time.Second
	statementTimeout = 10 * time.Second
	sendTimeout      = 15 * time.Second // for all statements together, from the moment they are sent
)

// A statement is SQL with its arguments and what takes its rows; a nil rows takes none.
type statement struct {
	sql  string
	args []any
	rows func(pgx.Rows) error
}

// settings says, for the transaction it stands in and for no longer, whose data the statements after it are about and how
// long they may take. It is a SELECT because SET LOCAL takes no parameters.
const settings = `select set_config('todod.user_id', $1, true), set_config('lock_timeout', $2, true),
	set_config('statement_timeout', $3, true)`

// settingsInRole does the same and switches to the role that is subject to the policies.
const settingsInRole = settings + `, set_config('role', '` + appRole + `', true)`

// readCommitted names the isolation that writes rely on, whatever the database's default is: the statement after the lock
// must see what the lock waited for. It has to come first. Within a transaction it lasts as long as that.
const readCommitted = `set transaction_isolation to 'read committed'`

// lockOwner locks the owner's row, making it first if it isn't there, without writing a new version of it. It is a
// statement of its own so that the change after it has a snapshot younger than the lock.
const lockOwner = `insert into todod.users (user_id, created_at, changed_at) values ($1, $2, $2)
	on conflict (user_id) do update set rev = todod.users.rev where false`

// read sends statements about owner's data in one round trip. They end with ctx. Because reading twice does no harm, they
// are sent again over another connection when theirs is lost.
func (s *Store) read(ctx context.Context, owner todo.UserID, statements ...statement) error {
	all, err := s.about(owner, statements...)
	if err != nil {
		return err
	}
	return s.readAll(ctx, all)
}

// readAll is read for statements that each stand behind the settings of their owner.
func (s *Store) readAll(ctx context.Context, all []statement) error {
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, ctx, all)
		if attempt == readAttempts || ctx.Err() != nil || !lostByServer(err) {
			return err
		}
	}
}

// readAttempts is how often a read is sent at most.
const readAttempts = 5

// write locks owner and then sends changes, in one round trip and one transaction, as transact does.
func (s *Store) write(ctx context.Context, owner todo.UserID, w todo.Write, changes ...statement) error {
	return s.transact(ctx, owner, append([]statement{{sql: lockOwner, args: []any{owner, w.At}}}, changes...)...)
}

// transact sends changes of owner's data in one round trip and one transaction. Their rows count only if it returns nil: a
// commit can fail after the rows have been read. Once begun it no longer ends with ctx, because a client that goes away
// must not turn a change that was made into one that may have been made. For the same reason nothing is sent again,
// whatever the driver says of it.
func (s *Store) transact(ctx context.Context, owner todo.UserID, changes ...statement) error {
	all, err := s.about(owner, changes...)
	if err != nil {
		return err
	}
	return s.once(ctx, context.WithoutCancel(ctx), append([]statement{{sql: readCommitted}}, all...))
}

// once has the statements carried out. They are sent again only when the server says that it does not know them as
// prepared, and so has done nothing: then unprepared. sending is the context of what has been sent, acquiring that of the
// wait for a connection.
func (s *Store) once(acquiring, sending context.Context, statements []statement) error {
	for attempt := 1; ; attempt++ {
		err := s.sendOver(acquiring, sending, statements)
		if attempt == sendAttempts || !preparedElsewhere(err) {
			return translate(err)
		}
		s.stopPreparing()
	}
}

// sendAttempts is how often statements are sent at most that are not known as prepared. A connection that was being made
// when preparing was given up may still prepare, so the second attempt can meet another of these.
const sendAttempts = 3

// sendOver takes a connection and sends the statements over it, which may take sendTimeout or as long as sending lasts.
func (s *Store) sendOver(acquiring, sending context.Context, statements []statement) error {
	conn, err := s.acquire(acquiring)
	if err != nil {
		return err
	}
	defer conn.Release()
	sending, cancel := context.WithTimeout(sending, sendTimeout)
	defer cancel()
	err = send(sending, conn, statements)
	switch {
	case err == nil:
		s.answered.Store(time.Now().UnixNano())
	case preparedElsewhere(err):
		_ = conn.Conn().Close(sending) // it prepares; whether it closes well is of no interest
	}
	return err
}

// preparedElsewhere reports whether err says that a statement was prepared on another server connection than the one it
// came to, as happens behind a pooler in transaction mode.
func preparedElsewhere(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == invalidStatementName || pgErr.Code == duplicateStatement)
}

// stopPreparing makes the store work without prepared statements from now on.
func (s *Store) stopPreparing() {
	if !s.unprepared.Swap(true) {
		s.log.Warn("prepared statements don't survive the pooler in front of the database; going on without them, more slowly")
		s.pool.Reset() // the connections there are prepare; those made from now on don't
	}
}

// about returns statements behind the one that begins every transaction about owner's data, or ServiceUnavailable as long as it is not
// known how the database keeps users apart.
func (s *Store) about(owner todo.UserID, statements ...statement) ([]statement, error) {
	found := s.isolation.Load()
	if found == nil {
		return nil, todo.ServiceUnavailable(errNotReady)
	}
	first := statement{sql: settings, args: []any{owner, milliseconds(lockTimeout), milliseconds(statementTimeout)}}
	if *found == switched {
		first.sql = settingsInRole
	}
	return append([]statement{first}, statements...), nil
}

// errNotReady is why nothing works yet.
var errNotReady = errors.New("the database has not been prepared yet")

// milliseconds writes d as PostgreSQL's settings want it.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// A sender is a connection: *pgx.Conn or *pgxpool.Conn.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// send carries out the statements as one implicit transaction: all of them or none.
func send(ctx context.Context, conn sender, statements []statement) error {
	batch := &pgx.Batch{}
	for _, st := range statements {
		queued := batch.Queue(st.sql, st.args...)
		if st.rows != nil {
			queued.Query(st.rows)
		}
	}
	return conn.SendBatch(ctx, batch).Close()
}
