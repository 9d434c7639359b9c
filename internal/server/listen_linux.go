package server

import (
	"math"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall doesn't name.
const tcpUserTimeout = 18

// dropSilent has the connections that are accepted on a socket end when nothing that was sent is confirmed for as long as
// patience. Without it, a client that vanished keeps its event streams for a quarter of an hour: their heartbeats are
// sent again and again.
func dropSilent(socket syscall.RawConn, patience time.Duration) error {
	var failed error
	err := socket.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(patience.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}

// openFiles returns how many files and connections the system lets this process have open.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(limit.Cur, math.MaxInt32))
}
