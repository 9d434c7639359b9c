package main

import (
	"context"
	"errors"
	"time"

	"todod/internal/config"
	"todod/internal/ratelimit"
)

// oldestRedis is the oldest version of Redis that todod is made for.
const oldestRedis = 6

// examineRedis reports on the Redis in which servers count together, if there is one.
func (r *report) examineRedis(ctx context.Context, cfg config.Config) {
	r.check = "redis"
	if cfg.RateLimit.RedisURL == "" {
		return
	}
	shared, err := ratelimit.NewRedis(string(cfg.RateLimit.RedisURL))
	if err != nil {
		r.say("fail", "REDIS_URL: %v", err)
		return
	}
	state, err := shared.Examine(ctx)
	err = errors.Join(err, shared.Close())
	switch {
	case err != nil:
		r.say("fail", "Redis %s: each server counts by itself as long as this is so: %v", shared.Address(), err)
	case state.Major < oldestRedis:
		r.say("fail", "Redis %s answers, version %s: todod needs Redis %d or newer, or Valkey", shared.Address(), state.Version, oldestRedis)
	case state.Slow:
		r.say("warn", "Redis %s takes %s for a decision: servers don't wait that long, and count by themselves; move it nearer",
			shared.Address(), state.Median.Round(time.Millisecond))
	default:
		r.say("ok", "Redis %s counts requests, version %s, in %s", shared.Address(), state.Version, state.Median.Round(10*time.Microsecond))
	}
}
