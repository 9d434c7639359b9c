package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/term"
)

// newTerminal returns a terminal and the file of whoever sits before it.
func newTerminal(t *testing.T) (person, terminal *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	var n, unlocked int32
	for request, arg := range map[uintptr]*int32{syscall.TIOCGPTN: &n, syscall.TIOCSPTLCK: &unlocked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
			t.Fatal(errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return person, terminal
}

// A typist answers each prompt that is written to it.
type typist struct {
	mu      sync.Mutex
	asked   bytes.Buffer
	answers []string
	person  *os.File
}

// Write implements io.Writer: it is what the prompts go to.
func (p *typist) Write(prompt []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked.Write(prompt)
	if bytes.HasSuffix(prompt, []byte(": ")) && len(p.answers) > 0 {
		answer := p.answers[0]
		p.answers = p.answers[1:]
		if _, err := p.person.WriteString(answer); err != nil {
			return 0, err
		}
	}
	return len(prompt), nil
}

// echo reports whether a terminal shows what is typed.
func echo(t *testing.T, terminal *os.File) bool {
	t.Helper()
	var settings syscall.Termios
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&settings))); errno != 0 {
		t.Fatal(errno)
	}
	return settings.Lflag&syscall.ECHO != 0
}

func TestAPasswordIsTypedTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []string
		want    string
	}{
		"alike": {[]string{"correct horse\n", "correct horse\n"}, "correct horse"}, "not alike": {[]string{"correct horse\n", "wrong horse\n"}, ""},
	} {
		person, terminal := newTerminal(t)
		prompts := &typist{answers: c.answers, person: person}
		got, err := console{terminal, prompts}.newPassword(t.Context())
		if (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if !echo(t, terminal) || prompts.asked.String() != "Password: \nAgain: \n" {
			t.Errorf("%s: afterwards the terminal shows %v, and was asked %q", name, echo(t, terminal), &prompts.asked)
		}
	}
}

// TestATerminalShowsNoPassword, and shows what is typed again when the question is interrupted.
func TestATerminalShowsNoPassword(t *testing.T) {
	t.Parallel()
	_, terminal := newTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { _, err := console{terminal, &typist{}}.newPassword(ctx); ended <- err }()
	waitFor(t, "the terminal hiding what is typed", func() bool { return !echo(t, terminal) })
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v", err)
	}
	if !echo(t, terminal) || !term.IsTerminal(int(terminal.Fd())) {
		t.Error("the terminal goes on hiding what is typed")
	}
}

func TestALineIsTyped(t *testing.T) {
	t.Parallel()
	person, terminal := newTerminal(t)
	prompts := &typist{answers: []string{"ada@example.com\n"}, person: person}
	got, err := console{terminal, prompts}.line(t.Context(), "Type it again: ")
	if err != nil || got != "ada@example.com" || prompts.asked.String() != "Type it again: " {
		t.Errorf("%q, %v, asked %q", got, err, &prompts.asked)
	}
}
