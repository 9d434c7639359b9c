//go:build unix

package postgres

import "syscall"

// hasBytes reports whether a read of the socket fd would return at once: with bytes, its end or an error.
func hasBytes(fd uintptr) bool {
	var one [1]byte
	n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n > 0 || err == nil || err != syscall.EAGAIN && err != syscall.EWOULDBLOCK
}
