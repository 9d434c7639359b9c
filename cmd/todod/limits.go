package main

import (
	"fmt"
	"log/slog"
	"time"

	"todod/internal/config"
	"todod/internal/httpapi"
	"todod/internal/observe"
	"todod/internal/ratelimit"
)

// limiterCallers is how many callers the rate limiter keeps count of: some 20 MB under a flood of addresses.
const limiterCallers = 100_000

// newLimits returns the limits that are configured. Their source has to be closed.
func newLimits(cfg config.RateLimit, log *slog.Logger) (limits httpapi.Limits, closeSource func(), err error) {
	if !cfg.Enabled {
		return httpapi.Limits{}, func() {}, nil
	}
	source, closeSource, err := newSource(cfg, observe.For(log, "todod.ratelimit"))
	return httpapi.Limits{
		Source:        source,
		Authenticated: ratelimit.Rate{Quota: cfg.Authenticated.Quota, Window: cfg.Authenticated.Per},
		Anonymous:     ratelimit.Rate{Quota: cfg.Anonymous.Quota, Window: cfg.Anonymous.Per},
		SignIn:        ratelimit.Rate{Quota: cfg.SignIn.Quota, Window: cfg.SignIn.Per},
	}, closeSource, err
}

// newSource returns what keeps count: this process, or a Redis as long as there is one.
func newSource(cfg config.RateLimit, log *slog.Logger) (source ratelimit.Source, closeSource func(), err error) {
	memory := ratelimit.NewMemory(time.Now, limiterCallers)
	if cfg.RedisURL == "" {
		return memory, func() {}, nil
	}
	shared, err := ratelimit.NewRedis(string(cfg.RedisURL))
	if err != nil {
		return nil, func() {}, fmt.Errorf("REDIS_URL: %w", err)
	}
	closeSource = func() {
		if err := shared.Close(); err != nil {
			log.Warn("close the connections to Redis", "error", err.Error())
		}
	}
	return ratelimit.NewFallback(shared, memory, log), closeSource, nil
}
