package faults

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// TestAHundredAtOnceWithOneKey: they make one task, and all of them are told of it, or to come back, as those are for
// whom too many of the same person's wait already. Half of the users are new, so that the row that is locked is not there
// yet.
func TestAHundredAtOnceWithOneKey(t *testing.T) {
	onSystems(t, func(t *testing.T, s *system) {
		for n := range sameKeys {
			c := newClient(t, fmt.Sprintf("user%d", n), s.anyURL)
			c.http.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
			made := 0
			if n%2 == 1 {
				c.create(t, "not the first")
				made++
			}
			const clients = 100
			answers := make([]answer, clients)
			begin := make(chan struct{})
			var all sync.WaitGroup
			for i := range clients {
				all.Go(func() {
					<-begin
					var err error
					answers[i], err = c.send(request{method: http.MethodPost, path: "/api/v1/tasks", body: `{"title":"one"}`, key: "one"})
					if err != nil {
						t.Error(err)
					}
				})
			}
			close(begin)
			all.Wait()
			first, firsts, later := "", 0, 0
			for _, a := range answers {
				switch {
				case (a.status == http.StatusConflict || a.status == http.StatusTooManyRequests) && a.later():
					later++
					continue
				case a.status != http.StatusCreated:
					t.Errorf("status %d: %s", a.status, a.body)
				case !a.replayed():
					firsts++
				}
				if first == "" {
					first = a.essence()
				}
				if a.essence() != first {
					t.Errorf("two answers:\n%s\n%s", first, a.essence())
				}
			}
			if got := len(c.all(t)) - made; got != 1 || firsts > 1 || firsts+later == 0 {
				t.Errorf("%d tasks were made; %d answers are no replay, %d say later", got, firsts, later)
			}
			c.http.CloseIdleConnections() // one address may have only so many open
		}
	}, onSQLite, onPostgres, onThree)
}
