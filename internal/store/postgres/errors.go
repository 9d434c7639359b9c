package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/todo"
)

// SQLSTATEs that mean something of their own here (appendix A of PostgreSQL's manual).
const (
	lockNotAvailable     = "55P03" // a lock was waited for longer than lock_timeout
	noSuchReference      = "23503" // the user is not in Better Auth's table: there is no other foreign key
	invalidStatementName = "26000" // no such prepared statement
	duplicateStatement   = "42P05" // there is one of this name already

	queryCanceled         = "57014" // among others by statement_timeout
	undefinedTable        = "42P01"
	readOnly              = "25006" // a standby
	uniqueViolation       = "23505"
	insufficientPrivilege = "42501"
	noSuchRole            = "22023" // what set_config says of a role that isn't there: a bad value of a setting
)

// away are the SQLSTATEs that mean that the database can't do it now, by code and by class (appendix A of PostgreSQL's
// manual). A missing table or schema is one of them: the migrations have not run yet.
var away = map[string]bool{
	"08":           true, // connection exception
	"40":           true, // transaction rollback: deadlock, serialization failure
	"53":           true, // insufficient resources: disk full, too many connections
	"57":           true, // operator intervention: shutdown, statement time-out
	"58":           true, // system error
	readOnly:       true,
	"3D000":        true, // no such database
	"3F000":        true, // no such schema
	undefinedTable: true,

	invalidStatementName: true, // still, after all attempts
	duplicateStatement:   true,
}

// translate turns what the driver says into the domain's errors. An error that it does not know stays as it is.
func translate(err error) error {
	if err == nil || todo.CodeOf(err) != 0 {
		return err
	}
	var pgErr *pgconn.PgError
	_ = errors.As(err, &pgErr) // nil if the server said nothing
	switch {
	case waitedInVain(err):
		return &todo.Error{
			Code: todo.Conflict, Message: "Another change of yours is still being made", RetryAfter: lockTimeout, Cause: err,
		}
	case pgErr != nil && pgErr.Code == noSuchReference:
		return &todo.Error{Code: todo.Forbidden, Message: "There is no such account any more", Cause: err}
	case pgErr != nil && (away[pgErr.Code] || away[pgErr.Code[:2]]), pgErr == nil && connectionLost(err):
		return todo.ServiceUnavailable(err)
	}
	return err
}

// uniqueViolated reports whether err says that there is a row of this key already.
func uniqueViolated(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == uniqueViolation
}

// lostByServer reports whether err, as translate returns it, says that the connection is gone rather than that a time is up
// or that the database is short of something.
func lostByServer(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return strings.HasPrefix(pgErr.Code, "57P") // shut down, crashed, or terminated by an administrator
	}
	var neverThere *pgconn.ConnectError // acquire has tried often enough
	return todo.CodeOf(err) == todo.Unavailable && !errors.As(err, &neverThere) &&
		!errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}
