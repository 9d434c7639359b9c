//go:build heavy && !figures

package faults

import "time"

// How much the tests do.
const (
	everyByte   = true            // cut replies after each byte
	disappear   = 5               // clients that are gone before the reply, on each route
	sameKeys    = 5               // keys that a hundred requests have in common
	kills       = 8               // of todod, on each store
	postmasters = 5               // kills of PostgreSQL
	syncFor     = 6 * time.Second // readers follow writers
	syncPreload = 1200            // more than two pages
	histories   = 150             // on each system
	walkTasks   = 3000            // that live throughout
	walkPage    = 250
)
