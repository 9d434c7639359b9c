package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/store/sqlstore"
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

// settings says, for the transaction it stands in and for no longer, whose data the statements after it are about, and how
// long they may take. Their plans are made once for each connection: behind row-level security the server would make most
// of them anew each time. They begin at an index, and at the one that has the order which is asked for if there is one, also
// while there are no statistics yet: then all that is somebody's looks like a row or two, which are read and sorted in no
// time. What has to be sorted nevertheless looks so dear then that the server would compile it first, which takes longer
// than anything that is asked here. It is a SELECT because SET LOCAL takes no parameters.
var settings = actFor + fmt.Sprintf(`, set_config('lock_timeout', '%d', true), set_config('statement_timeout', '%d', true),
	set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
	set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`, lockTimeout.Milliseconds(), statementTimeout.Milliseconds())

// settingsInRole does the same and switches to the role that is subject to the policies.
var settingsInRole = settings + `, set_config('role', '` + appRole + `', true)`

// byIndex has the statements after it find each row by its key, whatever the statistics say, or while there are none: what a
// group changes is a few rows of large tables.
const byIndex = `select set_config('enable_hashjoin', 'off', true),
	set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),
	set_config('enable_material', 'off', true)`

// actFor says only whose data the statements after it are about.
const actFor = `select set_config('todod.user_ids', $1::text[]::text, true)`

// settings returns the statement that begins every transaction about these people's data.
func (s *Store) settings(people ...todo.UserID) statement {
	ids := texts(people)
	if found := s.isolation.Load(); found != nil && *found == switched {
		return statement{sql: settingsInRole, args: []any{ids}}
	}
	return statement{sql: settings, args: []any{ids}}
}

// texts returns ids as the driver sends them fastest.
func texts(people []todo.UserID) []string {
	ids := make([]string, len(people))
	for i, id := range people {
		ids[i] = string(id)
	}
	return ids
}

// readCommitted names the isolation that writes rely on, whatever the database's default is: the statement after the lock
// must see what the lock waited for. It has to come first. Within a transaction it lasts as long as that.
const readCommitted = `set transaction_isolation to 'read committed'`

// transact sends changes of owner's data in one round trip and one transaction. Their rows count only if it returns nil: a
// commit can fail after the rows have been read. Once begun it no longer ends with ctx, because a client that goes away
// must not turn a change that was made into one that may have been made. For the same reason nothing is sent again,
// whatever the driver says of it.
func (s *Store) transact(ctx context.Context, owner todo.UserID, changes ...statement) error {
	if s.isolation.Load() == nil {
		return todo.ServiceUnavailable(errNotReady)
	}
	all := append([]statement{{sql: readCommitted}, s.settings(owner)}, changes...)
	return s.once(ctx, context.WithoutCancel(ctx), all)
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
	err = within(sending, conn, func(ctx context.Context) error { return send(ctx, conn, statements) })
	switch {
	case err == nil:
		s.answered.Store(time.Now().UnixNano())
	case errors.Is(err, sqlstore.ErrForeignRow):
		s.alarm()
		fallthrough
	case preparedElsewhere(err):
		hangUp(sending, conn) // it prepares, or can't be trusted
	}
	return err
}

// within has do use conn for as long as sendTimeout at most, and no longer than ctx has until its deadline. The time is
// kept by the connection: for a context that can end, the driver starts a goroutine for each round trip and waits for it
// to be gone, which on an idle machine takes longer than the statements. A connection whose time is up is closed.
func within(ctx context.Context, conn *pgxpool.Conn, do func(ctx context.Context) error) error {
	raw := conn.Conn().PgConn().Conn()
	until := time.Now().Add(sendTimeout)
	if deadline, ends := ctx.Deadline(); ends && deadline.Before(until) {
		until = deadline
	}
	if err := raw.SetDeadline(until); err != nil {
		return err
	}
	endless := context.WithoutCancel(ctx)
	err := do(endless)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		hangUp(endless, conn)
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	if failed := raw.SetDeadline(time.Time{}); failed != nil {
		hangUp(endless, conn) // nobody else is to meet the deadline
	}
	return err
}

// hangUp closes a connection that is not to be used any more. Whether it closes well is of no interest.
func hangUp(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	_ = conn.Conn().Close(ctx)
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

// errNotReady is why nothing works yet.
var errNotReady = errors.New("the database has not been prepared yet")

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
