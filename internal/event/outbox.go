package event

import (
	"sync"

	"todod/internal/todo"
)

// maxWaiting is for how many people, and of how many other hints, an outbox keeps. What is more is dropped: it is found
// by polling.
const maxWaiting = 10_000

// An outbox holds what other processes have not been told yet, the revisions of each person as one.
type outbox struct {
	mu      sync.Mutex
	revs    map[todo.UserID]todo.Rev
	others  []envelope // in the order in which they came
	dropped int

	ready chan struct{} // capacity 1: there is something
}

// An envelope is a hint about somebody.
type envelope struct {
	owner todo.UserID
	hint  hint
}

// newOutbox returns an empty outbox.
func newOutbox() *outbox {
	return &outbox{revs: map[todo.UserID]todo.Rev{}, ready: make(chan struct{}, 1)}
}

// add puts a hint in.
func (o *outbox) add(owner todo.UserID, told hint) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rev, known := o.revs[owner]
	switch {
	case told.kind == changed && (known || len(o.revs) < maxWaiting):
		o.revs[owner] = max(rev, told.rev)
	case told.kind != changed && len(o.others) < maxWaiting:
		o.others = append(o.others, envelope{owner, told})
	default:
		o.dropped++
	}
	signal(o.ready)
}

// take takes everything out, and how much was dropped.
func (o *outbox) take() (envelopes []envelope, dropped int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	envelopes = o.others
	for owner, rev := range o.revs {
		envelopes = append(envelopes, envelope{owner, hint{kind: changed, rev: rev}})
	}
	dropped = o.dropped
	o.others, o.dropped = nil, 0
	clear(o.revs)
	return envelopes, dropped
}

// putBack puts in again what take took out and nobody could be told.
func (o *outbox) putBack(envelopes []envelope) {
	for _, e := range envelopes {
		o.add(e.owner, e.hint)
	}
}
