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

// Change implements todo.Store. What costs little travels with what others want to change at the same time, in one
// transaction. What costs more goes alone, one after the other: whoever travels waits for one such at a time.
func (s *Store) Change(
	ctx context.Context, owner todo.UserID, need todo.ReadSet, decide func(*todo.Snapshot) (todo.WriteSet, error),
) error {
	queue := s.alone
	if need.Shareable() {
		queue = s.together
	}
	c := group.NewChange(ctx, owner, need, decide)
	turn, giveUp := context.WithTimeout(ctx, turnTimeout)
	defer giveUp()
	if err := queue.Do(turn, owner, c); err != nil {
		return todo.ServiceUnavailable(err)
	}
	return c.Err
}

// carry carries out changes in one transaction, or says of each why it wasn't.
func (s *Store) carry(changes []*group.Change) {
	ctx := changes[0].Context
	conn, err := s.turn(ctx)
	if err != nil {
		group.Fail(changes, translate(err))
		return
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	t := &transaction{conn: conn, until: time.Now().Add(writeTimeout)}
	if err := t.run(ctx, changes); err != nil {
		group.Fail(changes, translate(err))
	}
}

// turn returns the connection that writes. It waits for it no longer than ctx and turnTimeout.
func (s *Store) turn(ctx context.Context) (*sql.Conn, error) {
	ctx, giveUp := context.WithTimeout(ctx, turnTimeout)
	defer giveUp()
	return s.writer.Conn(ctx)
}
