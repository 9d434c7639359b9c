package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Memory is a Source for one process. A flood of keys can't make it grow: beyond its capacity it forgets the key that
// was not used for the longest time.
type Memory struct {
	now  func() time.Time
	mu   sync.Mutex // one lock for all: it is held for a fraction of a microsecond
	tats *simplelru.LRU[string, time.Time]
}

// NewMemory returns a Memory for up to capacity keys, at least one, that reads the time from now.
func NewMemory(now func() time.Time, capacity int) *Memory {
	tats, err := simplelru.NewLRU[string, time.Time](max(capacity, 1), nil)
	if err != nil {
		panic(err) // only a capacity below one is refused
	}
	return &Memory{now: now, tats: tats}
}

// Take implements Source; it never fails.
func (m *Memory) Take(_ context.Context, key string, rate Rate, n int) (Decision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tat, _ := m.tats.Get(key)
	tat, d := rate.Take(tat, m.now(), n)
	if n > 0 {
		m.tats.Add(key, tat)
	}
	return d, nil
}
