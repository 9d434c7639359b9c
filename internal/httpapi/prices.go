package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"todod/internal/ratelimit"
)

// A price says what a request counts against the limit of its user. Without one, it counts as 1.
type price struct {
	Request int    `json:"request"`            // what every request costs
	Search  int    `json:"search,omitempty"`   // what it costs instead with words to look for; 0 where there are none
	TenthOf string `json:"tenth_of,omitempty"` // of what a tenth, rounded up, is added; "" for nothing
}

// priceTag is where an operation's metadata holds its price.
const priceTag = "price"

// priceExtension is the name of the OpenAPI extension that has a route's price.
const priceExtension = "x-price"

// costs gives a route a price, and documents it.
func costs(p price) func(*huma.Operation) {
	return func(op *huma.Operation) {
		mark(op, priceTag, p)
		if op.Extensions == nil {
			op.Extensions = map[string]any{}
		}
		op.Extensions[priceExtension] = p
		op.Description = strings.TrimSpace(op.Description + "\n\n" + p.String())
	}
}

// String says the price in words for people.
func (p price) String() string {
	said := fmt.Sprintf("Counts as %d of the requests that a user may make", p.Request)
	if p.Search > 0 {
		said += fmt.Sprintf(", as %d with `q`", p.Search)
	}
	if p.TenthOf != "" {
		said += ", and a tenth, rounded up, of the " + p.TenthOf
	}
	return said + "."
}

// atTheDoor returns what r costs before any of its body has been read.
func (p price) atTheDoor(r *http.Request) int {
	if p.Search > 0 && strings.ContainsAny(r.URL.RawQuery, "q%") && r.URL.Query().Get("q") != "" {
		return p.Search
	}
	return p.Request
}

// priceAtTheDoor returns what r costs on the route of op before any of its body has been read. Nothing costs more than
// everything that a caller may have, so that nobody is kept from anything for good.
func (a *admission) priceAtTheDoor(op *huma.Operation, r *http.Request) int {
	p, ok := op.Metadata[priceTag].(price)
	if !ok {
		return 1
	}
	return min(p.atTheDoor(r), max(a.limits.Authenticated.Quota, 1))
}

// tenth returns a tenth of n, rounded up.
func tenth(n int) int { return (n + 9) / 10 }

// payBefore counts what n operations cost besides the request that asks for them, before they are carried out. A caller who
// doesn't have that left is refused, and told when they have enough for all of the request, as that is what they will send
// again. It costs no more than everything that a caller may have, either.
func (a *admission) payBefore(ctx context.Context, n int) error {
	rate := a.limits.Authenticated
	more := min(tenth(n), rate.Quota-1)
	if more < 1 {
		return nil
	}
	decision, decided := a.decide(ctx, userPolicy, userKey(recordOf(ctx).user), rate, more)
	if !decided {
		return nil
	}
	if !decision.Allowed {
		decision.RetryAfter += rate.Window / time.Duration(rate.Quota)
	}
	return a.tell(ctx, userPolicy, rate, decision)
}

// owes returns a refusal if the caller owes something, for what was paid since the request came in.
func (a *admission) owes(ctx context.Context) error {
	rate := a.limits.Authenticated
	decision, decided := a.decide(ctx, userPolicy, userKey(recordOf(ctx).user), rate, 0)
	if !decided || decision.Allowed || decision.RetryAfter <= rate.Window/time.Duration(rate.Quota) { // of who has nothing left, and owes nothing
		return nil
	}
	return a.tell(ctx, userPolicy, rate, decision)
}

// payAfter counts what the n tasks cost that a request has changed, whatever its caller has left: they may owe it then. It
// tells them where they stand. A request that nobody waits for any more is paid for as well.
func (a *admission) payAfter(ctx context.Context, n int) {
	if a.limits.Source == nil || n < 1 {
		return
	}
	rate := a.limits.Authenticated
	decision, err := a.limits.Source.Charge(ctx, userKey(recordOf(ctx).user), rate, tenth(n))
	if err != nil {
		a.limiterFailed(userPolicy, err)
		return
	}
	ratelimit.WriteHeaders(recordOf(ctx).header, userPolicy, rate, decision, a.now())
}
