package event

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"
)

// How often the hub polls, about. What other processes do is found sooner where they say it.
const (
	pollListening = 5 * time.Second // while notifications arrive, and where there is no other process to speak of
	pollDeaf      = 2 * time.Second // while polling is all there is
	pollTimeout   = 10 * time.Second
)

// keepPolling compares where everybody with streams stands with where their data do, now and then and when something
// may have been missed, until ctx ends.
func (h *Hub) keepPolling(ctx context.Context) {
	interval := cmp.Or(h.cfg.Poll, pollListening)
	for {
		every := interval
		if h.cfg.URL != "" && !h.listening.Load() {
			every = min(interval, pollDeaf)
		}
		select {
		case <-ctx.Done():
			return
		case <-h.poll:
		case <-time.After(every*3/4 + rand.N(every/2)): //nolint:gosec // no secret: replicas shall not poll together
		}
		owners := h.owners()
		if len(owners) == 0 {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, pollTimeout)
		states, err := h.cfg.States(limited, owners)
		cancel()
		if err != nil {
			h.log.DebugContext(ctx, "could not look for changes", "error", err.Error())
			continue
		}
		h.compare(states)
	}
}
