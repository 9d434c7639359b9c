package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// orders are the orders of a list that are walked through.
var orders = []string{
	"created_at", "-created_at", "updated_at", "-updated_at", "due_date", "-due_date", "priority", "-priority", "title",
	"-title", "completed", "-completed", "priority,-due_date", "-completed,title,due_date",
}

// TestCursorWalk follows Link through lists while other tasks come and go: each task that lives throughout is there once,
// and none is there twice. Many tasks are alike in what the list sorts by.
func TestCursorWalk(t *testing.T) {
	onSystems(t, func(t *testing.T, s *system) {
		c := newClient(t, "ada", s.anyURL)
		c.http.Transport.(*http.Transport).MaxIdleConnsPerHost = 16
		lasting := loadLasting(t, c)
		var stop atomic.Bool
		var passers sync.WaitGroup
		var passed atomic.Int64
		for range 4 {
			passers.Go(func() {
				for !stop.Load() && !t.Failed() {
					made := c.want(t, http.StatusCreated, request{method: http.MethodPost, path: "/api/v1/tasks", body: lookAlike(rand.IntN(1000))}).task(t)
					c.want(t, http.StatusNoContent, request{method: http.MethodDelete, path: fmt.Sprintf("/api/v1/tasks/%d", made.ID)})
					passed.Add(1)
				}
			})
		}
		for _, order := range append(orders, "") {
			walk(t, c, order, lasting)
		}
		stop.Store(true)
		passers.Wait()
		t.Logf("%d tasks came and went", passed.Load())
	}, onSQLite, onPostgres)
}

// lookAlike returns a task that has much in common with others.
func lookAlike(n int) string {
	due := "null"
	if n%4 > 0 {
		due = fmt.Sprintf(`"2027-01-%02d"`, n%20+1)
	}
	return fmt.Sprintf(`{"title":"title %d","priority":%q,"completed":%t,"due_date":%s}`,
		n%7, []string{"low", "medium", "high"}[n%3], n%5 == 0, due)
}

// loadLasting makes the tasks that live throughout and returns their ids.
func loadLasting(t *testing.T, c *client) map[int64]bool {
	t.Helper()
	ids := make([]int64, walkTasks)
	var next atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for n := int(next.Add(1)) - 1; n < walkTasks && !t.Failed(); n = int(next.Add(1)) - 1 {
				ids[n] = c.want(t, http.StatusCreated, request{method: http.MethodPost, path: "/api/v1/tasks", body: lookAlike(n)}).task(t).ID
			}
		})
	}
	clients.Wait()
	lasting := map[int64]bool{}
	for _, id := range ids {
		lasting[id] = true
	}
	return lasting
}

// walk reads the list in an order, "" for none in particular, to its end.
func walk(t *testing.T, c *client, order string, lasting map[int64]bool) {
	t.Helper()
	path := fmt.Sprintf("/api/v1/tasks?limit=%d", walkPage)
	if order != "" {
		path += "&sort=" + order
	}
	seen := map[int64]bool{}
	found := 0
	for path != "" && !t.Failed() {
		a := c.get(t, path)
		for _, raw := range a.items(t) {
			id := answer{body: string(raw)}.task(t).ID
			if seen[id] {
				t.Errorf("by %q, task %d is there twice", order, id)
			}
			seen[id] = true
			if lasting[id] {
				found++
			}
		}
		path = a.next()
	}
	if found != len(lasting) {
		t.Errorf("by %q, %d of %d tasks were found", order, found, len(lasting))
	}
}
