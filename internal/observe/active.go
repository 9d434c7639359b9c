package observe

import (
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"time"
)

// The form of the sketch of one minute: 2^sketchBits registers, which estimate to about 2.3 %.
const (
	sketchBits = 11
	sketchSize = 1 << sketchBits
)

// activeMinutes is the longest time that activeUsers looks back, in minutes.
const activeMinutes = 15

// activeUsers estimates how many different users there were in the last minutes, in 30 KiB however many there were. It
// keeps no user: each leaves a trace in a HyperLogLog sketch of the minute (Flajolet et al., 2007), under a hash that is
// another one in every process. It is safe for concurrent use.
type activeUsers struct {
	now  func() time.Time
	seed maphash.Seed

	mu      sync.Mutex
	minutes [activeMinutes]struct {
		at     int64 // the minute since 1970 that the sketch is of
		sketch [sketchSize]uint8
	}
}

// newActiveUsers returns activeUsers that has seen nobody.
func newActiveUsers(now func() time.Time) *activeUsers {
	return &activeUsers{now: now, seed: maphash.MakeSeed()}
}

// saw notes that user was there now.
func (a *activeUsers) saw(user string) {
	hash := maphash.String(a.seed, user)
	register := hash >> (64 - sketchBits)
	rank := uint8(bits.LeadingZeros64(hash<<sketchBits|1<<(sketchBits-1)) + 1) // at most 54
	minute := a.now().Unix() / 60

	a.mu.Lock()
	defer a.mu.Unlock()
	m := &a.minutes[minute%activeMinutes]
	if m.at != minute {
		m.at, m.sketch = minute, [sketchSize]uint8{}
	}
	m.sketch[register] = max(m.sketch[register], rank)
}

// within estimates how many different users there were in the current minute and those before it, so many in all, at most
// activeMinutes.
func (a *activeUsers) within(minutes int64) float64 {
	now := a.now().Unix() / 60
	var all [sketchSize]uint8
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.minutes {
		m := &a.minutes[i]
		if m.at <= now-minutes || m.at > now {
			continue
		}
		for r, rank := range &m.sketch {
			all[r] = max(all[r], rank)
		}
	}
	return estimate(&all)
}

// estimate returns how many different hashes a sketch has seen, as a whole number.
func estimate(sketch *[sketchSize]uint8) float64 {
	const m = float64(sketchSize)
	sum, empty := 0.0, 0.0
	for _, rank := range sketch {
		sum += math.Ldexp(1, -int(rank))
		if rank == 0 {
			empty++
		}
	}
	raw := 0.7213 / (1 + 1.079/m) * m * m / sum
	if raw <= 2.5*m && empty > 0 {
		raw = m * math.Log(m/empty) // counts the registers that were hit: better while many are empty
	}
	return math.Round(raw)
}
