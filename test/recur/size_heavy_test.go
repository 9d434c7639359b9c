//go:build heavy && !figures

package recur

import "time"

// How many random rules dateutil is asked about, and libical, which is slow.
const (
	rules        = 2_000
	libicalRules = 500
)

// step is how far the times of day are apart of which each zone is asked.
const step = time.Hour
