package postgres

import (
	"context"
	"errors"

	"todod/internal/todo"
)

// How reads travel together: over so many connections at a time, so many in a group.
const (
	readLanes = 2
	readGroup = 16
)

// A read is statements about one person's data, and what became of them.
type read struct {
	owner      todo.UserID
	statements []statement
	err        error
	ctx        context.Context //nolint:containedctx // of whoever wants it, but for its end: it says which trace this belongs to
}

// read sends statements about owner's data in one round trip. Waiting for a connection ends with ctx, what was sent does
// only at ctx's deadline. Because reading twice does no harm, they are sent again over another connection when theirs is
// lost.
func (s *Store) read(ctx context.Context, owner todo.UserID, statements ...statement) error {
	if s.isolation.Load() == nil {
		return todo.ServiceUnavailable(errNotReady)
	}
	return s.readAll(ctx, s.inTurn([]*read{{owner: owner, statements: statements}}))
}

// readTogether is read for what costs little: it travels with what others want to read at the same time, but still as the
// one person it is about. Once taken up, it no longer ends with ctx.
func (s *Store) readTogether(ctx context.Context, owner todo.UserID, statements ...statement) error {
	if s.isolation.Load() == nil {
		return todo.ServiceUnavailable(errNotReady)
	}
	r := &read{owner: owner, statements: statements, err: errNotRead, ctx: context.WithoutCancel(ctx)}
	waiting, cancel := context.WithTimeout(ctx, s.poolTimeout)
	defer cancel()
	if err := s.reads.Do(waiting, owner, r); err != nil {
		return todo.ServiceUnavailable(err)
	}
	return r.err
}

// inTurn returns the statements of several reads, those of each behind what says whose data they are about.
func (s *Store) inTurn(reads []*read) []statement {
	all := make([]statement, 0, 2*len(reads))
	for i, r := range reads {
		if i == 0 {
			all = append(all, s.settings(r.owner))
		} else {
			all = append(all, statement{sql: actFor, args: []any{[]string{string(r.owner)}}})
		}
		all = append(all, r.statements...)
	}
	return all
}

// carryReads carries out a group of reads.
func (s *Store) carryReads(reads []*read) {
	ctx, cancel := context.WithTimeout(reads[0].ctx, s.poolTimeout+sendTimeout)
	defer cancel()
	s.carryReadsBy(ctx, reads)
}

// carryReadsBy carries out reads until ctx ends. One that the database refuses doesn't spoil the others.
func (s *Store) carryReadsBy(ctx context.Context, reads []*read) {
	err := s.readAll(ctx, s.inTurn(reads))
	if worthHalving(err, len(reads)) {
		half := len(reads) / 2
		s.carryReadsBy(ctx, reads[:half])
		s.carryReadsBy(ctx, reads[half:])
		return
	}
	for _, r := range reads {
		r.err = err
	}
}

// readAll sends statements that each stand behind what says whose data they are about.
func (s *Store) readAll(ctx context.Context, all []statement) error {
	sending, cancel := unlessLate(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, sending, all)
		if attempt == readAttempts || ctx.Err() != nil || !lostByServer(err) {
			return err
		}
	}
}

// unlessLate returns ctx with its deadline, but not cancelled with it. Giving up a statement that was sent costs its
// connection, whose closing takes up a place in the pool for seconds behind a pooler: clients that go away while they read
// would leave the others without connections.
func unlessLate(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(context.WithoutCancel(ctx), deadline)
	}
	return context.WithoutCancel(ctx), func() {}
}

// readAttempts is how often a read is sent at most.
const readAttempts = 5

// errNotRead is the error of a read until something becomes of it.
var errNotRead = errors.New("it was not read")
