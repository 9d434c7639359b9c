//go:build heavy && figures

package faults

import "time"

// How much the tests do for the figures that are published.
const (
	everyByte   = true             // cut replies after each byte
	disappear   = 20               // clients that are gone before the reply, on each route
	sameKeys    = 30               // keys that a hundred requests have in common
	kills       = 50               // of todod, on each store
	postmasters = 50               // kills of PostgreSQL
	syncFor     = 30 * time.Second // readers follow writers
	syncPreload = 1200             // more than two pages
	histories   = 1000             // on each system
	walkTasks   = 10_000           // that live throughout
	walkPage    = 250
)
