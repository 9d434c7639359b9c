package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"todod/internal/todo"
)

const (
	// connectTimeout bounds one attempt to connect. A database that was suspended takes seconds to wake.
	connectTimeout = 10 * time.Second
	// maxIdle is how long a connection is kept that nobody needs.
	maxIdle = 5 * time.Minute
	// trustedIdle is how long a connection that shows no sign of an end is taken for alive. After that it is asked first:
	// what stands in between may have forgotten it without a word.
	trustedIdle = 10 * time.Second
	pingTimeout = 2 * time.Second
	// slowWait is a wait for a connection that is worth a line in the log.
	slowWait = time.Second
)

// newPool returns the pool of cfg. It does not connect yet.
func newPool(cfg Config, preparedOK func() bool) (*pgxpool.Pool, error) {
	poolConfig, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	if cfg.PoolSize < 1 || cfg.PoolSize > 10_000 {
		return nil, fmt.Errorf("pool size %d is not from 1 to 10000", cfg.PoolSize)
	}
	if poolConfig.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeDescribeExec {
		// It takes two round trips for a statement without a name. A pooler may give the connection to somebody else in
		// between, whose statement is then executed instead.
		return nil, errors.New("database URL: default_query_exec_mode=describe_exec is not safe behind a pooler")
	}
	poolConfig.MaxConns = int32(cfg.PoolSize)
	poolConfig.MaxConnIdleTime = maxIdle
	poolConfig.PingTimeout = pingTimeout
	poolConfig.ConnConfig.ConnectTimeout = connectTimeout
	poolConfig.ConnConfig.Tracer = cfg.Tracer
	poolConfig.AfterConnect = scanTimesInUTC
	poolConfig.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		if !preparedOK() && c.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
			c.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
		return nil
	}
	poolConfig.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool {
		return p.IdleDuration > trustedIdle || hasNews(p.Conn.PgConn().Conn())
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), poolConfig)
	if err != nil {
		return nil, fmt.Errorf("database pool: %w", err)
	}
	return pool, nil
}

// scanTimesInUTC makes conn return every time in UTC instead of the machine's zone.
func scanTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// hasNews reports whether something has come on an idle connection, or its end. A server that ends a connection says so
// while nobody listens; whoever used the connection then could not tell whether its statements were still carried out. It
// costs a system call and no round trip.
func hasNews(conn net.Conn) bool {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = wrapped.NetConn()
	}
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return true // can't tell
	}
	rawConn, err := raw.SyscallConn()
	if err != nil {
		return true
	}
	news := true
	// Control and not Read: that would wait for pgx's own reader, which may stay in the background of an idle connection.
	err = rawConn.Control(func(fd uintptr) { news = hasBytes(fd) })
	return news || err != nil
}

// acquire takes a connection from the pool, waiting no longer than ctx and the pool's time-out. A database that can't be
// connected to is tried again a few times within a second or so, because one that is being woken may refuse at first.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.poolTimeout)
	defer cancel()
	start := time.Now()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		conn, err := s.pool.Acquire(ctx)
		if waited := time.Since(start); waited > slowWait {
			stat := s.pool.Stat()
			s.log.Warn("waited for a database connection", "waited_ms", waited.Milliseconds(), "in_use", stat.AcquiredConns(),
				"pool_size", stat.MaxConns(), "waits_so_far", stat.EmptyAcquireCount())
		}
		if err == nil {
			return conn, nil
		}
		var refused *pgconn.ConnectError
		if !errors.As(err, &refused) || pause > 400*time.Millisecond {
			return nil, todo.ServiceUnavailable(err)
		}
		select {
		case <-ctx.Done():
			return nil, todo.ServiceUnavailable(err)
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // no secret: requests shall not come back together
		}
	}
}

// connectionLost reports whether err, which the server did not send, says that the connection is gone or that time is up.
func connectionLost(err error) bool {
	var netErr net.Error
	var connectErr *pgconn.ConnectError
	return errors.As(err, &netErr) || errors.As(err, &connectErr) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) ||
		pgconn.Timeout(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		pgconn.SafeToRetry(err)
}
