//go:build heavy

package httpapi_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
)

// everyStore are the stores that the API is tested over.
var everyStore = map[string]func(*testing.T) store{
	"sqlite": openSQLite, "postgres": openPostgres, "pgbouncer": openPooled, "partitioned": openPartitioned,
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

// openPooled returns a store on a database of its own behind a PgBouncer that pools transactions over three connections.
func openPooled(t *testing.T) store {
	t.Helper()
	url := pgtest.Database(t, "httpapi", migrate)
	return openURL(t, pgtest.Pooled(t, url, 3), url)
}

// openPartitioned returns a store on a database of its own with partitioned tables.
func openPartitioned(t *testing.T) store {
	t.Helper()
	url := pgtest.Database(t, "partitioned", migrateAndPartition)
	return openURL(t, url, url)
}
