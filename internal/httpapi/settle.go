package httpapi

import (
	"context"
	"sync"
	"time"

	"todod/internal/todo"
)

// A till is where callers wait to do what has its price only when it is done, one thing of each caller after the other: so
// that whoever asks for much at once pays for the first before the second is done. It is safe for concurrent use.
type till struct {
	mu      sync.Mutex
	callers map[todo.UserID]*payer // of whom something is being done
}

// A payer is a caller at the till.
type payer struct {
	turn chan struct{} // has the one who is being served
	n    int           // who is served, and who wait
}

// mostAtTill is how many requests of one caller may be at the till.
const mostAtTill = 64

// enter waits until it is the caller's turn, which ends with leave, unless there is an error.
func (t *till) enter(ctx context.Context, caller todo.UserID) error {
	t.mu.Lock()
	if t.callers == nil {
		t.callers = map[todo.UserID]*payer{}
	}
	p := t.callers[caller]
	if p == nil {
		p = &payer{turn: make(chan struct{}, 1)}
		t.callers[caller] = p
	}
	if p.n >= mostAtTill {
		t.mu.Unlock()
		return &todo.Error{Code: todo.Limited, Message: "Too many requests of this kind wait already", RetryAfter: time.Second}
	}
	p.n++
	t.mu.Unlock()
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		t.forget(caller, p)
		return todo.ServiceUnavailable(ctx.Err())
	}
}

// leave ends the caller's turn.
func (t *till) leave(caller todo.UserID) {
	t.mu.Lock()
	p := t.callers[caller]
	t.mu.Unlock()
	<-p.turn
	t.forget(caller, p)
}

// forget no longer counts one of p's requests.
func (t *till) forget(caller todo.UserID, p *payer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.n--; p.n == 0 {
		delete(t.callers, caller)
	}
}
