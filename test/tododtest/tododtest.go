// Package tododtest builds todod and runs it for tests, as an operator does. Only tests import this package.
package tododtest

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"todod/internal/logtest"
)

// patience bounds how long todod may take to be ready and to end: generous, as machines are shared.
const patience = 30 * time.Second

// binary builds todod once and returns its path: in the project's bin folder, as the next run can use it again, and under
// the name of the package that is tested, as packages are tested at the same time.
var binary = sync.OnceValues(func() (string, error) {
	ctx := context.Background()
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", err
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return "", err
	}
	path := filepath.Join(strings.TrimSpace(string(module)), "bin", "under-test", filepath.Base(here))
	//nolint:gosec // our own choice of path
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "todod/cmd/todod").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// Command returns todod with args, in a folder and an environment of its own: it listens on a free port of 127.0.0.1 and
// limits no rates and logs everything unless env says otherwise.
func Command(t testing.TB, folder string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build todod: %v", err)
	}
	return program(path, folder, env, args...)
}

// program is Command with another todod, at path.
func program(path, folder string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), path, args...) //nolint:gosec // our own choice of path
	cmd.Dir = folder
	cmd.Env = append([]string{"API_HOST=127.0.0.1", "API_PORT=0", "RATE_LIMIT_ENABLED=false", "LOG_LEVEL=DEBUG"}, env...)
	return cmd
}

// A Process is a todod that serves, or a program that it works with.
type Process struct {
	*exec.Cmd
	URL string // of a todod
	Out *logtest.Output

	done chan struct{} // closed when it has ended
}

// listening finds the address in the line that a start logs.
var listening = regexp.MustCompile(`listens on ([0-9.:]+)`)

// Start serves from folder until the test ends, and returns when todod is ready.
func Start(t testing.TB, folder string, env ...string) *Process {
	t.Helper()
	return start(t, Command(t, folder, env), folder, env)
}

// StartProgram is Start with another todod, at path.
func StartProgram(t testing.TB, path, folder string, env ...string) *Process {
	t.Helper()
	return start(t, program(path, folder, env), folder, env)
}

// start is Start with the command that serves.
func start(t testing.TB, cmd *exec.Cmd, folder string, env []string) *Process {
	t.Helper()
	known := &logtest.Known{}
	out := &logtest.Output{}
	known.Watch(t, out)
	t.Cleanup(func() { // once more, as files may have changed
		known.Environment(env...)
		known.Environment("DEVELOPMENT_SECRET_FILE=" + filepath.Join(folder, "data", "secret"))
	})
	known.Environment(env...)
	p := run(t, cmd, out)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if at := listening.FindStringSubmatch(p.Out.String()); at != nil {
			p.URL = "http://" + at[1]
			if p.ready() {
				return p
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("todod did not start:\n%s", p.Out)
		}
	}
}

// Run starts a program that runs until it is told to end, or the test ends.
func Run(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	return run(t, cmd, &logtest.Output{})
}

// run is Run with out for what the program prints.
func run(t testing.TB, cmd *exec.Cmd, out *logtest.Output) *Process {
	t.Helper()
	p := &Process{Cmd: cmd, Out: out, done: make(chan struct{})}
	p.Stdout, p.Stderr = p.Out, p.Out
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // the exit code is looked at by who waits for done
		close(p.done)
	}()
	t.Cleanup(func() { p.Signal(t, syscall.SIGKILL) })
	return p
}

// ready tells whether todod says that it is.
func (p *Process) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/health/readiness", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Signal sends a signal and returns the exit code once the process has ended.
func (p *Process) Signal(t testing.TB, s syscall.Signal) int {
	t.Helper()
	_ = p.Process.Signal(s) // it may have ended
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("%s does not end:\n%s", filepath.Base(p.Path), p.Out)
	}
	return p.ProcessState.ExitCode()
}
