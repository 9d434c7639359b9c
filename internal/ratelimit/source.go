package ratelimit

import "context"

// A Source keeps the state of many callers and decides their requests one after another, as Rate.Take and
// Rate.Charge do.
//
// Keys are opaque and independent; the same key comes with the same rate every time. Two requests with one key never
// both take the last place, wherever they come from: concurrent use is safe. A source may forget keys whose full quota
// is back, and, when it runs out of room, others; Memory says which.
type Source interface {
	// Take decides a request with key that costs n at the present moment; n = 0 asks without taking. An error means that the
	// source could not decide; the Decision is then worth nothing, and whether the request passes is for the caller to say.
	Take(ctx context.Context, key string, rate Rate, n int) (Decision, error)

	// Charge counts a cost of n, at least 1, of work that is done, as Rate.Charge does. An error means that it may not have
	// been counted.
	Charge(ctx context.Context, key string, rate Rate, n int) (Decision, error)
}
