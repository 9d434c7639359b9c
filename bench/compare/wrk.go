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
	"strings"
	"sync"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// requests are the files that wrk reads, in a folder of their own.
type requests struct{ folder string }

// A script is what a server is asked for in one operation.
type script struct {
	name    string
	route   route
	learned []string // by the number of the user
}

// script makes ready what s is asked for in op.
func (s *server) script(ctx context.Context, op operation) (script, error) {
	r := s.route(op)
	learned, err := s.prepare(ctx, r)
	if err != nil {
		return script{}, fmt.Errorf("%s of %s: %w", op.name, s.name, err)
	}
	return script{fmt.Sprintf("%s-%d", op.name, s.samples), r, learned}, nil
}

// writeRequests writes what wrk sends for op.
func (s *server) writeRequests(ctx context.Context, op operation, parts int) (requests, error) {
	only, err := s.script(ctx, op)
	if err != nil {
		return requests{}, err
	}
	return s.write([]script{only}, only.route.turns(s.data), 1, parts)
}

// write writes a file for each thread with so many turns of all scripts. The threads have different users, so that the
// requests of one user keep their order; users begin with different scripts. Numbers rise by step from turn to turn.
func (s *server) write(scripts []script, turns, step, parts int) (r requests, err error) {
	at, err := url.Parse(s.url)
	if err != nil {
		return requests{}, err
	}
	if r.folder, err = os.MkdirTemp(s.folder, "wrk"); err != nil {
		return requests{}, err
	}
	for part := range parts {
		var all bytes.Buffer
		for place := range turns * len(scripts) {
			for user := 1 + part; user <= s.data.users; user += parts {
				k := (place + user) % len(scripts)
				one, number := scripts[k], place/len(scripts)*step+k
				t := turn{user: user, number: number, learned: one.learned[user], sample: one.name}
				request := one.route.request(s.data, at.Host, s.tokens[user], t)
				fmt.Fprintf(&all, "%d\n%s", len(request), request)
			}
		}
		err = errors.Join(err, os.WriteFile(r.part(strconv.Itoa(part)), all.Bytes(), 0o600))
	}
	//nolint:gosec // in our temporary folder
	return r, errors.Join(err, os.WriteFile(filepath.Join(r.folder, "wrk.lua"), wrkScript, 0o600))
}

// prepare learns what the requests of r need to know, by the number of their user. It makes sure that the answer is
// what it has to be: wrk counts only what is 400 or more.
func (s *server) prepare(ctx context.Context, r route) ([]string, error) {
	learned := make([]string, s.data.users+1)
	if r.learn != nil {
		if err := s.learn(ctx, r, learned); err != nil {
			return nil, err
		}
	}
	return learned, s.try(ctx, r, turn{user: 1, learned: learned[1], sample: fmt.Sprintf("tried-%d", s.samples)})
}

// learn asks for all users, eight at once.
func (s *server) learn(ctx context.Context, r route, learned []string) error {
	failed := make([]error, len(learned))
	free := make(chan struct{}, 8)
	var all sync.WaitGroup
	for user := 1; user <= s.data.users; user++ {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			learned[user], failed[user] = r.learn(s, ctx, user)
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// try sends one request of r and wants a good answer.
func (s *server) try(ctx context.Context, r route, t turn) error {
	r = r.in(s.data, t)
	header := s.bearer(t.user)
	if name, value, ok := strings.Cut(r.header, ": "); ok {
		header.Set(name, value)
	}
	_, err := ask(ctx, r.method, s.url+r.path, r.status, header, r.body)
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
		return sample{}, fmt.Errorf("no request was answered:\n%s", out)
	}
	return s, nil
}

// part returns the file of a thread, or what the names of all begin with.
func (r requests) part(thread string) string { return filepath.Join(r.folder, "part"+thread) }

// remove removes the files.
func (r requests) remove() { _ = os.RemoveAll(r.folder) }
