package observe

import (
	"maps"
	"sync"
	"sync/atomic"
)

// children keeps what a metric counts by for each set of labels, so that counting neither allocates nor waits for a lock
// once the set was seen. It holds at most a given number of sets: what comes after them counts as rest, so that nothing that
// comes from outside can make a metric grow without end. It is safe for concurrent use.
type children[K comparable, C any] struct {
	known  atomic.Pointer[map[K]C] // never written to, only replaced
	mu     sync.Mutex              // held by who replaces it
	create func(K) C
	most   int
	rest   K
}

// newChildren returns children that are made by create, at most so many and one more for all the rest.
func newChildren[K comparable, C any](most int, rest K, create func(K) C) *children[K, C] {
	c := &children[K, C]{create: create, most: most, rest: rest}
	c.known.Store(&map[K]C{})
	return c
}

// of returns the child of key, making it if it is new.
func (c *children[K, C]) of(key K) C {
	if child, ok := (*c.known.Load())[key]; ok {
		return child
	}
	return c.add(key)
}

// add returns the child of a key that was not known a moment ago.
func (c *children[K, C]) add(key K) C {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.known.Load()
	if _, ok := known[key]; !ok && len(known) >= c.most {
		key = c.rest
	}
	if child, ok := known[key]; ok {
		return child
	}
	child := c.create(key)
	larger := maps.Clone(known)
	larger[key] = child
	c.known.Store(&larger)
	return child
}
