package ratelimit_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"todod/internal/ratelimit"
)

func TestWriteHeaders(t *testing.T) {
	t.Parallel()
	rate := ratelimit.Rate{Quota: 600, Window: time.Minute}
	now := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		policy   string
		decision ratelimit.Decision
		now      time.Time
		want     map[string]string
	}{
		"allowed": {
			"user",
			ratelimit.Decision{Allowed: true, Limit: 600, Remaining: 599, Reset: 100 * time.Millisecond}, now,
			map[string]string{
				"RateLimit": `"user";r=599;t=1`, "RateLimit-Policy": `"user";q=600;w=60`,
				"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "599", "X-RateLimit-Reset": "1800000001",
			},
		},
		"untouched": {
			"address",
			ratelimit.Decision{Allowed: true, Limit: 600, Remaining: 600}, now,
			map[string]string{
				"RateLimit": `"address";r=600;t=0`, "RateLimit-Policy": `"address";q=600;w=60`,
				"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "600", "X-RateLimit-Reset": "1800000000",
			},
		},
		"refused": {
			"user",
			ratelimit.Decision{Limit: 600, Reset: time.Minute, RetryAfter: 100 * time.Millisecond}, now.Add(1),
			map[string]string{
				"RateLimit": `"user";r=0;t=60`, "RateLimit-Policy": `"user";q=600;w=60`,
				"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000061",
				"Retry-After": "1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := http.Header{}, http.Header{}
			for k, v := range tc.want {
				want.Set(k, v)
			}

			ratelimit.WriteHeaders(got, tc.policy, rate, tc.decision, tc.now)

			if !maps.EqualFunc(got, want, func(a, b []string) bool { return len(a) == 1 && a[0] == b[0] }) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}
