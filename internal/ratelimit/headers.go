package ratelimit

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// WriteHeaders tells the caller where it stands under the policy of that name, made of letters such as "user": RateLimit
// and RateLimit-Policy as in draft-ietf-httpapi-ratelimit-headers-11, the older X-RateLimit-* that many clients read, and
// Retry-After on a refusal. Times are whole seconds, rounded up so that who waits them out is not refused again.
func WriteHeaders(h http.Header, policy string, rate Rate, d Decision, now time.Time) {
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", policy, d.Remaining, seconds(d.Reset)))
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", policy, rate.Quota, seconds(rate.Window)))
	h.Set("X-RateLimit-Limit", strconv.Itoa(d.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(d.Remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(now.Add(d.Reset+time.Second-1).Unix(), 10))
	if !d.Allowed {
		h.Set("Retry-After", strconv.FormatInt(max(seconds(d.RetryAfter), 1), 10))
	}
}

// seconds rounds d up to whole seconds.
func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
