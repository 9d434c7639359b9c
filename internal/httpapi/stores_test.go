package httpapi_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
)

// everyStore are the stores that the API is tested over: everyPlace where figures are made.
var everyStore = chosen(wholeElsewhere)

// everyPlace are the stores that those parts of the API are tested over of which a database in partitions, or a pooler, may
// make something else: who is whose, what is done once, what is told.
var everyPlace = chosen(partElsewhere)

// chosen returns stores, elsewhere or not.
func chosen(elsewhere bool) map[string]func(*testing.T) store {
	stores := map[string]func(*testing.T) store{"sqlite": openSQLite, "postgres": openPostgres}
	if elsewhere {
		stores["elsewhere"] = openElsewhere
	}
	return stores
}

// migrateAndPartition is the same with partitioned tables.
func migrateAndPartition(ctx context.Context, url string) error {
	if err := migrate(ctx, url); err != nil {
		return err
	}
	sql, err := os.ReadFile("../store/postgres/testdata/partition.sql")
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, string(sql), pgx.QueryExecModeSimpleProtocol)
	return err
}

// openElsewhere returns a store on a database of its own with partitioned tables, behind a PgBouncer that pools
// transactions over three connections.
func openElsewhere(t *testing.T) store {
	t.Helper()
	url := pgtest.Database(t, "partitioned", migrateAndPartition)
	return openURL(t, pgtest.Pooled(t, url, 3))
}
