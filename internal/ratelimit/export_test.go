package ratelimit

import "time"

// SetBound changes how long f waits for its shared source.
func (f *Fallback) SetBound(d time.Duration) { f.bound = d }

// SetNow changes the clock by which f asks a lost source again.
func (f *Fallback) SetNow(now func() time.Time) { f.now = now }

// SetNow has r go by another clock than Redis's.
func (r *Redis) SetNow(now func() time.Time) { r.now = now }

// Len returns how many callers m knows.
func (m *Memory) Len() int { return len(m.callers) }
