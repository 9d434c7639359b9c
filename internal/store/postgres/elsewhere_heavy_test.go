//go:build heavy

package postgres

import (
	"testing"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/storetest"
)

// A place is a database on which the suites run besides that of TestStore, whose tables are whole, and which is reached
// directly as their owner.
type place struct {
	partitioned bool
	restricted  bool // as a login that owns nothing; migrations run as the owner
	pooled      bool // through a pooler of transactions, over three connections
}

// open returns a store there, on a database of its own.
func (p place) open(t *testing.T) *Store {
	t.Helper()
	cfg := Config{DirectURL: pgtest.Database(t, "store", migrateOnly), AsIs: true}
	if p.partitioned {
		cfg.DirectURL = pgtest.Database(t, "partitioned", migrateAndPartition)
	}
	cfg.URL = cfg.DirectURL
	if p.restricted {
		cfg.URL = restrictedURL(t, cfg.DirectURL)
	}
	if p.pooled {
		cfg.URL = pgtest.Pooled(t, cfg.URL, 3)
	}
	return openConfig(t, cfg)
}

// TestElsewhere runs the suites there. Behind a pooler the tests of the first share the store, which is to make no
// difference: they are about people whom no other test knows.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for name, p := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := func(t *testing.T) account.FullStore { return p.open(t) }
			openOrShare := open
			if p.pooled {
				s := p.open(t)
				s.ids.empty = true // the suite wants ids to rise, which they usually do while others write
				openOrShare = func(*testing.T) account.FullStore { return s }
			}
			storetest.Run(t, openOrShare)
			storetest.RunAccounts(t, open)
			storetest.RunImport(t, open)
			t.Run("sweep", func(t *testing.T) {
				t.Parallel()
				storetest.Sweep(t, storetest.Of(p.open(t)))
				storetest.SweepThings(t, storetest.Of(p.open(t)))
				storetest.SweepPassed(t, storetest.Of(p.open(t)))
			})
		})
	}
}
