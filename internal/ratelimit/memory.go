package ratelimit

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Memory is a Source for one process. A flood of keys can't make it grow: beyond its capacity it forgets the key whose
// full quota is back the soonest. That is whom it gives the least. So a flood of callers who have asked for little never
// makes it forget one who is held back, which is what somebody who tries passwords would want.
type Memory struct {
	now      func() time.Time
	capacity int

	mu      sync.Mutex // one lock for all: it is held for a fraction of a microsecond
	callers map[string]*caller
	soonest byReturn
}

// A caller is what Memory knows of a key.
type caller struct {
	key   string
	tat   time.Time // when the full quota is back
	place int       // in the heap
}

// NewMemory returns a Memory for up to capacity keys, at least one, that reads the time from now.
func NewMemory(now func() time.Time, capacity int) *Memory {
	return &Memory{now: now, capacity: max(capacity, 1), callers: map[string]*caller{}}
}

// Take implements Source; it never fails.
func (m *Memory) Take(_ context.Context, key string, rate Rate, n int) (Decision, error) {
	return m.count(key, n, rate.Take), nil
}

// Charge implements Source; it never fails.
func (m *Memory) Charge(_ context.Context, key string, rate Rate, n int) (Decision, error) {
	return m.count(key, n, rate.Charge), nil
}

// count has step, a method of Rate, count a cost of n against key, and keeps what comes of it.
func (m *Memory) count(key string, n int, step func(tat, now time.Time, n int) (time.Time, Decision)) Decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.forget(now)
	c, known := m.callers[key]
	if !known {
		c = &caller{key: key}
	}
	tat, d := step(c.tat, now, n)
	if n == 0 || !known && !tat.After(now) {
		return d
	}
	c.tat = tat
	if known {
		heap.Fix(&m.soonest, c.place)
		return d
	}
	if len(m.soonest) >= m.capacity {
		m.drop()
	}
	m.callers[key] = c
	heap.Push(&m.soonest, c)
	return d
}

// forget drops those whose quota is back: two at most, so that no request pays for many, and yet they go faster than they
// come.
func (m *Memory) forget(now time.Time) {
	for range 2 {
		if len(m.soonest) == 0 || m.soonest[0].tat.After(now) {
			return
		}
		m.drop()
	}
}

// drop forgets the caller whose quota is back the soonest.
func (m *Memory) drop() {
	c := heap.Pop(&m.soonest).(*caller)
	delete(m.callers, c.key)
}

// byReturn is a heap of callers, the one whose quota is back the soonest first.
type byReturn []*caller

// Len implements heap.Interface.
func (h byReturn) Len() int { return len(h) }

// Less implements heap.Interface.
func (h byReturn) Less(i, j int) bool { return h[i].tat.Before(h[j].tat) }

// Swap implements heap.Interface.
func (h byReturn) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *byReturn) Push(x any) {
	c := x.(*caller)
	c.place = len(*h)
	*h = append(*h, c)
}

// Pop implements heap.Interface.
func (h *byReturn) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = nil // for the garbage collector
	*h = (*h)[:last]
	return c
}
