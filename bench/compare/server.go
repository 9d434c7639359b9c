package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// A server answers requests over HTTP: a todod as it is deployed, or a peer.
type server struct {
	name     string
	process  *process
	url      string
	metrics  string           // the URL of todod's metrics, "" of a peer
	routes   map[string]route // of a peer, by operation; nil: those of todod
	database []*process       // those that keep its data, and what stands before them
	data     dataset
	tokens   []string // by the number of their user
	folder   string
	samples  int // so far, so that each has texts of its own
}

// start starts the server by cmd and returns when it answers at the path ready.
func (s *server) start(ctx context.Context, cmd *exec.Cmd, ready string) (err error) {
	if s.process, err = start("server", s.folder, cmd, syscall.SIGTERM); err != nil {
		return err
	}
	err = s.process.await(ctx, func(ctx context.Context) error {
		_, err := ask(ctx, http.MethodGet, s.url+ready, http.StatusOK, nil)
		return err
	})
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.name, err), s.process.stop())
	}
	return nil
}

// localURL returns the URL of a server at a port of 127.0.0.1.
func localURL(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }

// label implements contestant.
func (s *server) label() string { return s.name }

// plays implements contestant.
func (s *server) plays(op operation) bool {
	_, known := s.routes[op.name]
	return known || s.routes == nil
}

// route returns how the server is asked for op.
func (s *server) route(op operation) route {
	if r, ok := s.routes[op.name]; ok {
		return r
	}
	return op.route
}

// sample implements contestant.
func (s *server) sample(ctx context.Context, op operation, clients int, length time.Duration) (sample, error) {
	s.samples++
	requests, err := s.writeRequests(ctx, op, threads(clients))
	if err != nil {
		return sample{}, err
	}
	defer requests.remove()
	if err := errors.Join(s.process.forget(), forgetPeak(s.process.id)); err != nil {
		return sample{}, err
	}
	before, err := s.look(ctx)
	if err != nil {
		return sample{}, err
	}
	result, err := requests.send(ctx, s.url, clients, length)
	if err != nil {
		return sample{}, fmt.Errorf("%w; the log of %s:\n%s", err, s.name, s.process.tail())
	}
	after, err := s.look(ctx)
	if err != nil {
		return sample{}, err
	}
	result.addUsage(before, after)
	result.peak, err = peakOf(s.process.id)
	return result, err
}
