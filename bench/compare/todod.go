package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
)

// tokenSecret signs the tokens of the users.
const tokenSecret = "a-secret-of-the-bench-and-of-nothing-else"

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
	s := &server{name: b.name, folder: folder, url: localURL(port), metrics: localURL(metricsPort) + "/metrics"}
	err = s.start(ctx, cmd, "/health/readiness")
	return s, err
}
