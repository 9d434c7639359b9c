package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// requests are the files that wrk reads, in a folder of their own.
type requests struct{ folder string }

// writeRequests writes what wrk sends for op, a file for each thread. The threads have different users, so that the
// requests of one user keep their order.
func (s *server) writeRequests(ctx context.Context, op operation, parts int) (r requests, err error) {
	tags, err := s.prepare(ctx, op)
	if err != nil {
		return requests{}, err
	}
	at, err := url.Parse(s.url)
	if err != nil {
		return requests{}, err
	}
	if r.folder, err = os.MkdirTemp(s.folder, "wrk"); err != nil {
		return requests{}, err
	}
	text := fmt.Sprintf("%s-%d", op.name, s.samples)
	for part := range parts {
		var all bytes.Buffer
		for turn := range op.each(s.data) {
			for user := 1 + part; user <= s.data.users; user += parts {
				request := op.request(s.data, at.Host, user, turn, s.tokens[user], tags[user], text)
				fmt.Fprintf(&all, "%d\n%s", len(request), request)
			}
		}
		err = errors.Join(err, os.WriteFile(r.part(strconv.Itoa(part)), all.Bytes(), 0o600))
	}
	return r, errors.Join(err, os.WriteFile(filepath.Join(r.folder, "wrk.lua"), wrkScript, 0o600))
}

// prepare asks todod for the tags that op sends, by the number of their user, or none. It makes sure that the answer is
// what it has to be: wrk counts only what is 400 or more.
func (s *server) prepare(ctx context.Context, op operation) (map[int]string, error) {
	tags := map[int]string{}
	if !op.tagged {
		return tags, s.try(ctx, op, "")
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	var failed error
	free := make(chan struct{}, 8)
	for user := 1; user <= s.data.users; user++ {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			a, err := ask(ctx, op.method, s.url+op.path, http.StatusOK, s.bearer(user))
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			tags[user] = a.header.Get("ETag")
		})
	}
	all.Wait()
	if failed != nil {
		return nil, failed
	}
	return tags, s.try(ctx, op, tags[1])
}

// try sends one request of op and wants a good answer.
func (s *server) try(ctx context.Context, op operation, tag string) error {
	header, path, body := s.bearer(1), op.path, op.body
	if tag != "" {
		header.Set("If-None-Match", tag)
	}
	if op.aboutID {
		path = fmt.Sprintf(path, s.data.busyTask(1, 0))
	}
	if op.changes() {
		body = fmt.Sprintf(body, fmt.Sprintf("%s-%d", "tried", s.samples))
	}
	_, err := ask(ctx, op.method, s.url+path, op.status, header, body)
	return err
}

// bearer returns the headers of a user.
func (s *server) bearer(user int) http.Header {
	return http.Header{"Authorization": {"Bearer " + s.tokens[user]}, "Content-Type": {"application/json"}}
}

// sampleLine finds what the script prints at its end.
var sampleLine = regexp.MustCompile(`(?m)^sample (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$`)

// send has wrk send the requests to the server at url and returns how it went.
func (r requests) send(ctx context.Context, url string, clients int, length time.Duration) (s sample, err error) {
	//nolint:gosec // our own choice of arguments
	cmd := exec.CommandContext(ctx, "wrk", "-t", strconv.Itoa(threads(clients)), "-c", strconv.Itoa(clients),
		"-d", seconds(length)+"s", "--timeout", "30s", "-s", filepath.Join(r.folder, "wrk.lua"), url, "--", r.part(""))
	out, err := output(cmd)
	if err != nil {
		return sample{}, err
	}
	found := sampleLine.FindStringSubmatch(out)
	if found == nil {
		return sample{}, fmt.Errorf("wrk printed no sample:\n%s", out)
	}
	var numbers [6]int
	for i := range numbers {
		if numbers[i], err = strconv.Atoi(found[i+1]); err != nil {
			return sample{}, err
		}
	}
	s.requests, s.failed = numbers[0], numbers[3]
	s.rate = float64(s.requests) / (time.Duration(numbers[1]) * time.Microsecond).Seconds()
	s.bytesPerAnswer = float64(numbers[2]) / float64(max(1, s.requests))
	s.p50, s.p99 = time.Duration(numbers[4])*time.Microsecond, time.Duration(numbers[5])*time.Microsecond
	s.clientCPU = cmd.ProcessState.SystemTime() + cmd.ProcessState.UserTime()
	if s.requests == 0 {
		return sample{}, fmt.Errorf("todod answered no request:\n%s", out)
	}
	return s, nil
}

// part returns the file of a thread, or what the names of all begin with.
func (r requests) part(thread string) string { return filepath.Join(r.folder, "part"+thread) }

// remove removes the files.
func (r requests) remove() { _ = os.RemoveAll(r.folder) }
