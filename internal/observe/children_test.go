package observe

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// TestChildrenAreFewAndMadeOnce: however many goroutines ask for however many keys.
func TestChildrenAreFewAndMadeOnce(t *testing.T) {
	t.Parallel()
	var made sync.Map
	c := newChildren(10, "rest", func(key string) *atomic.Int64 {
		if _, twice := made.LoadOrStore(key, true); twice {
			t.Errorf("%s is made twice", key)
		}
		return &atomic.Int64{}
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 1000 {
				c.of(fmt.Sprint("key", i%50)).Add(1)
			}
		})
	}
	all.Wait()
	sum, n := int64(0), 0
	for key, child := range *c.known.Load() {
		sum += child.Load()
		n++
		if key == "rest" && child.Load() != 8*1000*40/50 {
			t.Errorf("the rest is %d", child.Load())
		}
	}
	if n != 11 || sum != 8000 {
		t.Errorf("%d children counted %d", n, sum)
	}
}
