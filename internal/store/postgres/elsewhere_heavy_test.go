//go:build heavy

package postgres

import (
	"testing"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/storetest"
)

// TestPartitionedTables runs the suites on the same schema in partitions.
func TestPartitionedTables(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) *Store { return openURL(t, pgtest.Database(t, "partitioned", migrateAndPartition)) }
	storetest.Run(t, func(t *testing.T) account.FullStore { return open(t) })
	storetest.RunAccounts(t, func(t *testing.T) account.FullStore { return open(t) })
}

// TestRestrictedLogin runs the suites as a login that owns nothing; migrations run as the owner.
func TestRestrictedLogin(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) *Store {
		url := pgtest.Database(t, "store", migrateOnly)
		return openConfig(t, Config{URL: restrictedURL(t, url), DirectURL: url})
	}
	storetest.Run(t, func(t *testing.T) account.FullStore { return open(t) })
	storetest.RunAccounts(t, func(t *testing.T) account.FullStore { return open(t) })
}

// TestStoreThroughAPooler runs the suite through one that pools transactions, over three connections. Its tests share the
// store, which is to make no difference: they are about people whom no other test knows.
func TestStoreThroughAPooler(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "store", migrateOnly)
	s := openConfig(t, Config{URL: pgtest.Pooled(t, url, 3), DirectURL: url})
	storetest.Run(t, func(*testing.T) account.FullStore { return s })
}

// TestImportElsewhere runs the suite as a login that owns nothing, on partitioned tables.
func TestImportElsewhere(t *testing.T) {
	t.Parallel()
	storetest.RunImport(t, func(t *testing.T) account.FullStore {
		url := pgtest.Database(t, "partitioned", migrateAndPartition)
		return openConfig(t, Config{URL: restrictedURL(t, url), DirectURL: url})
	})
}

// TestSweepElsewhere sweeps as a login that owns nothing, on partitioned tables.
func TestSweepElsewhere(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "partitioned", migrateAndPartition)
	storetest.Sweep(t, storetest.Of(openConfig(t, Config{URL: restrictedURL(t, url), DirectURL: url})))
}

// TestAccountsThroughAPooler: one that pools transactions, over three connections.
func TestAccountsThroughAPooler(t *testing.T) {
	t.Parallel()
	storetest.RunAccounts(t, func(t *testing.T) account.FullStore {
		url := pgtest.Database(t, "store", migrateOnly)
		return openConfig(t, Config{URL: pgtest.Pooled(t, url, 3), DirectURL: url})
	})
}
