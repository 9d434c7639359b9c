package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/httpapi"
	"todod/internal/todo"
	"todod/internal/turn"
)

// heldStore is a store in which ada's lists wait until they are let go on.
type heldStore struct {
	store
	held atomic.Int64
	goOn chan struct{}
}

// Tasks implements todo.Store.
func (s *heldStore) Tasks(ctx context.Context, owner todo.UserID, f todo.Filter) (todo.Page, error) {
	if owner == "ada" {
		s.held.Add(1)
		<-s.goOn
	}
	return s.store.Tasks(ctx, owner, f)
}

// TestOnePersonsRequestsWaitForEachOther: four reads go, 64 wait, and the next is refused. It is nobody else's matter, and
// neither readiness nor event streams are part of it.
func TestOnePersonsRequestsWaitForEachOther(t *testing.T) {
	onEveryStore(t, func(t *testing.T, plain *server) {
		held := &heldStore{store: plain.store, goOn: make(chan struct{})}
		s := newServer(t, plain.store, func(cfg *httpapi.Config) {
			rules := todo.Rules{Quota: 10_000, KeysRemembered: time.Hour}
			cfg.Tasks = todo.NewService(turn.Store(held, time.Minute, turn.Reads), time.Now, rules)
			cfg.Streams = todo.NewService(held, time.Now, rules)
		})
		const list = "/api/v1/tasks"
		var refused, answered atomic.Int64
		var all sync.WaitGroup
		for range 4 + 64 + 10 {
			all.Go(func() {
				a := s.as(t, "ada", "GET", list, "")
				switch {
				case a.status == http.StatusOK:
					answered.Add(1)
				case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "1":
					refused.Add(1)
				default:
					t.Errorf("%d: %s", a.status, a.body)
				}
			})
		}
		for deadline := time.Now().Add(30 * time.Second); refused.Load() < 10 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if refused.Load() != 10 || held.held.Load() != 4 {
			t.Errorf("%d are refused, %d under way", refused.Load(), held.held.Load())
		}
		s.as(t, "bob", "GET", list, "").want(t, http.StatusOK)
		s.as(t, "bob", "POST", list, `{"title":"x"}`).want(t, http.StatusCreated)
		s.as(t, "ada", "GET", "/health/readiness", "").want(t, http.StatusOK)
		if events := s.as(t, "ada", "GET", "/api/v1/events", "").want(t, http.StatusOK); !strings.Contains(events.body, ": ") {
			t.Errorf("the stream has %q", events.body)
		}
		close(held.goOn)
		all.Wait()
		if answered.Load() != 68 {
			t.Errorf("%d were answered", answered.Load())
		}
		s.as(t, "ada", "GET", list, "").want(t, http.StatusOK)
	})
}
