// Command load keeps many connections to a todod open, sends requests over them at a steady pace, and prints how long
// each kind took. The pace does not slow down when the answers do, so that a slow server shows its queue.
//
//	go run ./bench/load -url http://127.0.0.1:8000 -token "$TOKEN" -connections 1000 -rate 200 -for 30s
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// tasks is how many tasks the user of the token gets before the load begins: a full page.
const tasks = 100

// A kind is one kind of request.
type kind struct{ name, method, path, body string }

// A load is a running measurement.
type load struct {
	url, token string
	client     *http.Client

	mu     sync.Mutex
	took   map[string][]time.Duration
	failed map[string]int
}

// main measures and prints.
func main() {
	url := flag.String("url", "http://127.0.0.1:8000", "where todod listens")
	token := flag.String("token", "", "a token whose user gets tasks")
	connections := flag.Int("connections", 1000, "open connections")
	rate := flag.Int("rate", 200, "requests a second, over all connections")
	length := flag.Duration("for", 30*time.Second, "how long")
	flag.Parse()
	l := &load{
		url: *url, token: *token, took: map[string][]time.Duration{}, failed: map[string]int{},
		client: &http.Client{
			Timeout:   30 * time.Second,
			Transport: &http.Transport{MaxIdleConns: *connections, MaxIdleConnsPerHost: *connections, MaxConnsPerHost: *connections},
		},
	}
	if err := l.run(*connections, *rate, *length); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	l.print()
}

// run opens the connections, makes the tasks and sends the requests.
func (l *load) run(connections, rate int, length time.Duration) error {
	ids := make([]int64, tasks)
	for i := range ids {
		body, err := l.send(kind{"", http.MethodPost, "/api/v1/tasks", `{"title":"a task of the load","description":"with some words"}`})
		if err != nil {
			return err
		}
		var task struct{ ID int64 }
		if err := json.Unmarshal(body, &task); err != nil {
			return err
		}
		ids[i] = task.ID
	}
	var all sync.WaitGroup
	for range connections { // all at once, so that each needs a connection of its own
		all.Go(func() { l.measure(kind{"(connect)", http.MethodGet, "/health", ""}) })
	}
	all.Wait()
	ticks := time.NewTicker(time.Second / time.Duration(rate))
	defer ticks.Stop()
	end := time.After(length)
	for n := 0; ; n++ {
		select {
		case <-end:
			all.Wait()
			return nil
		case <-ticks.C:
			k := pick(n, ids)
			all.Go(func() { l.measure(k) })
		}
	}
}

// pick returns the request of that number: each kind in turn, the tasks in turn.
func pick(n int, ids []int64) kind {
	path := fmt.Sprintf("/api/v1/tasks/%d", ids[n%len(ids)])
	return []kind{
		{"health", http.MethodGet, "/health", ""},
		{"get", http.MethodGet, path, ""},
		{"list 100", http.MethodGet, "/api/v1/tasks?limit=100", ""},
		{"create", http.MethodPost, "/api/v1/tasks", `{"title":"another task"}`},
		{"update", http.MethodPut, path, fmt.Sprintf(`{"title":"task %d"}`, n)},
		{"toggle", http.MethodPatch, path + "/toggle", ""},
		{"bad token", http.MethodGet, "/api/v1/tasks", ""},
	}[n%7]
}

// measure sends a request and notes how it went.
func (l *load) measure(k kind) {
	start := time.Now()
	_, err := l.send(k)
	took := time.Since(start)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took[k.name] = append(l.took[k.name], took)
	if err != nil {
		l.failed[k.name]++
	}
}

// send sends a request and returns the body of a good answer. Only the bad token must be refused.
func (l *load) send(k kind) ([]byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), k.method, l.url+k.path, strings.NewReader(k.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	bad := k.name == "bad token"
	if bad {
		req.Header.Set("Authorization", "Bearer "+l.token+"x")
	} else {
		req.Header.Set("Authorization", "Bearer "+l.token)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if refused := resp.StatusCode == http.StatusUnauthorized; refused != bad || !bad && resp.StatusCode >= 300 {
		return nil, errors.New(resp.Status)
	}
	return body, nil
}

// print writes a line for each kind.
func (l *load) print() {
	fmt.Printf("%-10s %8s %8s %10s %10s %10s %10s\n", "request", "sent", "failed", "p50", "p95", "p99", "max")
	for _, name := range []string{"(connect)", "health", "bad token", "get", "list 100", "create", "update", "toggle"} {
		took := l.took[name]
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		at := func(percent int) time.Duration { return took[(len(took)-1)*percent/100].Round(10 * time.Microsecond) }
		fmt.Printf("%-10s %8d %8d %10s %10s %10s %10s\n", name, len(took), l.failed[name], at(50), at(95), at(99), at(100))
	}
}
