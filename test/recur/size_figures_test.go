//go:build heavy && figures

package recur

import "time"

// How many random rules dateutil is asked about, and libical, which is slow, for the figures that are published.
const (
	rules        = 20_000
	libicalRules = 20_000
)

// step is how far the times of day are apart of which each zone is asked.
const step = 15 * time.Minute
