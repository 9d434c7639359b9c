package ratelimit

import (
	"net/http"
	"strconv"
	"time"
)

// WriteHeaders tells the caller where it stands under the policy of that name, made of letters such as "user": RateLimit
// and RateLimit-Policy as in draft-ietf-httpapi-ratelimit-headers-11, the older X-RateLimit-* that many clients read, and
// Retry-After on a refusal. Times are whole seconds, rounded up so that who waits them out is not refused again.
func WriteHeaders(h http.Header, policy string, rate Rate, d Decision, now time.Time) {
	text, ends := make([]byte, 0, 128), make([]int, 0, len(headerNames))
	number := func(before string, n int64) { text = strconv.AppendInt(append(text, before...), n, 10) }
	end := func() { ends = append(ends, len(text)) }

	text = strconv.AppendQuote(text, policy)
	number(";r=", int64(d.Remaining))
	number(";t=", seconds(d.Reset))
	end()
	text = strconv.AppendQuote(text, policy)
	number(";q=", int64(rate.Quota))
	number(";w=", seconds(rate.Window))
	end()
	number("", int64(d.Limit))
	end()
	number("", int64(d.Remaining))
	end()
	number("", now.Add(d.Reset+time.Second-1).Unix())
	end()
	if !d.Allowed {
		number("", max(seconds(d.RetryAfter), 1))
		end()
	}

	all, values, begin := string(text), make([]string, len(ends)), 0
	for i, end := range ends {
		values[i], begin = all[begin:end], end
		h[headerNames[i]] = values[i : i+1 : i+1]
	}
}

// headerNames are the headers that WriteHeaders writes, in its order, as http.Header spells them. Their values share their
// memory: they go out with every answer.
var headerNames = [...]string{
	"Ratelimit", "Ratelimit-Policy", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "Retry-After",
}

// seconds rounds d up to whole seconds.
func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
