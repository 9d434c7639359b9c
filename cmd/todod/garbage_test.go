package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestLittleHeapsHaveMuchGarbage(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 6 << 20: 400, 12 << 20: 200, 24 << 20: 100, 1 << 30: 100} {
		if got := percentFor(live); got != want {
			t.Errorf("%d bytes in use: %d %%, want %d", live, got, want)
		}
	}
}

// TestTheCollectorFollowsTheHeap: once it has been collected, and again when more is in use.
func TestTheCollectorFollowsTheHeap(t *testing.T) {
	before := debug.SetGCPercent(leastPercent)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	collectSeldom()
	much := make([]byte, 64<<20)
	waitFor(t, "Go's default", func() bool { return collectedAt() == leastPercent })
	runtime.KeepAlive(much)
	waitFor(t, "more garbage", func() bool { return collectedAt() > leastPercent })
}

// collectedAt returns the percentage that is set some time after a collection.
func collectedAt() int {
	runtime.GC()
	time.Sleep(10 * time.Millisecond) // the finalizer has a goroutine of its own
	percent := debug.SetGCPercent(leastPercent)
	debug.SetGCPercent(percent)
	return percent
}
