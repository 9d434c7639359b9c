// Package group lets the operations of many people travel together. Whoever comes while nobody is on the way carries what is
// waiting, so that there is no goroutine in between and nobody who is alone waits; whoever comes meanwhile waits for the
// next to go. People take turns: of each, one operation after the other, in the order in which they came.
package group

import (
	"context"
	"hash/maphash"
	"sync"

	"todod/internal/todo"
)

// A Queue carries operations of type T in groups.
type Queue[T any] struct {
	lanes []lane[T]
	max   int
	apart bool // each group is of one person
	carry func([]T)
	seed  maphash.Seed
}

// New returns a Queue of so many lanes, each of which has one group on the way at a time. carry carries out up to most
// operations, those of one person in their order; it may be called for several lanes at once. The operations of one person
// always go in the same lane.
func New[T any](lanes, most int, carry func([]T)) *Queue[T] {
	return &Queue[T]{lanes: make([]lane[T], lanes), max: most, carry: carry, seed: maphash.MakeSeed()}
}

// NewApart returns a Queue as New does whose groups are of one person each, so that who leads in a lane waits for nothing
// that concerns others.
func NewApart[T any](lanes, most int, carry func([]T)) *Queue[T] {
	q := New(lanes, most, carry)
	q.apart = true
	return q
}

// Do has v carried out for owner and returns nil when that is done. If ctx ends before v was taken up, it returns why ctx
// ended, and v is not carried out; after that Do waits for the end.
func (q *Queue[T]) Do(ctx context.Context, owner todo.UserID, v T) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	l := &q.lanes[maphash.String(q.seed, string(owner))%uint64(len(q.lanes))]
	w := &waiter[T]{v: v, owner: owner}
	if !l.enter(w) {
		select {
		case <-w.wake:
		case <-ctx.Done():
			if l.leave(w) {
				return context.Cause(ctx)
			}
			<-w.wake
		}
		if w.carried {
			return nil
		}
	}
	q.lead(l)
	return nil
}

// lead carries a group of l and hands the lane to whoever is first then.
func (q *Queue[T]) lead(l *lane[T]) {
	taken := l.take(q.max, q.apart)
	ops := make([]T, len(taken))
	for i, w := range taken {
		ops[i] = w.v
	}
	defer func() { // also if carry panics
		l.pass()
		for _, w := range taken[1:] { // the first is who leads
			w.carried = true
			w.wake <- struct{}{}
		}
	}()
	q.carry(ops)
}

// Waiting returns how many operations wait for a group to be carried before theirs.
func (q *Queue[T]) Waiting() (n int) {
	for i := range q.lanes {
		l := &q.lanes[i]
		l.mu.Lock()
		for _, p := range l.people {
			n += len(p.ops)
		}
		l.mu.Unlock()
	}
	return n
}

// A waiter is an operation that waits.
type waiter[T any] struct {
	v       T
	owner   todo.UserID
	wake    chan struct{} // gets one value: when the operation was carried, or when it is to lead
	carried bool
}

// A lane is what waits behind one group.
type lane[T any] struct {
	mu     sync.Mutex
	busy   bool         // somebody leads, or has been woken to lead
	people []*person[T] // who wait, in the order of their turns
	by     map[todo.UserID]*person[T]
}

// A person is what waits of one person, at least one.
type person[T any] struct {
	id  todo.UserID
	ops []*waiter[T]
}

// enter adds w and reports whether it leads, because nobody else does.
func (l *lane[T]) enter(w *waiter[T]) (leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[todo.UserID]*person[T]{}
	}
	p := l.by[w.owner]
	if p == nil {
		p = &person[T]{id: w.owner}
		l.by[w.owner] = p
		l.people = append(l.people, p)
	}
	p.ops = append(p.ops, w)
	if l.busy {
		w.wake = make(chan struct{}, 1)
		return false
	}
	l.busy = true
	return true
}

// leave removes w and reports whether it was still there. It isn't once w has been taken up, or woken to lead.
func (l *lane[T]) leave(w *waiter[T]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.by[w.owner]
	if p == nil || len(w.wake) > 0 {
		return false
	}
	for i, other := range p.ops {
		if other != w {
			continue
		}
		p.ops = append(p.ops[:i], p.ops[i+1:]...)
		if len(p.ops) == 0 {
			l.forget(p)
		}
		return true
	}
	return false
}

// forget removes a person of whom nothing waits any more.
func (l *lane[T]) forget(p *person[T]) {
	delete(l.by, p.id)
	for i, other := range l.people {
		if other == p {
			l.people = append(l.people[:i], l.people[i+1:]...)
			return
		}
	}
}

// take removes up to most operations: one of each person in turn, until there are no more or there is no more room, or, if
// they are to be apart, those of the person whose turn it is. Those of one person stay in their order. The first is that of
// who leads.
func (l *lane[T]) take(most int, apart bool) (taken []*waiter[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	share := 1
	if apart {
		share = most
	}
	for len(taken) < most && len(l.people) > 0 && (!apart || len(taken) == 0) {
		p := l.people[0]
		l.people = l.people[1:]
		n := min(share, len(p.ops))
		taken = append(taken, p.ops[:n]...)
		p.ops = p.ops[n:]
		if len(p.ops) > 0 {
			l.people = append(l.people, p)
		} else {
			delete(l.by, p.id)
		}
	}
	return taken
}

// pass wakes whoever is first to lead, if somebody waits.
func (l *lane[T]) pass() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.people) == 0 {
		l.busy = false
		return
	}
	l.people[0].ops[0].wake <- struct{}{}
}
