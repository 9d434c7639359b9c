package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// garbageKept is how many bytes may be garbage before the heap is collected, however little of it is in use: with the few MiB
// that most processes use, Go's default would collect many times a second, which takes a tenth of the CPU of a request. What
// is more than that in use is collected as by default, whenever as much again is garbage.
const garbageKept = 24 << 20

// The bounds of the percentage that garbageKept leads to; the lower one is Go's default.
const (
	leastPercent = 100
	mostPercent  = 400
)

// A collector sets how often the heap is collected, after each time that it was.
type collector struct {
	percent int
	live    [1]metrics.Sample
}

// collectSeldom has the heap collected as seldom as garbageKept says, as long as the process lives. GOMEMLIMIT goes before.
func collectSeldom() {
	c := &collector{percent: leastPercent}
	c.live[0].Name = "/gc/heap/live:bytes"
	runtime.SetFinalizer(c, (*collector).collected)
}

// collected is called after a collection, as nothing but the runtime knows c.
func (c *collector) collected() {
	metrics.Read(c.live[:])
	if percent := percentFor(c.live[0].Value.Uint64()); percent*10 < c.percent*9 || percent*10 > c.percent*11 { // it stops the world
		c.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(c, (*collector).collected)
}

// percentFor returns the percentage of live, the bytes in use, that may be garbage.
func percentFor(live uint64) int {
	return int(min(max(garbageKept*100/max(live, 1), leastPercent), mostPercent))
}
