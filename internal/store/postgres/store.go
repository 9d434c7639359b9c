// Package postgres keeps tasks in PostgreSQL 14 or newer, in a schema of its own. Every operation is one round trip and
// one transaction, and leaves nothing on its connection, so that poolers in transaction mode can stand in between.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/todo"
)

// Config says where the database is and how to use it.
type Config struct {
	URL         string        // for everything but migrations; may lead through a pooler
	DirectURL   string        // for migrations; "" is URL
	PoolSize    int           // connections at most
	PoolTimeout time.Duration // how long an operation waits for a connection before it answers Away
	Logger      *slog.Logger
}

// Store is the todo.Store in PostgreSQL.
type Store struct {
	pool        *pgxpool.Pool
	directURL   string
	poolTimeout time.Duration
	log         *slog.Logger
	migrated    atomic.Bool

	stop    context.CancelFunc // ends the migrator
	stopped sync.WaitGroup
}

var _ todo.Store = (*Store)(nil)

// Open returns a Store at once, even when the database is away: it migrates in the background, trying again until it has
// succeeded or the Store is closed, and until then operations answer Away. An error means a bad configuration.
func Open(cfg Config) (*Store, error) {
	s, err := newStore(cfg)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.stopped.Go(func() { s.keepMigrating(ctx) })
	return s, nil
}

// newStore returns a Store that does not migrate.
func newStore(cfg Config) (*Store, error) {
	poolConfig, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	if cfg.PoolSize < 1 || cfg.PoolSize > 10_000 {
		return nil, fmt.Errorf("pool size %d is not from 1 to 10000", cfg.PoolSize)
	}
	poolConfig.MaxConns = int32(cfg.PoolSize)
	poolConfig.MaxConnIdleTime = 5 * time.Minute
	poolConfig.ConnConfig.ConnectTimeout = connectTimeout
	poolConfig.AfterConnect = scanTimesInUTC
	pool, err := pgxpool.NewWithConfig(context.Background(), poolConfig)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	direct := cfg.DirectURL
	if direct == "" {
		direct = cfg.URL
	}
	return &Store{
		pool: pool, directURL: direct, poolTimeout: cfg.PoolTimeout, log: cfg.Logger, stop: func() {},
	}, nil
}

// connectTimeout bounds one attempt to connect. A database that was suspended takes seconds to wake.
const connectTimeout = 10 * time.Second

// scanTimesInUTC makes conn return every time in UTC instead of the machine's zone.
func scanTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Close ends the migrator, waits for the operations under way and closes all connections.
func (s *Store) Close() error {
	s.stop()
	s.stopped.Wait()
	s.pool.Close()
	return nil
}

// Ready returns nil if the database answers and the migrations have run.
func (s *Store) Ready(ctx context.Context) error {
	if !s.migrated.Load() {
		return errors.New("migrations have not run yet")
	}
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("database does not answer: %w", err)
	}
	return nil
}
