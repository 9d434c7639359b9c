package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"todod/internal/account"
	"todod/internal/audit"
	"todod/internal/auth"
	"todod/internal/observe"
	"todod/internal/todo"
)

// What makes refused tokens a burst: so many from one network within a minute. People whose tokens have run out send
// one each, so that even a few hundred behind one address don't come near it.
const refusedBurst = 30

// tallied is how many callers a tally remembers: some 2 MB. A flood from more forgets the oldest, who then count anew.
const tallied = 10_000

// audit tells whoever watches for misuse of an event of the request that ctx belongs to. Every event of the API goes
// through here.
func (a *admission) audit(ctx context.Context, event audit.Event, more ...slog.Attr) {
	rec := recordOf(ctx)
	attrs := []slog.Attr{slog.String("request_id", rec.requestID), slog.String("client_ip", observe.AnonymiseAddr(rec.client))}
	if rec.user != "" {
		attrs = append(attrs, slog.String("user_id", string(rec.user)))
	}
	a.metrics.SecurityEvent(string(event))
	event.Log(ctx, a.security, append(attrs, more...)...)
}

// refusedSignIn returns err, and tells whoever watches for misuse. It names the address that was tried by its hash, so
// that tries of one account can be seen to belong together.
func (a *admission) refusedSignIn(ctx context.Context, event audit.Event, email string, err error) error {
	ofInterest := []todo.Code{todo.Unauthenticated, todo.Conflict, todo.Forbidden, todo.Limited}
	if slices.Contains(ofInterest, todo.CodeOf(err)) {
		a.audit(ctx, event, slog.String("email_hash", emailHash(email)), slog.String("reason", err.Error()))
	}
	return err
}

// refusedPassword returns err, and tells whoever watches for misuse if it refuses a change of a password.
func (a *admission) refusedPassword(ctx context.Context, err error) error {
	if slices.Contains([]todo.Code{todo.Invalid, todo.Forbidden}, todo.CodeOf(err)) {
		a.audit(ctx, audit.PasswordChangeRefused)
	}
	return err
}

// refusedRefresh returns err, and tells whoever watches for misuse if it refuses a refresh token.
func (a *admission) refusedRefresh(ctx context.Context, err error) error {
	var reused *account.ReusedError
	switch {
	case errors.As(err, &reused):
		recordOf(ctx).user = reused.Owner
		a.audit(ctx, audit.RefreshReused)
		recordOf(ctx).user = "" // nobody is signed in
	case todo.CodeOf(err) == todo.Unauthenticated:
		a.audit(ctx, audit.RefreshRefused, slog.String("reason", err.Error()))
	}
	return err
}

// refusedToken tells whoever watches for misuse of a token that was sent and is not good, and of a burst of them.
func (a *admission) refusedToken(ctx context.Context, refused *auth.Refusal) {
	a.audit(ctx, audit.TokenRefused, slog.String("reason", refused.Reason))
	if a.refused.count(observe.AnonymiseAddr(recordOf(ctx).client)) == refusedBurst {
		a.audit(ctx, audit.TokenRefusedBurst, slog.Int("refused", refusedBurst))
	}
}

// auditLimited tells whoever watches for misuse of the first request in a minute that this policy refuses to its
// caller: all others are in the access log, and there may be any number of them.
func (a *admission) auditLimited(ctx context.Context, policy string) {
	who := string(recordOf(ctx).user)
	if who == "" {
		who = addressKey(ctx)
	}
	if a.limited.count(policy+":"+who) == 1 {
		a.audit(ctx, audit.LimitExceeded, slog.String("policy", policy))
	}
}

// noteMissing tells that somebody asked for a task that they don't have: a mistake, or somebody trying ids.
func (a *admission) noteMissing(ctx huma.Context, status string, v any) (any, error) {
	if id := ctx.Param("id"); status == "404" && id != "" {
		a.audit(ctx.Context(), audit.TaskNotFound, slog.String("task_id", id))
	}
	return v, nil
}

// noteMissingIn tells the same of the operations of a batch.
func (a *admission) noteMissingIn(ctx context.Context, steps []todo.Step, results []todo.Result) {
	var ids []int64
	for i, r := range results {
		if todo.CodeOf(r.Err) == todo.NotFound && i < len(steps) && steps[i].ID != 0 {
			ids = append(ids, steps[i].ID)
		}
	}
	if len(ids) > 0 {
		a.audit(ctx, audit.TaskNotFound, slog.Any("task_ids", ids))
	}
}

// A tally counts what callers do within a minute, of a number of callers that is bounded. It is safe for concurrent
// use.
type tally struct {
	now func() time.Time

	mu      sync.Mutex
	callers *simplelru.LRU[string, minute]
}

// minute is what a caller did since the first of it, less than a minute ago.
type minute struct {
	since time.Time
	n     int
}

// newTally returns an empty tally.
func newTally(now func() time.Time) *tally {
	callers, err := simplelru.NewLRU[string, minute](tallied, nil)
	if err != nil {
		panic("httpapi: " + err.Error()) // only for a size below 1
	}
	return &tally{now: now, callers: callers}
}

// count counts one more of key and returns how many that makes in its minute, which begins with the first.
func (t *tally) count(key string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	m, _ := t.callers.Get(key)
	if passed := now.Sub(m.since); m.n == 0 || passed >= time.Minute || passed < 0 {
		m = minute{since: now}
	}
	m.n++
	t.callers.Add(key, m)
	return m.n
}
