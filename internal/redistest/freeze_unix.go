//go:build unix

package redistest

import (
	"syscall"
	"testing"
)

// Freeze stops the server where it is: connections stay open, new ones are accepted by the system, and nobody answers.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

// signal sends the server a signal.
func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.process.Signal(signal); err != nil {
		t.Fatalf("redistest: %v", err)
	}
}
