package test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
	"todod/test/tododtest"
)

// TestNobodySeesAnothersTasksThroughASmallPool sends very many requests of fifty users through three database connections,
// so that each connection serves everyone in turn: whatever one request leaves behind, another user would meet.
func TestNobodySeesAnothersTasksThroughASmallPool(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]func(url string) string{
		"directly":          func(url string) string { return url },
		"through PgBouncer": func(url string) string { return pgtest.Pooled(t, url, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Empty(t)
			pooled := through(url)
			env := []string{"DATABASE_URL=" + pooled, "DATABASE_DIRECT_URL=" + url, "DB_POOL_SIZE=3", "MAX_TASKS_PER_USER=1000000", "BETTER_AUTH_SECRET=" + manysSecret}
			p := tododtest.Start(t, t.TempDir(), env...)
			const users = 50
			var next atomic.Int64
			var clients sync.WaitGroup
			for n := range users {
				owner := fmt.Sprintf("user%d", n)
				c := &client{t: t, url: p.URL, owner: owner, token: signed(manysSecret, owner)}
				c.http.Timeout = time.Minute
				clients.Go(func() {
					defer c.http.CloseIdleConnections()
					for next.Add(1) <= mixedRequests && !t.Failed() {
						c.anything()
					}
				})
			}
			clients.Wait()
			nothingLeftBehind(t, pooled)
			for line := range strings.Lines(p.Out.String()) {
				if strings.Contains(line, `"level":"ERROR"`) && !strings.Contains(line, `"endpoint":"/health/readiness"`) {
					t.Errorf("todod logged %s", line)
				}
			}
		})
	}
}

// A client is one user who does this and that.
type client struct {
	t     *testing.T
	http  http.Client
	url   string
	owner string
	token string
	ids   []int64 // of their tasks
}

// A task is what a client looks at in an answer.
type task struct {
	ID     int64  `json:"id"`
	UserID string `json:"user_id"`
	Title  string `json:"title"`
}

// anything sends a request by chance and looks whether the answer is its own user's.
func (c *client) anything() {
	body := fmt.Sprintf(`{"title":"of %s"}`, c.owner)
	choice := rand.IntN(10)
	if len(c.ids) == 0 {
		choice = 0
	}
	var id int64
	if choice > 0 {
		id = c.ids[rand.IntN(len(c.ids))]
	}
	path := fmt.Sprintf("/api/v1/tasks/%d", id)
	switch choice {
	case 0, 1:
		for _, made := range c.send(http.MethodPost, "/api/v1/tasks", body, http.StatusCreated) {
			c.ids = append(c.ids, made.ID)
		}
	case 2, 3:
		c.send(http.MethodGet, "/api/v1/tasks?limit=20&count=true", "", http.StatusOK)
	case 4:
		c.send(http.MethodPut, path, body, http.StatusOK)
	case 5, 6:
		c.send(http.MethodPatch, path+"/toggle", "", http.StatusOK)
	case 7: // an id that is probably somebody else's
		c.send(http.MethodGet, fmt.Sprintf("/api/v1/tasks/%d", id+1), "", 0)
	default:
		c.send(http.MethodGet, path, "", http.StatusOK)
	}
}

// send sends a request and returns the tasks in the answer, all of which must be the client's own. A want of 0 takes 404,
// too.
func (c *client) send(method, path, body string, want int) []task {
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Error(err)
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want && (want != 0 || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound) {
		c.t.Errorf("%s %s: status %d, %v: %.300s", method, path, resp.StatusCode, err, data)
		return nil
	}
	if resp.StatusCode == http.StatusNotFound {
		return nil
	}
	var tasks []task
	if data[0] == '{' {
		data = []byte("[" + string(data) + "]")
	}
	if err := json.Unmarshal(data, &tasks); err != nil {
		c.t.Error(err)
	}
	for _, got := range tasks {
		if got.UserID != c.owner || got.Title != "of "+c.owner {
			c.t.Errorf("%s %s by %s shows a task of %s: %s", method, path, c.owner, got.UserID, got.Title)
		}
	}
	return tasks
}

// nothingLeftBehind looks at connections as the next program would that gets them from the pooler.
func nothingLeftBehind(t *testing.T, url string) {
	t.Helper()
	for range 10 {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		var owner, role, lock string
		err = conn.QueryRow(t.Context(), `select coalesce(current_setting('todod.user_id', true), ''), current_setting('role'),
			current_setting('lock_timeout')`, pgx.QueryExecModeSimpleProtocol).Scan(&owner, &role, &lock)
		if err != nil || owner != "" || role != "none" || lock != "0" {
			t.Errorf("left behind: todod.user_id %q, role %q, lock_timeout %q, %v", owner, role, lock, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
