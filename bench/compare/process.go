package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// patience bounds how long a server may take to be ready and to end: generous, as machines are shared.
const patience = time.Minute

// A process is a server that this program has started.
type process struct {
	name  string // for messages
	log   string // the file of its output
	quit  syscall.Signal
	id    int
	self  *os.Process
	ended chan struct{} // closed when it is gone
}

// start starts cmd. Its output goes to a file in folder. It is told to quit when this program is killed.
func start(name, folder string, cmd *exec.Cmd, quit syscall.Signal) (*process, error) {
	p := &process{name: name, quit: quit, log: filepath.Join(folder, name+".log"), ended: make(chan struct{})}
	// Appended to, so that the file can be emptied while the server runs.
	//nolint:gosec // in our temporary folder
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor
	cmd.Stdout, cmd.Stderr = log, log
	detach(cmd, quit)
	if err := p.run(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run starts cmd and waits for its end in a goroutine that keeps its thread: on Linux a process is told to end when the
// thread that started it does.
func (p *process) run(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the log says why it ended
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	p.self, p.id = cmd.Process, cmd.Process.Pid
	return nil
}

// await returns when ready does without an error, or with the last lines of the log if the process ends or takes too
// long.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	return p.awaitEvery(ctx, 20*time.Millisecond, ready)
}

// awaitEvery is await with the time between two looks.
func (p *process) awaitEvery(ctx context.Context, pause time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at once; its log:\n%s", p.name, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s does not get ready: %w; its log:\n%s", p.name, err, p.tail())
		case <-time.After(pause):
		}
	}
}

// stop ends the process. One that does not end in time is killed.
func (p *process) stop() error {
	if err := p.self.Signal(p.quit); err != nil {
		_ = p.self.Kill() // it has ended
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		_ = p.self.Kill()
		<-p.ended
		return fmt.Errorf("%s had to be killed", p.name)
	}
}

// forget empties the log, which a sample of many requests makes long.
func (p *process) forget() error { return os.Truncate(p.log, 0) }

// tail returns the last lines of the log.
func (p *process) tail() string {
	log, err := os.ReadFile(p.log) //nolint:gosec // in our temporary folder
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// freePort returns a port of 127.0.0.1 that nobody listened on a moment ago.
func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// output runs a command to its end and returns what it printed. The error has that, too.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
