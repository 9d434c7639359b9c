package httpapi

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// TestATallyIsBounded: a flood of callers takes no more memory than the first ten thousand.
func TestATallyIsBounded(t *testing.T) {
	tallies := newTally(time.Now)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 300_000 {
		if n := tallies.count(fmt.Sprintf("address:2001:db8:%x:%x::/64", i>>16, i&0xffff)); n != 1 {
			t.Fatalf("the first is number %d", n)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := tallies.callers.Len(); n != tallied {
		t.Errorf("%d callers are remembered", n)
	}
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d KiB for %d callers", grown>>10, tallied)
	if grown > 8<<20 {
		t.Errorf("%d bytes", grown)
	}
	if n := tallies.count("address:2001:db8:4:93df::/64"); n != 2 {
		t.Errorf("the last, once more, is number %d", n)
	}
}
