// Package turn stands in front of a store and gives each person their turn, before any connection to the database is
// taken: of each, writes go in the order in which they came, and a few reads at a time. The rest of theirs waits, and is
// nobody else's matter.
package turn

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"todod/internal/todo"
)

// Reads is how many reads of one person may be under way at the same time, at most.
const Reads = 4

const (
	// mostWaiting is how many operations of one person may wait, for others of the same person.
	mostWaiting = 64
	// tryAgain is when somebody may come again of whom too many wait.
	tryAgain = time.Second
	// shards is in how many parts people are kept, each with a lock of its own.
	shards = 64
)

// A kind is what an operation is to others of the same person.
type kind int

// The kinds there are.
const (
	read   kind = iota + 1 // goes beside writes and some other reads
	shared                 // a write that may be under way with others that are shared: the store keeps their order
	alone                  // a write that is under way when no other is
)

// turns keeps people's operations in order. It is safe for concurrent use.
type turns struct {
	patience time.Duration // for how long an operation waits at most
	seed     maphash.Seed
	shards   [shards]shard
}

// A shard is a part of the people.
type shard struct {
	reads  int // of one person, at most
	mu     sync.Mutex
	people map[todo.UserID]*person // of whom something is under way
	spare  []*person               // to be used again
}

// newTurns returns turns in which nobody waits for longer than patience, and nobody has more reads under way than that.
func newTurns(patience time.Duration, reads int) *turns {
	t := &turns{patience: patience, seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].people, t.shards[i].reads = map[todo.UserID]*person{}, reads
	}
	return t
}

// A person is what is under way and waits of one person.
type person struct {
	most   int  // how many reads may be under way
	reads  int  // under way
	writes int  // under way
	alone  bool // the one write that is under way shares with none

	waitingReads, waitingWrites []*waiter // in the order in which they came
}

// A waiter is an operation that waits.
type waiter struct {
	kind  kind
	ready chan struct{} // closed when it is its turn
}

// errWaitedTooLong is why an operation was given up.
var errWaitedTooLong = errors.New("it waited too long for others of the same person")

// errTooMany is why an operation was refused.
var errTooMany = errors.New("too many of this person's operations wait already")

// enter returns nil when it is the turn of an operation of owner's, which must leave then. It is Limited if too many wait
// already, and Unavailable if ctx or patience ends first.
func (t *turns) enter(ctx context.Context, owner todo.UserID, k kind) error {
	s := t.shardOf(owner)
	w, err := s.enter(owner, k)
	if w == nil {
		return err
	}
	patience := time.NewTimer(t.patience)
	defer patience.Stop()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-patience.C:
		err = errWaitedTooLong
	}
	if !s.giveUp(owner, w) {
		s.leave(owner, k) // it has just become its turn
	}
	return todo.ServiceUnavailable(err)
}

// leave ends the turn of an operation of owner's.
func (t *turns) leave(owner todo.UserID, k kind) { t.shardOf(owner).leave(owner, k) }

// shardOf returns where owner is kept.
func (t *turns) shardOf(owner todo.UserID) *shard {
	return &t.shards[maphash.String(t.seed, string(owner))%shards]
}

// enter lets an operation of owner's go, for which it returns nil twice, or wait.
func (s *shard) enter(owner todo.UserID, k kind) (*waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[owner]
	if p == nil {
		p = s.unused()
		p.most, s.people[owner] = s.reads, p
	}
	goes := p.mayGo(k) && p.inLine(k)
	if (!goes || k == shared && p.writes > 0) && p.waiting() >= mostWaiting {
		return nil, &todo.Error{
			Code: todo.Limited, Message: "Too many of your requests are waiting: send fewer at once", RetryAfter: tryAgain,
			Cause: errTooMany,
		}
	}
	if goes {
		p.begin(k)
		return nil, nil
	}
	w := &waiter{kind: k, ready: make(chan struct{})}
	line := p.line(k)
	*line = append(*line, w)
	return w, nil
}

// giveUp takes w out of the line and reports whether it was still there.
func (s *shard) giveUp(owner todo.UserID, w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[owner]
	if p == nil {
		return false
	}
	line := p.line(w.kind)
	i := slices.Index(*line, w)
	if i < 0 {
		return false
	}
	*line = slices.Delete(*line, i, i+1)
	return true
}

// leave ends an operation of owner's and lets those go whose turn it is then.
func (s *shard) leave(owner todo.UserID, k kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[owner]
	if k == read {
		p.reads--
	} else {
		p.writes--
		p.alone = false
	}
	for _, line := range []*[]*waiter{&p.waitingReads, &p.waitingWrites} {
		for len(*line) > 0 && p.mayFollow((*line)[0].kind) {
			first := (*line)[0]
			*line = slices.Delete(*line, 0, 1)
			p.begin(first.kind)
			close(first.ready)
		}
	}
	if p.reads == 0 && p.writes == 0 {
		delete(s.people, owner)
		s.spare = append(s.spare, p)
	}
}

// unused returns a person of whom there is nothing. The caller holds s.mu.
func (s *shard) unused() *person {
	last := len(s.spare) - 1
	if last < 0 {
		return &person{}
	}
	p := s.spare[last]
	s.spare = s.spare[:last]
	return p
}

// line returns where operations of a kind wait.
func (p *person) line(k kind) *[]*waiter {
	if k == read {
		return &p.waitingReads
	}
	return &p.waitingWrites
}

// inLine reports whether nobody waits where an operation of this kind would.
func (p *person) inLine(k kind) bool { return len(*p.line(k)) == 0 }

// mayGo reports whether an operation of this kind may be under way with those that are.
func (p *person) mayGo(k kind) bool {
	switch k {
	case read:
		return p.reads < p.most
	case shared:
		return !p.alone
	default:
		return p.writes == 0
	}
}

// mayFollow is mayGo for an operation that has waited. Writes that have go one by one: several that are woken at the same
// time may get to the store in any order.
func (p *person) mayFollow(k kind) bool { return p.mayGo(k) && (k == read || p.writes == 0) }

// begin notes that an operation is under way.
func (p *person) begin(k kind) {
	if k == read {
		p.reads++
		return
	}
	p.writes++
	p.alone = k == alone
}

// waiting returns how many operations wait. Those writes do, too, that the store has taken and may carry out with the first.
func (p *person) waiting() int {
	return len(p.waitingReads) + len(p.waitingWrites) + max(p.writes-1, 0)
}
