package sqlite

import (
	"context"
	"database/sql"
	"time"

	"todod/internal/store/group"
	"todod/internal/todo"
)

// writeGroup is how many changes travel together.
const writeGroup = 64

// A traveller is a change on its way, with the context of whoever wants it, which doesn't end: it says which trace the
// change's statements belong to.
type traveller struct {
	*group.Change
	ctx context.Context
}

// Change implements todo.Store. What costs little travels with what others want to change at the same time, in one
// transaction. What costs more goes alone, one after the other: whoever travels waits for one such at a time.
func (s *Store) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	queue := s.alone
	if need.Shareable() {
		queue = s.together
	}
	c := &traveller{group.NewChange(owner, need, decide), context.WithoutCancel(ctx)}
	turn, giveUp := context.WithTimeout(ctx, turnTimeout)
	defer giveUp()
	if err := queue.Do(turn, owner, c); err != nil {
		return todo.ServiceUnavailable(err)
	}
	return c.Err
}

// carry carries out changes in one transaction, or says of each why it wasn't.
func (s *Store) carry(changes []*traveller) {
	ctx := changes[0].ctx
	conn, err := s.turn(ctx)
	if err != nil {
		fail(changes, err)
		return
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	t := &transaction{conn: conn, until: time.Now().Add(writeTimeout)}
	if err := t.run(ctx, changes); err != nil {
		fail(changes, err)
	}
}

// fail gives all changes this error.
func fail(changes []*traveller, err error) {
	for _, c := range changes {
		group.Fail([]*group.Change{c.Change}, translate(err))
	}
}

// turn returns the connection that writes. It waits for it no longer than ctx and turnTimeout.
func (s *Store) turn(ctx context.Context) (*sql.Conn, error) {
	ctx, giveUp := context.WithTimeout(ctx, turnTimeout)
	defer giveUp()
	return s.writer.Conn(ctx)
}
