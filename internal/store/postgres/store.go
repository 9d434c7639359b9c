// Package postgres keeps tasks in PostgreSQL 14 or newer, in a schema of its own. Every operation is one
// transaction: a read takes one round trip, a change two. It leaves nothing on its connection, so that poolers in transaction mode can stand in between.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/account"
	"todod/internal/store/group"
	"todod/internal/store/sqlstore"
)

// Config says where the database is and how to use it.
type Config struct {
	URL         string        // for everything but migrations; may lead through a pooler
	DirectURL   string        // for migrations; "" is URL
	PoolSize    int           // connections at most
	PoolTimeout time.Duration // how long an operation waits for a connection before it answers ServiceUnavailable

	AsIs         bool // don't migrate: the database is at this program's schema already, and nothing of it is to change
	BetterAuthFK bool // users refer to Better Auth's "user"; see Migrate
	Strict       bool // refuse to work where the database itself doesn't keep users apart
	Logger       *slog.Logger
	Tracer       pgx.QueryTracer // sees what goes over the pool's connections; nil: nobody does
}

// Store is the todo.Store in PostgreSQL.
type Store struct {
	sqlstore.Base
	pool        *pgxpool.Pool
	probe       *pgxpool.Pool // of one connection, for Ready alone, so that nothing that is under way makes it wait
	directURL   string
	poolTimeout time.Duration
	asIs        bool
	betterAuth  bool
	strict      bool
	log         *slog.Logger

	reads  *group.Queue[*read]
	writes *group.Queue[*group.Change]
	slow   *group.Queue[*group.Change] // those whose owner's lock somebody else holds
	alone  *group.Queue[*group.Change] // those that cost more than others should wait for
	ids    idStock                     // of new tasks

	isolation  atomic.Pointer[isolation] // nil until the database is ready
	notReady   atomic.Pointer[error]     // why it isn't, when that is known
	answered   atomic.Int64              // when the database last carried something out, in nanoseconds since 1970
	unprepared atomic.Bool               // prepared statements don't survive what stands in between

	stop    context.CancelFunc // ends the preparation
	stopped sync.WaitGroup
}

var _ account.FullStore = (*Store)(nil)

// Open returns a Store at once, even when the database is away: it prepares the database in the background, trying
// again until it has succeeded or the Store is closed, and until then operations answer ServiceUnavailable. An error
// means a bad configuration.
func Open(cfg Config) (*Store, error) {
	s, err := newStore(cfg)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.stopped.Go(func() { s.keepPreparing(ctx) })
	return s, nil
}

// Connect returns a Store that is ready, for a command that does one thing and ends. An error says why there is none.
func Connect(ctx context.Context, cfg Config) (*Store, error) {
	s, err := newStore(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// newStore returns a Store that waits for somebody to prepare it.
func newStore(cfg Config) (*Store, error) {
	s := &Store{
		directURL: cfg.DirectURL, poolTimeout: cfg.PoolTimeout, asIs: cfg.AsIs, betterAuth: cfg.BetterAuthFK,
		strict: cfg.Strict, log: cfg.Logger, stop: func() {},
	}
	s.Base = sqlstore.New(engine{s}, dialect)
	s.reads = group.New(readLanes, readGroup, s.carryReads)
	s.writes = group.New(writeLanes, writeGroup, s.carryGroup)
	s.slow = group.NewApart(slowLanes, writeGroup, s.carrySlowly)
	s.alone = group.New(aloneLanes, 1, s.carrySlowly)
	if s.directURL == "" {
		s.directURL = cfg.URL
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	preparedOK := func() bool { return !s.unprepared.Load() }
	if s.pool, err = newPool(cfg, preparedOK); err != nil {
		return nil, err
	}
	cfg.PoolSize = 1
	if s.probe, err = newPool(cfg, preparedOK); err != nil {
		s.pool.Close()
	}
	return s, err
}

// keepPreparing migrates and looks how the database keeps users apart, and again after growing pauses while that fails,
// until ctx ends.
func (s *Store) keepPreparing(ctx context.Context) {
	pause := 250 * time.Millisecond
	for {
		err := s.prepare(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.notReady.Store(&err)
		s.log.Warn("database not ready, trying again", "reason", err.Error(), "remedy", Advice(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // no secret: replicas shall not come back together
		}
		pause = min(2*pause, maxPause)
	}
}

// maxPause is the longest pause between two attempts to prepare the database.
const maxPause = 2 * time.Second

// prepare migrates the database, unless it is taken as it is, and makes the store ready.
func (s *Store) prepare(ctx context.Context) error {
	n := 0
	if !s.asIs {
		var err error
		if n, err = Migrate(ctx, s.directURL, s.betterAuth); err != nil {
			return err
		}
	}
	found, err := s.findIsolation(ctx)
	if err != nil {
		return err
	}
	if found == unprotected && s.strict {
		return errors.New("refused: " + found.String())
	}
	s.isolation.Store(&found)
	level := slog.LevelInfo
	if found == unprotected {
		level = slog.LevelWarn
	}
	s.log.Log(ctx, level, "database ready", "migrations_run", n, "isolation", found.String())
	return nil
}

// findIsolation finds out what holds for the login of the pool, whose database has to fit, too: it may be another server
// than the one that migrations were run on.
func (s *Store) findIsolation(ctx context.Context) (found isolation, err error) {
	conn, err := s.acquire(ctx)
	if err != nil {
		return unprotected, err
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	state, err := readState(ctx, conn.Conn())
	if err := state.unfit(err); err != nil {
		return unprotected, err
	}
	if state.ahead.Abs() > farAhead {
		s.log.Warn("the database's clock and this machine's are apart: have both ask the network for the time",
			"ahead_ms", state.ahead.Milliseconds())
	}
	return findIsolation(ctx, conn.Conn())
}

// PoolStat returns the state of the pool.
func (s *Store) PoolStat() *pgxpool.Stat { return s.pool.Stat() }

// Close ends the preparation, waits for the operations under way and closes all connections.
func (s *Store) Close() error {
	s.stop()
	s.stopped.Wait()
	s.probe.Close()
	s.pool.Close()
	return nil
}

// Ready returns nil if the database answers and has been prepared. It asks by a connection that nothing else uses.
func (s *Store) Ready(ctx context.Context) error {
	if s.isolation.Load() == nil {
		if why := s.notReady.Load(); why != nil {
			return *why
		}
		return errors.New("migrations have not run yet")
	}
	if time.Since(time.Unix(0, s.answered.Load())) < time.Second {
		return nil
	}
	// Its tables must be there, too: a database that was restored or replaced may lack them.
	if _, err := s.probe.Exec(ctx, "select from todod.tasks limit 0", pgx.QueryExecModeExec); err != nil {
		return fmt.Errorf("database does not answer: %w", err)
	}
	return nil
}
