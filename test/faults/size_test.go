//go:build !heavy

package faults

import "time"

// How much the tests do; make test does very much more.
const (
	everyByte   = false           // cut replies after each byte
	disappear   = 3               // clients that are gone before the reply, on each route
	sameKeys    = 3               // keys that a hundred requests have in common
	kills       = 5               // of todod, on each store
	syncFor     = 2 * time.Second // readers follow writers
	syncPreload = 550             // more than a page
	histories   = 50              // on each system
	walkTasks   = 1000            // that live throughout
	walkPage    = 50
)
