package postgres

import (
	"context"
	"fmt"
)

// sweepLock is the advisory lock of whoever sweeps: 'todod.sw' in ASCII.
const sweepLock = 0x746f646f642e7377

// Alone implements todo.Maintenance: it holds an advisory lock in a transaction, which works through a pooler, too, and ends
// with its connection. The transaction does nothing else and holds no snapshot.
func (s *Store) Alone(ctx context.Context, do func(context.Context) error) (err error) {
	conn, err := s.connectDirectly(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // and with it the lock, if nothing else has
	tx, err := conn.Begin(ctx)
	if err != nil {
		return translate(err)
	}
	// A connection that is closed has its lock for a moment more; one whose transaction has ended has none.
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	var got bool
	if err := tx.QueryRow(ctx, fmt.Sprintf("select pg_try_advisory_xact_lock(%d)", sweepLock)).Scan(&got); err != nil || !got {
		return translate(err)
	}
	return do(ctx)
}
