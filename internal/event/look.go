package event

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"
)

// How often the hub looks, about. What other processes do is found sooner where they say it.
const (
	lookHearing = 5 * time.Second // while notifications arrive, and where there is no other process to speak of
	lookDeaf    = 2 * time.Second // while looking is all there is
	lookTimeout = 10 * time.Second
)

// keepLooking compares where everybody with streams stands with where their data do, now and then and when something may
// have been missed, until ctx ends.
func (h *Hub) keepLooking(ctx context.Context) {
	hearing := cmp.Or(h.cfg.Look, lookHearing)
	for {
		every := hearing
		if h.cfg.URL != "" && !h.heard.Load() {
			every = min(hearing, lookDeaf)
		}
		select {
		case <-ctx.Done():
			return
		case <-h.look:
		case <-time.After(every*3/4 + rand.N(every/2)): //nolint:gosec // no secret: replicas shall not look together
		}
		owners := h.owners()
		if len(owners) == 0 {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		states, err := h.cfg.States(limited, owners)
		cancel()
		if err != nil {
			h.log.DebugContext(ctx, "could not look for changes", "error", err.Error())
			continue
		}
		h.compare(states)
	}
}
