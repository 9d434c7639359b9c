// Package ratelimit decides how many requests a caller may make, and tells the caller so.
//
// The arithmetic (gcra.go) is pure: state and time go in, state and Decision come out. A Source keeps the state.
package ratelimit

import "time"

// A Rate lets Quota requests through per Window; all of them may come at once.
type Rate struct {
	Quota  int           // at least 1
	Window time.Duration // at least Quota nanoseconds
}

// A Decision is the answer to one request.
type Decision struct {
	Allowed    bool
	Limit      int           // the quota
	Remaining  int           // how many more would be allowed at once, now
	Reset      time.Duration // until the full quota is there again
	RetryAfter time.Duration // until the same request would be allowed; 0 when this one was
}

// Take decides whether n requests may pass at now. tat is what the last Take returned for the same caller, the zero
// time at first; the new one is to be kept in its place. A refusal takes nothing. n = 0 takes nothing either and tells
// whether one request would be allowed. More than the quota is never allowed, however long the caller waits.
//
// This is the generic cell rate algorithm. Its only state is the "theoretical arrival time": the moment at which the
// full quota is there again. Each request moves it on by one interval, and it may lie at most a quota of intervals ahead.
func (r Rate) Take(tat, now time.Time, n int) (time.Time, Decision) {
	interval := r.interval()
	burst := interval * time.Duration(r.Quota)
	// A clock that was set back, or a rate that was lowered, must not shut anyone out for longer than a window.
	ahead := min(max(tat.Sub(now), 0), burst)
	d := Decision{Limit: r.Quota, RetryAfter: burst}
	if want := max(n, 1); want <= r.Quota {
		d.RetryAfter = max(ahead+interval*time.Duration(want)-burst, 0)
		d.Allowed = d.RetryAfter == 0
	}
	if d.Allowed {
		ahead += interval * time.Duration(n)
	}
	d.Reset = ahead
	d.Remaining = int((burst - ahead) / interval)
	return now.Add(ahead), d
}

// interval is the time in which one request is earned, rounded down to the nanosecond: windows that the quota does not
// divide are lax by less than a nanosecond a request, so that Reset never exceeds the window.
func (r Rate) interval() time.Duration {
	return r.Window / time.Duration(r.Quota)
}
