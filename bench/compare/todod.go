package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// tokenSecret signs the tokens of the users.
const tokenSecret = "a-secret-of-the-bench-and-of-nothing-else"

// A server is a todod that serves, as it is deployed.
type server struct {
	name     string
	process  *process
	url      string
	metrics  string     // the URL of its metrics
	database []*process // those that keep its data, and what stands before them
	data     dataset
	tokens   []string // by the number of their user
	folder   string
	samples  int // so far, so that each has texts of its own
}

// environment returns how every todod runs: strictly, as in production, with all that is on by default. The limits are
// where nobody reaches them.
func environment(port, metricsPort int, more []string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"APP_ENV=production",
		"API_HOST=127.0.0.1",
		"API_PORT=" + strconv.Itoa(port),
		"METRICS_PORT=" + strconv.Itoa(metricsPort),
		"ALLOWED_ORIGINS=https://app.example.com",
		"AUTH_PROVIDER=local",
		"BETTER_AUTH_SECRET=" + tokenSecret,
		"RATE_LIMIT_AUTHENTICATED=1000000/s",
		"RATE_LIMIT_ANONYMOUS=1000000/s",
		"MAX_TASKS_PER_USER=10000000",
	}, more...)
}

// migrate brings the database that variables name up to date.
func (b binary) migrate(ctx context.Context, folder string, variables []string) error {
	cmd := exec.CommandContext(ctx, b.path, "migrate") //nolint:gosec // our own build
	cmd.Dir, cmd.Env = folder, environment(8000, 0, variables)
	_, err := output(cmd)
	return err
}

// serve starts todod and returns when it is ready.
func (b binary) serve(ctx context.Context, folder string, variables []string) (*server, error) {
	port, errPort := freePort(ctx)
	metricsPort, err := freePort(ctx)
	if err := errors.Join(errPort, err); err != nil {
		return nil, err
	}
	cmd := exec.Command(b.path) //nolint:gosec,noctx // our own build; it is stopped, not killed
	cmd.Dir, cmd.Env = folder, environment(port, metricsPort, variables)
	p, err := start("todod", folder, cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	s := &server{
		name: b.name, process: p, folder: folder,
		url:     fmt.Sprintf("http://127.0.0.1:%d", port),
		metrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", metricsPort),
	}
	err = p.await(ctx, func(ctx context.Context) error {
		_, err := ask(ctx, http.MethodGet, s.url+"/health/readiness", http.StatusOK, nil)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return s, nil
}

// label implements contestant.
func (s *server) label() string { return s.name }

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
