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

// Take decides whether a request that costs n may pass at now. tat is what the last call returned for the same caller, the
// zero time at first; the new one is to be kept in its place. A refusal takes nothing. n = 0 takes nothing either and tells
// whether a request that costs 1 would be allowed. More than the quota is never allowed, however long the caller waits.
//
// This is the generic cell rate algorithm. Its only state is the "theoretical arrival time": the moment at which the
// full quota is there again. Each request moves it on by an interval for each 1 of its cost.
func (r Rate) Take(tat, now time.Time, n int) (time.Time, Decision) {
	interval, burst := r.interval(), r.burst()
	ahead := r.ahead(tat, now)
	d := Decision{RetryAfter: burst}
	if want := max(n, 1); want <= r.Quota {
		d.RetryAfter = max(ahead+interval*time.Duration(want)-burst, 0)
		d.Allowed = d.RetryAfter == 0
	}
	if d.Allowed {
		ahead += interval * time.Duration(n)
	}
	return r.standing(now, ahead, d)
}

// Charge counts a cost of n that wasn't known before the work was done, whatever is left: the caller may owe something then,
// and waits until that is earned. After a window at the latest one request passes again; what is owed beyond that is let
// go. The Decision is always allowed.
func (r Rate) Charge(tat, now time.Time, n int) (time.Time, Decision) {
	cost := r.interval() * time.Duration(min(n, 2*r.Quota))
	return r.standing(now, min(r.ahead(tat, now)+cost, r.most()), Decision{Allowed: true})
}

// ahead returns how far tat lies ahead of now. A clock that was set back, or a rate that was lowered, must not shut anyone
// out for longer than a debt does.
func (r Rate) ahead(tat, now time.Time) time.Duration { return min(max(tat.Sub(now), 0), r.most()) }

// standing returns what is to be kept of a caller whose full quota is there again after ahead, and d with what that means.
func (r Rate) standing(now time.Time, ahead time.Duration, d Decision) (time.Time, Decision) {
	d.Limit, d.Reset = r.Quota, ahead
	d.Remaining = int(max(r.burst()-ahead, 0) / r.interval())
	return now.Add(ahead), d
}

// interval is the time in which one request is earned, rounded down to the nanosecond: windows that the quota does not
// divide are lax by less than a nanosecond a request, so that nobody waits longer than a window.
func (r Rate) interval() time.Duration {
	return r.Window / time.Duration(r.Quota)
}

// burst is how far ahead the arrival time of somebody lies who has nothing left and owes nothing.
func (r Rate) burst() time.Duration { return r.interval() * time.Duration(r.Quota) }

// most is how far ahead it lies at most: one request passes after another burst.
func (r Rate) most() time.Duration { return 2*r.burst() - r.interval() }
