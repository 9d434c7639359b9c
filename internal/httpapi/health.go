package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"todod/internal/todo"
)

const (
	// readyTimeout is how long the database may take to say that it is there.
	readyTimeout = time.Second
	// readyFor is how long its answer is good for everyone who asks.
	readyFor = 200 * time.Millisecond
)

// healthOutput says that the process is up.
type healthOutput struct{ Body health }

// health is how a process that is up is.
type health struct {
	Status    string    `json:"status" enum:"healthy"`
	Timestamp timestamp `json:"timestamp"`
	Version   string    `json:"version" doc:"Of the program"`
}

// health answers as long as the process can answer anything.
func (a *resources) health(context.Context, *struct{}) (*healthOutput, error) {
	out := &healthOutput{}
	out.Body.Status, out.Body.Timestamp, out.Body.Version = "healthy", timestamp(a.now()), a.version
	return out, nil
}

// readyOutput says that work can be done.
type readyOutput struct{ Body readiness }

// readiness is what makes a process ready.
type readiness struct {
	Status string            `json:"status" enum:"ready"`
	Checks map[string]string `json:"checks" doc:"What was looked at, and that it is ok"`
}

// readiness answers 200 if requests can be served, else 503 with the check that failed. Why it failed is for the log:
// the message may hold addresses and names.
func (a *resources) readiness(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	if a.draining.Load() {
		return nil, notReady("shutdown", "is under way", "")
	}
	if err := a.databaseReady(ctx); err != nil {
		return nil, notReady("database", "is not ready", err.Error())
	}
	out := &readyOutput{}
	out.Body.Status, out.Body.Checks = "ready", map[string]string{"database": "ok"}
	return out, nil
}

// databaseReady returns why the database isn't ready, nil if it is. One look is good for everyone who asks within
// readyFor: the route is open to all and must not keep the database busy.
func (a *resources) databaseReady(ctx context.Context) error {
	a.ready.mu.Lock()
	defer a.ready.mu.Unlock()
	if time.Since(a.ready.looked) < readyFor {
		return a.ready.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	a.ready.err = a.tasks.Ready(ctx)
	a.ready.looked = time.Now()
	return a.ready.err
}

// DatabaseUp reports whether the database is ready for work. It may take readyTimeout.
func (a *resources) DatabaseUp() bool { return a.databaseReady(context.Background()) == nil }

// lastLook is what was last found out about the database.
type lastLook struct {
	mu     sync.Mutex
	looked time.Time
	err    error
}

// notReady returns the refusal for a check that failed.
func notReady(check, message, reason string) error {
	return &refusal{
		status: http.StatusServiceUnavailable, detail: "Not ready: " + check + " " + message, reason: reason,
		fields: []todo.FieldError{{Field: check, Message: message}}, header: map[string]string{"Retry-After": "1"},
	}
}
