// Package nodetest runs Node programs for tests, with the npm packages that their lock file names.
//
// A machine without Node fails the test: nothing is skipped. Only tests import this package.
package nodetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	oldestNode = 22

	installPatience = 5 * time.Minute
	startPatience   = time.Minute // generous, as a machine may run many test binaries at once
	stopPatience    = 10 * time.Second
)

// errNoNode is what a machine without a Node that is new enough answers.
var errNoNode = fmt.Errorf("no Node.js %d or newer on the PATH: `make test` brings one on Debian and Ubuntu; "+
	"elsewhere install nodejs and npm", oldestNode)

// Install brings the npm packages of the project in folder, exactly those of its package-lock.json, unless they are there
// and no older than that file. It says nothing unless it fails, and then ends the test. It may be called by several test
// binaries at once: one installs, the others wait.
func Install(t testing.TB, folder string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), installPatience)
	defer cancel()
	if err := install(ctx, folder); err != nil {
		t.Fatalf("nodetest: %v", err)
	}
}

// install is Install with an error.
func install(ctx context.Context, folder string) error {
	if err := checkNode(ctx); err != nil {
		return err
	}
	unlock, err := lock(folder)
	if err != nil {
		return err
	}
	defer unlock()
	if current, err := installed(folder); current || err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = folder
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in %s: %w\n%s", folder, err, output)
	}
	return nil
}

// checkNode returns an error unless there is a Node of at least version oldestNode.
func checkNode(ctx context.Context) error {
	output, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Errorf("%w (%w)", errNoNode, err)
	}
	version := strings.TrimSpace(string(output))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestNode {
		return fmt.Errorf("%w (it is %s)", errNoNode, version)
	}
	return nil
}

// installed tells whether the packages of the project in folder are there and no older than its lock file. npm writes a
// copy of that file as the last thing it does, so that half an installation is none.
func installed(folder string) (bool, error) {
	wanted, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return false, err
	}
	done, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && !done.ModTime().Before(wanted.ModTime()), err
}

// Run starts a script of the project in folder, whose packages it installs first, and returns the first line that the
// script prints, which says that it is ready. The script must end when its standard input does, and has to: that is when
// t ends, or the test binary, however it does. Beside PATH, HOME and NODE_ENV=production its environment is env. What it
// says on standard error is logged if the test fails.
func Run(t testing.TB, folder, script string, env ...string) string {
	t.Helper()
	Install(t, folder)
	// The context is the last resort for a script that doesn't end with its input.
	ctx, kill := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "node", script) //nolint:gosec // a script of ours
	cmd.Dir = folder
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "NODE_ENV=production"}, env...)
	said := new(transcript)
	cmd.Stderr = said
	stdin, stdout, err := pipes(cmd)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		kill()
		t.Fatalf("nodetest: %v", err)
	}
	line, ended := firstLine(stdout), make(chan error, 1)
	t.Cleanup(func() {
		defer kill()
		_ = stdin.Close()
		go func() { ended <- cmd.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("nodetest: %s: %v", script, err)
			}
		case <-time.After(stopPatience):
			t.Errorf("nodetest: %s does not end with its standard input", script)
		}
		if t.Failed() && said.String() != "" {
			t.Logf("%s said:\n%s", script, said)
		}
	})
	select {
	case ready, ok := <-line:
		if ok {
			return ready
		}
		t.Fatalf("nodetest: %s printed no line", script)
	case <-time.After(startPatience):
		t.Fatalf("nodetest: %s is not ready after %v", script, startPatience)
	}
	return ""
}

// pipes returns the ends of cmd's standard input and output.
func pipes(cmd *exec.Cmd) (stdin io.Closer, stdout io.Reader, err error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	return in, out, err
}

// firstLine returns a channel with the first line of r, or, when r ends before it, closed without one. All that follows
// is read and dropped, so that the writer never waits.
func firstLine(r io.Reader) <-chan string {
	line := make(chan string, 1)
	go func() {
		defer close(line)
		buffered := bufio.NewReader(r)
		first, err := buffered.ReadString('\n')
		if err == nil {
			line <- strings.TrimSuffix(first, "\n")
			_, _ = io.Copy(io.Discard, buffered) // it ends with the process
		}
	}()
	return line
}

// A transcript keeps what a process says, to be read at any time.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns all that was said.
func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
