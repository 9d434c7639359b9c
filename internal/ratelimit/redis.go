package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// redisPrefix begins every key, so that others can share the database.
	redisPrefix = "todod:limit:"

	// redisDial bounds how long a connection may take to be made. No request waits for that long: connections are made
	// in the background, and whoever wanted one goes elsewhere in the meantime.
	redisDial = 2 * time.Second

	// redisBuffer is the size of each of a connection's two buffers. What travels is some 200 bytes.
	redisBuffer = 4096
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
var countScript = redis.NewScript(`
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
	client *redis.Client
	now    func() time.Time // nil, but in tests: Redis's own clock, so that processes whose clocks differ agree
}

// init silences the library, which writes every failure to stderr. Callers get them as errors.
func init() { logging.Disable() }

// NewRedis returns a Redis for a URL that begins with redis://, rediss:// or unix://. Nothing is connected to yet. It has
// to be closed.
func NewRedis(url string) (*Redis, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("this is no URL of a Redis") // the library's words may have the password in them
	}
	options.Protocol = 2 // nothing that came with the third is used
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1 // who asks twice may count twice
	options.DialTimeout, options.DialerRetries = redisDial, 1
	options.ReadBufferSize, options.WriteBufferSize = redisBuffer, redisBuffer
	options.PipelinePoolSize = -1
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Redis{client: redis.NewClient(options)}, nil
}

// Address returns where the Redis is, for a log: host and port, or the path of a socket.
func (r *Redis) Address() string { return r.client.Options().Addr }

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
	args := []any{int64(rate.most()), int64(most), int64(rate.interval()) * int64(n)}
	if r.now != nil {
		now := r.now()
		args = append(args, now.Unix(), now.Nanosecond())
	}
	ahead, err := countScript.Run(ctx, r.client, []string{redisKey(key)}, args...).Int64()
	if err != nil {
		return Decision{}, fmt.Errorf("ask Redis: %w", err)
	}
	var now time.Time // any: only the distance counts
	_, d := step(now.Add(time.Duration(ahead)), now, n)
	return d, nil
}

// Close gives the connections back.
func (r *Redis) Close() error { return r.client.Close() }

// redisKey returns the key in Redis for a Source's key.
func redisKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return redisPrefix + base64.RawURLEncoding.EncodeToString(sum[:16])
}
