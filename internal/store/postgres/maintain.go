package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/todo"
)

// settingsForMaintenance says, for the transaction it stands in and for no longer, that the statements after it are about
// nobody in particular, and switches to the role that may see some columns of everybody's rows.
var settingsForMaintenance = settings + `, set_config('role', '` + maintenanceRole + `', true)`

// maintain sends statements that look at many people's rows, as an operator or a clean-up does, in one round trip and one
// transaction. They see what policies and grants let maintenanceRole see: never more than is needed to find whom something
// is to be done for, which is then done as that person. They go over a connection of their own to the direct URL, because
// that login is a member of the role, and the pool's may be one that mustn't be. They end with ctx.
func (s *Store) maintain(ctx context.Context, statements ...statement) (err error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout+sendTimeout)
	defer cancel()
	conn, err := s.connectDirectly(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what it was for is done or has failed by then
	first := statement{sql: settingsForMaintenance, args: []any{[]string{}}}
	err = send(ctx, conn, append([]statement{first}, statements...))
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && (pgErr.Code == insufficientPrivilege || pgErr.Code == noSuchRole) {
		return fmt.Errorf("the login of DATABASE_DIRECT_URL can't switch to %s: create that role and grant it: %w",
			maintenanceRole, err)
	}
	return translate(err)
}

// connectDirectly returns a connection of its own to the direct URL, which the caller closes.
func (s *Store) connectDirectly(ctx context.Context) (*pgx.Conn, error) {
	if s.isolation.Load() == nil {
		return nil, todo.ServiceUnavailable(errNotReady)
	}
	conn, err := connectOnce(ctx, s.directURL)
	return conn, translate(err)
}
