// Package redistest gives tests a real Redis (or Valkey) of their own, in a temporary folder, on a port of 127.0.0.1, which
// can be killed, frozen and started again.
//
// A machine that has neither fails the test: nothing is skipped. Only tests import this package.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

// patience bounds how long a server may take to start: generous, as machines are shared.
const patience = 30 * time.Second

// binaries are what the server may be called. scripts/ensure-redis.sh looks for the same.
var binaries = []string{"redis-server", "valkey-server"}

// errNone is what a machine without Redis answers.
var errNone = errors.New("no Redis on this machine: `make test` brings one on Debian and Ubuntu; " +
	"elsewhere install redis-server (6 or newer) or valkey-server")

// A Server is a Redis that keeps nothing on disk.
type Server struct {
	URL    string // of its first database; stays the same
	Socket string // the path of its Unix socket

	bin     string
	folder  string
	port    int
	args    []string
	process *os.Process
	ended   chan struct{} // closed when the process is gone
}

// Start starts a Redis that ends with t, with these arguments besides its own. It is safe in parallel tests.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	bin, err := find()
	if err != nil {
		t.Fatalf("redistest: %v", err)
	}
	folder, err := os.MkdirTemp("", "todod-redistest-") //nolint:usetesting // that one's name may be too long for a socket
	if err != nil {
		t.Fatalf("redistest: %v", err)
	}
	s := &Server{bin: bin, folder: folder, args: args, Socket: filepath.Join(folder, "socket")}
	t.Cleanup(func() {
		s.Kill(t)
		_ = os.RemoveAll(folder)
	})
	// A free port may be taken by somebody else before the server has it, hence the attempts.
	for range 3 {
		if s.port, err = freePort(t.Context()); err != nil {
			t.Fatalf("redistest: %v", err)
		}
		if err = s.launch(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
			break
		}
	}
	if err != nil {
		t.Fatalf("redistest: %v", err)
	}
	s.URL = fmt.Sprintf("redis://127.0.0.1:%d/0", s.port)
	return s
}

// Kill kills the server, which can't tell anybody and forgets everything, and returns when it is gone.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return // it was never started
	}
	if err := s.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("redistest: %v", err)
	}
	<-s.ended
}

// Restart starts a killed server again, on the port it had, and returns when it accepts connections.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.launch(t.Context()); err != nil {
		t.Fatalf("redistest: %v", err)
	}
}

// Do sends the server a command over a connection of its own, without a password, and returns what it answers within five
// seconds.
func (s *Server) Do(t testing.TB, command string, args ...any) (answer any, err error) {
	t.Helper()
	client, err := redis.DialURLContext(t.Context(), s.URL, redis.DialReadTimeout(5*time.Second))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return client.Do(command, args...)
}

// launch runs the server on its port and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor
	// Not CommandContext: the server outlives whoever starts it.
	cmd := exec.Command(s.bin, append([]string{ //nolint:gosec,noctx // our own choice of binary; see above
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--unixsocket", s.Socket, "--dir", s.folder,
		"--save", "", "--appendonly", "no",
	}, s.args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.folder, log, log
	endWithParent(cmd)
	if err := s.run(cmd); err != nil {
		return fmt.Errorf("start %s: %w", s.bin, err)
	}
	for {
		if err = answers(ctx, s.Socket); err == nil {
			return nil
		}
		select {
		case <-s.ended:
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s ended at once; it said:\n%s", s.bin, said)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", s.bin, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// run starts cmd and watches over it until it ends. It does so in a goroutine that keeps its thread: on Linux the server
// is told to end with its parent, and the parent is the thread that forked it.
func (s *Server) run(cmd *exec.Cmd) error {
	started := make(chan error)
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it was killed, or its output says why
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.ended = cmd.Process, ended
	return nil
}

// answers returns an error unless there is an answer at the socket: any, as there may be a password.
func answers(ctx context.Context, socket string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// find returns the path of the server's binary. The error is errNone.
func find() (string, error) {
	for _, name := range binaries {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNone
}

// freePort returns a port of 127.0.0.1 that nobody listened on a moment ago.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
