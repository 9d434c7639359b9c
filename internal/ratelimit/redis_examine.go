package ratelimit

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// RedisState is what an operator wants to know of a Redis.
type RedisState struct {
	Version string        // as it says it; of a Valkey, the Redis that it stands for
	Major   int           // of that version
	Median  time.Duration // that a decision took
	Slow    bool          // Fallback would not wait for that
}

// Examine makes a few decisions about nobody, which leaves nothing behind after a second, and says how that went. The
// error of a login that may not run scripts, or not write, is the one that limits would get.
func (r *Redis) Examine(ctx context.Context) (s RedisState, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*redisDial)
	defer cancel()
	const decisions = 5
	var took []time.Duration
	for i := range decisions + 1 {
		began := time.Now()
		if _, err := r.Take(ctx, "todod doctor", Rate{Quota: decisions, Window: time.Second}, 1); err != nil {
			return s, err
		}
		if i > 0 { // before the first one a connection had to be made
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	s.Median = took[len(took)/2]
	s.Slow = s.Median > sharedBound
	info, err := redis.String(r.ask(ctx, func(ctx context.Context, conn redis.Conn) (any, error) {
		return redis.DoContext(conn, ctx, "INFO", "server")
	}))
	if err != nil {
		return s, fmt.Errorf("ask Redis for its version: %w", err)
	}
	for line := range strings.Lines(info) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
			major, _, _ := strings.Cut(version, ".")
			s.Version = version
			s.Major, err = strconv.Atoi(major)
		}
	}
	return s, err
}
