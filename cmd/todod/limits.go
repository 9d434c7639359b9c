package main

import (
	"time"

	"todod/internal/config"
	"todod/internal/httpapi"
	"todod/internal/ratelimit"
)

// limiterCallers is how many callers the rate limiter keeps count of: some 20 MB under a flood of addresses.
const limiterCallers = 100_000

// limits returns the limits that are configured.
func limits(cfg config.RateLimit) httpapi.Limits {
	if !cfg.Enabled {
		return httpapi.Limits{}
	}
	return httpapi.Limits{
		Source:        ratelimit.NewMemory(time.Now, limiterCallers),
		Authenticated: ratelimit.Rate{Quota: cfg.Authenticated.Quota, Window: cfg.Authenticated.Per},
		Anonymous:     ratelimit.Rate{Quota: cfg.Anonymous.Quota, Window: cfg.Anonymous.Per},
		SignIn:        ratelimit.Rate{Quota: cfg.SignIn.Quota, Window: cfg.SignIn.Per},
	}
}
