package httpapi

import (
	"context"
	"net/http"
	"time"

	"todod/internal/todo"
)

// readyTimeout is how long the database may take to say that it is there.
const readyTimeout = time.Second

// healthOutput says that the process is up.
type healthOutput struct {
	Body struct {
		Status    string    `json:"status" enum:"healthy"`
		Timestamp timestamp `json:"timestamp"`
		Version   string    `json:"version" doc:"Of the program"`
	}
}

// health answers as long as the process can answer anything.
func (a *API) health(context.Context, *struct{}) (*healthOutput, error) {
	out := &healthOutput{}
	out.Body.Status, out.Body.Timestamp, out.Body.Version = "healthy", timestamp(a.now()), a.version
	return out, nil
}

// readyOutput says that work can be done.
type readyOutput struct {
	Body struct {
		Status string            `json:"status" enum:"ready"`
		Checks map[string]string `json:"checks" doc:"What was looked at, and that it is ok"`
	}
}

// readiness answers 200 if requests can be served, else 503 with the check that failed. Why it failed is for the log:
// the message may hold addresses and names.
func (a *API) readiness(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	if a.draining.Load() {
		return nil, notReady("shutdown", "is under way", "")
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := a.tasks.Ready(ctx); err != nil {
		return nil, notReady("database", "is not ready", err.Error())
	}
	out := &readyOutput{}
	out.Body.Status, out.Body.Checks = "ready", map[string]string{"database": "ok"}
	return out, nil
}

// notReady returns the refusal for a check that failed.
func notReady(check, message, reason string) error {
	return &refusal{
		status: http.StatusServiceUnavailable, detail: "Not ready: " + check + " " + message, reason: reason,
		fields: []todo.FieldError{{Field: check, Message: message}}, header: map[string]string{"Retry-After": "1"},
	}
}
