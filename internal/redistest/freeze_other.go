//go:build !unix

package redistest

import "testing"

// Freeze fails the test: only Unix can stop a process where it is.
func (s *Server) Freeze(t testing.TB) {
	t.Fatal("redistest: this system can't stop a process where it is")
}

// Thaw does nothing: no server was frozen.
func (s *Server) Thaw(testing.TB) {}
