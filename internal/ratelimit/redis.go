package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"todod/internal/redisurl"
)

const (
	// redisPrefix begins every key, so that others can share the database.
	redisPrefix = "todod:limit:"

	// redisDial bounds how long a connection may take to be made. No request waits for that long: connections are made
	// in the background, and whoever wanted one goes elsewhere in the meantime.
	redisDial = 2 * time.Second

	// redisTimeout bounds how long Redis may take to answer whoever has no deadline of their own.
	redisTimeout = 3 * time.Second

	// redisIdle is how long a connection is kept that nobody uses: less than the six minutes after which balancers forget
	// it without telling.
	redisIdle = 5 * time.Minute

	redisPool = 10 // connections for each core, unless the URL says how many in all
)

// countScript is Rate.Take and Rate.Charge where the state is: it answers with how many nanoseconds the theoretical arrival
// time of KEYS[1] lies ahead, and moves it on if the request may pass. From that number they make the same Decision again,
// so that all the script has to know is that one comparison.
//
// ARGV: how far ahead the time lies at most, how far it may lie for the request to pass, what that costs; all in
// nanoseconds. After them, in tests that say what time it is, its seconds and nanoseconds.
//
// Numbers in Lua are doubles, exact to 2^53. Nanoseconds since 1970 are more than that, so moments are kept as seconds and
// nanoseconds, and only distances of a few windows, an hour each at most, are calculated with.
var countScript = redis.NewScript(1, `
local bound, most, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local sec, nsec, longer
if ARGV[4] then
  -- Redis has another idea of when the key ends.
  sec, nsec, longer = tonumber(ARGV[4]), tonumber(ARGV[5]), 3600000
else
  local now = redis.call('TIME')
  sec, nsec, longer = tonumber(now[1]), tonumber(now[2]) * 1000, 0
end
local ahead = 0
local tat = redis.call('GET', KEYS[1])
if tat then
  local s, ns = string.match(tat, '^(%d+)%.(%d+)$')
  ahead = math.max((tonumber(s) - sec) * 1e9 + tonumber(ns) - nsec, 0)
end
local beyond = ahead > bound -- a clock that was set back, or a rate that was lowered
ahead = math.min(ahead, bound)
local passes = ahead <= most
if beyond or passes and cost > 0 then
  local new = ahead
  if passes then new = math.min(ahead + cost, bound) end
  local at = nsec + new
  redis.call('SET', KEYS[1], string.format('%d.%d', sec + math.floor(at / 1e9), at % 1e9),
    'PX', string.format('%d', math.max(math.ceil(new / 1e6), 1) + longer))
end
return ahead
`)

// Redis is a Source for all processes that use the same Redis or Valkey. Each decision is one round trip.
//
// A key is the beginning of the SHA-256 of a Source's key, and is gone when the caller's full quota is back. Whoever reads
// the database sees no user id and no e-mail address; addresses can be found out by trying them all.
type Redis struct {
	pool   *redis.Pool
	at     redisurl.Server
	now    func() time.Time          // nil, but in tests: Redis's own clock, so that processes whose clocks differ agree
	broken atomic.Pointer[time.Time] // when a connection was last found broken: then those from before are, too
}

// NewRedis returns a Redis for a URL that begins with redis://, rediss:// or unix://. Nothing is connected to yet. It has
// to be closed.
func NewRedis(url string) (*Redis, error) {
	at, ok := redisurl.Parse(url)
	if !ok {
		return nil, errors.New("this is no URL of a Redis")
	}
	size := at.PoolSize
	if size == 0 {
		size = redisPool * runtime.GOMAXPROCS(0)
	}
	r := &Redis{at: at}
	r.pool = &redis.Pool{
		DialContext: r.dial, MaxIdle: size, MaxActive: size, Wait: true, IdleTimeout: redisIdle,
		TestOnBorrow: func(_ redis.Conn, used time.Time) error {
			if broken := r.broken.Load(); broken != nil && used.Before(*broken) {
				return errors.New("it is as old as one that was found broken")
			}
			return nil
		},
	}
	return r, nil
}

// dial makes a connection and signs in. It may take longer than the one has who wanted it.
func (r *Redis) dial(ctx context.Context) (redis.Conn, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisDial)
	defer cancel()
	options := []redis.DialOption{
		redis.DialUsername(r.at.Username), redis.DialPassword(r.at.Password), redis.DialDatabase(r.at.Database),
		redis.DialUseTLS(r.at.TLS), redis.DialTLSSkipVerify(r.at.Insecure), redis.DialTLSHandshakeTimeout(redisDial),
		redis.DialReadTimeout(redisTimeout), redis.DialWriteTimeout(redisTimeout),
	}
	return redis.DialContext(ctx, r.at.Network, r.at.Address, options...)
}

// connect returns a connection, which has to be closed. One that isn't there yet is made in the background: if ctx ends
// before it is, the next one gets it.
func (r *Redis) connect(ctx context.Context) (redis.Conn, error) {
	type made struct {
		conn redis.Conn
		err  error
	}
	ready := make(chan made)
	go func() {
		conn, err := r.pool.GetContext(ctx)
		select {
		case ready <- made{conn, err}:
		case <-ctx.Done():
			_ = conn.Close() // into the pool
		}
	}()
	select {
	case m := <-ready:
		return m.conn, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask has use ask Redis over a connection, and returns its answer.
func (r *Redis) ask(ctx context.Context, use func(context.Context, redis.Conn) (any, error)) (any, error) {
	conn, err := r.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := use(ctx, conn)
	late := ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded)
	if conn.Err() != nil && !late {
		now := time.Now()
		r.broken.Store(&now)
	}
	if err != nil {
		return nil, fmt.Errorf("ask Redis: %w", err)
	}
	return answer, nil
}

// Address returns where the Redis is, for a log: host and port, or the path of a socket.
func (r *Redis) Address() string { return r.at.Address }

// Take implements Source. It fails when Redis does, or when ctx ends first. The request may then have been counted.
func (r *Redis) Take(ctx context.Context, key string, rate Rate, n int) (Decision, error) {
	most := time.Duration(-1)
	if want := max(n, 1); want <= rate.Quota {
		most = rate.burst() - rate.interval()*time.Duration(want)
	}
	return r.count(ctx, key, rate, most, n, rate.Take)
}

// Charge implements Source. It fails as Take does.
func (r *Redis) Charge(ctx context.Context, key string, rate Rate, n int) (Decision, error) {
	return r.count(ctx, key, rate, rate.most(), min(n, 2*rate.Quota), rate.Charge)
}

// count has Redis count a cost of n against key if its arrival time lies no farther ahead than most, and returns what step,
// the method of rate that this is, decides from what Redis found.
func (r *Redis) count(
	ctx context.Context, key string, rate Rate, most time.Duration, n int,
	step func(tat, now time.Time, n int) (time.Time, Decision),
) (Decision, error) {
	args := []any{redisKey(key), int64(rate.most()), int64(most), int64(rate.interval()) * int64(n)}
	if r.now != nil {
		now := r.now()
		args = append(args, now.Unix(), now.Nanosecond())
	}
	ahead, err := redis.Int64(r.ask(ctx, func(ctx context.Context, conn redis.Conn) (any, error) {
		return countScript.DoContext(ctx, conn, args...)
	}))
	if err != nil {
		return Decision{}, err
	}
	var now time.Time // any: only the distance counts
	_, d := step(now.Add(time.Duration(ahead)), now, n)
	return d, nil
}

// Close gives the connections back.
func (r *Redis) Close() error { return r.pool.Close() }

// redisKey returns the key in Redis for a Source's key.
func redisKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return redisPrefix + base64.RawURLEncoding.EncodeToString(sum[:16])
}
