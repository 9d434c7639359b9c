// Command safety prints what it costs todod that clients may ask whether something has changed, and may repeat what they
// asked for: an unchanged list of 1,000 tasks answered with 304 against the list itself, and writes with an
// Idempotency-Key against the same without; and what 100 creates in a batch cost against five single ones. It takes
// turns, request by request, so that a machine that grows slower slows both, and prints medians.
//
//	go run ./bench/safety -token "$TOKEN" -url sqlite=http://127.0.0.1:8000 -url postgres=http://127.0.0.1:8001
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// tasks is how many tasks the list has.
const tasks = 1000

// create is a new task.
const create = `{"title":"one more","description":"with some words"}`

// A bench asks one todod.
type bench struct {
	url, token string
	etag       string // of the list
	id         int64  // of a task to write to
	n          int    // requests with a key so far
	run        string // begins every key, so that no other run had it
	took       map[string][]time.Duration
}

// main measures the todods it is told of, one after the other, and prints.
func main() {
	token := flag.String("token", "", "a token whose user gets tasks")
	turns := flag.Int("turns", 300, "how often each request is sent")
	var todods []string
	flag.Func("url", "name=URL of a todod; can be repeated", func(s string) error {
		todods = append(todods, s)
		return nil
	})
	flag.Parse()
	for _, named := range todods {
		name, url, _ := strings.Cut(named, "=")
		b := &bench{url: url, token: *token, took: map[string][]time.Duration{}, run: fmt.Sprintf("bench-%x", time.Now().UnixNano())}
		if err := b.measure(*turns); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		b.print(name)
	}
}

// measure makes the tasks and sends each request so many times.
func (b *bench) measure(turns int) error {
	if err := b.load(); err != nil {
		return err
	}
	batch := `{"atomic":true,"operations":[` + strings.TrimSuffix(strings.Repeat(`{"op":"create","task":`+create+`},`, 100), ",") + `]}`
	toggle := fmt.Sprintf("/api/v1/tasks/%d/toggle", b.id)
	for range turns {
		asks := []func() error{
			b.lists,
			func() error { return b.send("create", http.MethodPost, "/api/v1/tasks", create, false) },
			func() error { return b.send("create with a key", http.MethodPost, "/api/v1/tasks", create, true) },
			func() error { return b.send(batchOf100, http.MethodPost, "/api/v1/tasks/batch", batch, false) },
			b.fiveCreates,
			func() error { return b.send("toggle", http.MethodPatch, toggle, "", false) },
			func() error { return b.send("toggle with a key", http.MethodPatch, toggle, "", true) },
		}
		// In another order each time: what comes after a list pays for its garbage.
		rand.Shuffle(len(asks), func(i, j int) { asks[i], asks[j] = asks[j], asks[i] }) //nolint:gosec // no secret
		for _, ask := range asks {
			if err := ask(); err != nil {
				return err
			}
		}
	}
	return nil
}

// load makes as many tasks as a full page has.
func (b *bench) load() error {
	for range tasks {
		body, _, err := b.do(http.MethodPost, "/api/v1/tasks", `{"title":"a task of the list","description":"with some words"}`,
			nil, http.StatusCreated)
		if err != nil {
			return err
		}
		var made struct{ ID int64 }
		if err := json.Unmarshal(body, &made); err != nil {
			return err
		}
		b.id = made.ID
	}
	return nil
}

// lists asks for the list twice: it has changed since the last turn, and then it has not.
func (b *bench) lists() error {
	if err := b.list("list of 1,000", "", http.StatusOK); err != nil {
		return err
	}
	return b.list("unchanged list", b.etag, http.StatusNotModified)
}

// list asks for the list, with the entity tag of what is known, and keeps the tag that comes.
func (b *bench) list(kind, etag string, want int) error {
	header := map[string]string{}
	if etag != "" {
		header["If-None-Match"] = etag
	}
	start := time.Now()
	_, got, err := b.do(http.MethodGet, fmt.Sprintf("/api/v1/tasks?limit=%d", tasks), "", header, want)
	b.took[kind] = append(b.took[kind], time.Since(start))
	b.etag = got.Get("ETag")
	return err
}

// The kinds of request that are compared as many tasks against a few.
const (
	batchOf100  = "batch of 100"
	fiveCreates = "five creates"
)

// fiveCreates makes five tasks, one after the other.
func (b *bench) fiveCreates() error {
	start := time.Now()
	for range 5 {
		if _, _, err := b.do(http.MethodPost, "/api/v1/tasks", create, nil, http.StatusCreated); err != nil {
			return err
		}
	}
	b.took[fiveCreates] = append(b.took[fiveCreates], time.Since(start))
	return nil
}

// send sends a write, with a new key if it is to have one.
func (b *bench) send(kind, method, path, body string, keyed bool) error {
	header, want := map[string]string{}, http.StatusOK
	if keyed {
		b.n++
		header["Idempotency-Key"] = fmt.Sprintf("%s-%d", b.run, b.n)
	}
	if method == http.MethodPost && kind != batchOf100 {
		want = http.StatusCreated
	}
	start := time.Now()
	_, _, err := b.do(method, path, body, header, want)
	b.took[kind] = append(b.took[kind], time.Since(start))
	return err
}

// do sends a request and returns the answer, which must have the wanted status.
func (b *bench) do(method, path, body string, header map[string]string, want int) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return got, resp.Header, err
}

// print writes a line for each pair.
func (b *bench) print(name string) {
	for _, pair := range [][2]string{
		{"unchanged list", "list of 1,000"}, {"create with a key", "create"}, {"toggle with a key", "toggle"},
		{batchOf100, fiveCreates},
	} {
		a, z := median(b.took[pair[0]]), median(b.took[pair[1]])
		fmt.Printf("%-10s %-18s %9s   %-14s %9s   ratio %.3f\n", name, pair[0], a.Round(time.Microsecond), pair[1],
			z.Round(time.Microsecond), float64(a)/float64(z))
	}
}

// median returns the median of what some requests took.
func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}
