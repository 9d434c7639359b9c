package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// left returns how many requests an answer says its caller has left.
func left(t testing.TB, a answer) int {
	t.Helper()
	n, err := strconv.Atoi(a.header.Get("X-RateLimit-Remaining"))
	if err != nil {
		t.Fatalf("%d without standing: %v", a.status, a.header)
	}
	return n
}

// batchOf returns a batch of n tasks to be made.
func batchOf(n int) string {
	return operations(true, slices.Repeat([]string{`{"op":"create","task":{"title":"x"}}`}, n)...)
}

// TestRequestsCostWhatTheyTake: each answer says what is left after it.
func TestRequestsCostWhatTheyTake(t *testing.T) {
	onEveryStore(t, func(t *testing.T, plain *server) {
		s := newServer(t, plain.store, limited(1000, 100, newClock().Now))
		before := 1000
		for _, c := range []struct {
			method, path, body, key string
			cost, status            int
		}{
			{"GET", "/api/v1/tasks", "", "", 1, 200},
			{"GET", "/api/v1/tasks?q=", "", "", 1, 200},
			{"GET", "/api/v1/tasks?q=x&limit=1", "", "", 5, 200},
			{"GET", "/api/v1/tasks?%71=x", "", "", 5, 200},
			{"GET", "/api/v1/tasks?q=x&limit=0", "", "", 5, 400},
			{"HEAD", "/api/v1/tasks?q=x", "", "", 5, 200},
			{"POST", "/api/v1/tasks", `{"title":"x"}`, "", 1, 201},
			{"POST", "/api/v1/tasks/batch", batchOf(1), "", 2, 200},
			{"POST", "/api/v1/tasks/batch", batchOf(20), "", 3, 200},
			{"POST", "/api/v1/tasks/batch", batchOf(21), "", 4, 200},
			{"POST", "/api/v1/tasks/batch", `{"operations":[]}`, "", 1, 400},
			{"POST", "/api/v1/tasks/complete-all", "", "all", 1 + 5, 200}, // 43 tasks
			{"POST", "/api/v1/tasks/complete-all", "", "all", 1, 200},     // told again
			{"POST", "/api/v1/tasks/complete-all", "", "", 1, 200},        // nothing to do
			{"POST", "/api/v1/undo", `{"key":"all"}`, "", 1 + 5, 200},
			{"POST", "/api/v1/undo", `{"rev":999}`, "", 1, 404},
			{"POST", "/api/v1/tasks/complete-all", "", "again", 1 + 5, 200},
			{"POST", "/api/v1/tasks/clear-completed", "", "", 1 + 5, 200},
			{"GET", "/api/v1/me/export", "", "", 20, 200},
			{"GET", "/api/v1/me", "", "", 1, 200},
		} {
			header := map[string]string{}
			if c.key != "" {
				header["Idempotency-Key"] = c.key
			}
			a := s.do(t, request{method: c.method, path: c.path, body: c.body, user: "ada", header: header}).want(t, c.status)
			if got := before - left(t, a); got != c.cost {
				t.Errorf("%s %s %.40s: costs %d, want %d", c.method, c.path, c.body, got, c.cost)
			}
			before = left(t, a)
		}
	})
}

// TestABatchThatCantBePaidForIsNotCarriedOut: it costs what reading it has cost, and waiting as long as it is told is enough.
func TestABatchThatCantBePaidForIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newServer(t, openSQLite(t), limited(10, 100, clock.Now))
	for range 5 {
		s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
	}

	a := s.as(t, "ada", "POST", batchPath, batchOf(41)).want(t, http.StatusTooManyRequests) // costs 6, and there are 5
	if left(t, a) != 4 || a.header.Get("Retry-After") != "12" {
		t.Errorf("left %d, retry after %s", left(t, a), a.header.Get("Retry-After"))
	}
	if list := s.as(t, "ada", "GET", "/api/v1/me", ""); left(t, list) != 3 || !strings.Contains(list.body, `"rev":0`) {
		t.Errorf("left %d: %s", left(t, list), list.body)
	}
	a = s.as(t, "ada", "POST", batchPath, batchOf(41)).want(t, http.StatusTooManyRequests)
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Duration(seconds) * time.Second)
	s.as(t, "ada", "POST", batchPath, batchOf(41)).want(t, http.StatusOK)
}

// TestNothingCostsMoreThanEverything: whoever has all that they may have left can do everything.
func TestNothingCostsMoreThanEverything(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{"GET /api/v1/me/export": "", "POST " + batchPath: batchOf(100)} {
		s := newServer(t, openSQLite(t), limited(4, 100, newClock().Now))
		method, path, _ := strings.Cut(path, " ")
		if a := s.as(t, "ada", method, path, body).want(t, http.StatusOK); left(t, a) != 0 {
			t.Errorf("%s: %d left", path, left(t, a))
		}
		s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusTooManyRequests)
	}
}

// TestOneSetIsPaidForBeforeTheNext: of many that are asked for at once, the first that makes its caller owe is the last.
func TestOneSetIsPaidForBeforeTheNext(t *testing.T) {
	onEveryStore(t, func(t *testing.T, plain *server) {
		s := newServer(t, plain.store, limited(60, 100, newClock().Now))
		for range 4 {
			s.as(t, "ada", "POST", "/api/v1/tasks/batch", batchOf(100)).want(t, http.StatusOK) // 11 each
		}
		var all sync.WaitGroup
		var made, refused atomic.Int32
		for i := range 8 { // each passes the door, and would cost 40 more
			all.Go(func() {
				route := []string{"complete-all", "clear-completed"}[i%2]
				switch a := s.as(t, "ada", "POST", "/api/v1/tasks/"+route, ""); {
				case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != "":
					refused.Add(1)
				case a.status == http.StatusOK && decode[struct{ Total int }](t, a).Total > 0:
					made.Add(1)
				case a.status != http.StatusOK:
					t.Error(a)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 || refused.Load() == 0 {
			t.Errorf("%d were made, %d refused", made.Load(), refused.Load())
		}
	})
}

// TestWhatIsOwedIsWaitedFor: a change of many tasks is carried out by whoever has one request left, who then waits for it,
// but for no longer than a minute.
func TestWhatIsOwedIsWaitedFor(t *testing.T) {
	t.Parallel()
	clock := newClock()
	store := openSQLite(t)
	rich := newServer(t, store, nil)
	for range 10 {
		rich.as(t, "ada", "POST", batchPath, batchOf(100)).want(t, http.StatusOK)
	}
	s := newServer(t, store, limited(60, 100, clock.Now))
	if a := s.as(t, "ada", "POST", "/api/v1/tasks/complete-all", "").want(t, http.StatusOK); left(t, a) != 0 {
		t.Errorf("%d left", left(t, a))
	}
	a := s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusTooManyRequests)
	if a.header.Get("Retry-After") != "42" { // 101 of 60 were taken, and one more is wanted
		t.Errorf("retry after %s", a.header.Get("Retry-After"))
	}
	clock.Advance(42 * time.Second)
	s.as(t, "ada", "POST", "/api/v1/undo", `{"rev":1001}`).want(t, http.StatusOK)
	if a = s.as(t, "ada", "GET", "/api/v1/tasks", ""); a.header.Get("Retry-After") != "60" {
		t.Errorf("%d, retry after %s", a.status, a.header.Get("Retry-After"))
	}
	s.as(t, "bob", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
}

// TestPricesAreDocumented: in words, and for programs.
func TestPricesAreDocumented(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	var doc struct {
		Paths map[string]map[string]struct {
			Description string
			Price       map[string]any `json:"x-price"`
		}
	}
	if err := json.Unmarshal(s.api.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	for route, want := range map[string]string{
		"get /api/v1/tasks":                  "map[request:1 search:5]",
		"post /api/v1/tasks/batch":           "map[request:1 tenth_of:operations, and of others that they change along]",
		"post /api/v1/tasks/complete-all":    "map[request:1 tenth_of:tasks that it changes]",
		"post /api/v1/tasks/clear-completed": "map[request:1 tenth_of:tasks that it changes]",
		"post /api/v1/undo":                  "map[request:1 tenth_of:tasks that it changes]",
		"patch /api/v1/tasks/{id}/toggle":    "map[request:1 tenth_of:others that it changes along]",
		"post /api/v1/tasks/{id}/complete":   "map[request:1 tenth_of:others that it changes along]",
		"post /api/v1/tasks/{id}/skip":       "map[request:1 tenth_of:others that it changes along]",
		"get /api/v1/completions":            "map[]",
		"delete /api/v1/lists/{id}":          "map[request:1 tenth_of:others that it changes along]",
		"get /api/v1/me/export":              "map[request:20]",
		"get /api/v1/me":                     "map[]",
	} {
		method, path, _ := strings.Cut(route, " ")
		op := doc.Paths[path][method]
		if got := fmt.Sprint(op.Price); got != want || (len(op.Price) > 0) != strings.Contains(op.Description, "Counts as") {
			t.Errorf("%s: %s, %q", route, got, op.Description)
		}
	}
}
