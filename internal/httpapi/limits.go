package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"todod/internal/account"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// Limits say how many requests a caller may make. A nil Source lets everyone through.
type Limits struct {
	Source        ratelimit.Source
	Authenticated ratelimit.Rate // of each user
	Anonymous     ratelimit.Rate // of each address

	// SignIn is the rate of sign-ins, registrations and changes of an e-mail address for each pair of an address and an
	// e-mail address, and of changes of a password and erasures for each user.
	SignIn ratelimit.Rate
}

// signInAlone is how many times the rate of a pair an address, or an e-mail address, may come alone. So nobody locks
// another out by trying their address: that takes ten machines, and even then who signed in before gets in from where they
// did.
const signInAlone = 10

// alone returns the rate of sign-ins of an address or an e-mail address alone.
func (l Limits) alone() ratelimit.Rate {
	return ratelimit.Rate{Quota: l.SignIn.Quota * signInAlone, Window: l.SignIn.Window}
}

// limitAddress counts n requests against the address that a request comes from.
func (a *admission) limitAddress(ctx context.Context, n int) error {
	return a.take(ctx, "address", "address:"+addressKey(ctx), a.limits.Anonymous, n)
}

// limitSignIn counts a sign-in, or what counts as one, against the address that it comes from, and against the networks
// around it. It needs nothing of the body.
func (a *admission) limitSignIn(ctx context.Context) error {
	return a.takeAround(ctx, "sign-in-address", "signin-address:", a.limits.alone())
}

// wider is how many times the rate of an address the network around it has, and the one around that of this one.
const wider = 2

// takeAround counts one against the address that a request comes from, and against the networks around it.
func (a *admission) takeAround(ctx context.Context, policy, key string, rate ratelimit.Rate) error {
	if err := a.take(ctx, policy, key+addressKey(ctx), rate, 1); err != nil {
		return err
	}
	for _, network := range ratelimit.Networks(recordOf(ctx).client) {
		rate.Quota *= wider
		decision, decided := a.decide(ctx, policy, key+network, rate, 1)
		if decided && !decision.Allowed {
			return a.tell(ctx, policy, rate, decision)
		}
	}
	return nil
}

// limitEmail counts against an e-mail address what tells whether somebody has it.
func (a *admission) limitEmail(ctx context.Context, email string) error {
	tooMany, err := a.countEmail(ctx, email)
	if tooMany != nil {
		err = tooMany()
	}
	return err
}

// countEmail counts a sign-in against its e-mail address: together with the address that it comes from first, and the
// networks around that, because what these refuse must not use up what everyone else has for this e-mail address. If it is
// everyone else who has used that up, there is no error but a function that makes this one of it.
func (a *admission) countEmail(ctx context.Context, email string) (tooMany func() error, err error) {
	hash := emailHash(email)
	if err := a.takeAround(ctx, "sign-in", "signin:"+hash+":", a.limits.SignIn); err != nil {
		return nil, err
	}
	rate := a.limits.alone()
	decision, decided := a.decide(ctx, "sign-in-email", "signin-email:"+hash, rate, 1)
	if !decided || decision.Allowed {
		return nil, nil // and the headers speak of the pair, which is what this caller will meet first
	}
	return func() error { return a.tell(ctx, "sign-in-email", rate, decision) }, nil
}

// limitAccount counts against the caller what concerns their account as a whole, such as a try of their password: whoever
// has found a token must not find that out.
func (a *admission) limitAccount(ctx context.Context) error {
	return a.take(ctx, "account", "account:"+string(caller(ctx).ID), a.limits.SignIn, 1)
}

// addressKey returns the key of the address that a request comes from.
func addressKey(ctx context.Context) string { return ratelimit.AddressKey(recordOf(ctx).client) }

// emailHash returns the beginning of the SHA-256 of an e-mail address, however it is spelt, in hex: enough to tell
// addresses apart, without storing or logging any.
func emailHash(email string) string {
	normalised, ok := account.NormaliseEmail(email)
	if !ok {
		normalised = strings.ToLower(strings.TrimSpace(email))
	}
	sum := sha256.Sum256([]byte(normalised))
	return hex.EncodeToString(sum[:16])
}

// userPolicy is the policy of what users may ask for.
const userPolicy = "user"

// userKey returns the key under which the requests of a user are counted.
func userKey(user todo.UserID) string { return userPolicy + ":" + string(user) }

// take counts a cost of n against key, tells the caller where they stand, and returns a refusal if that is too many.
func (a *admission) take(ctx context.Context, policy, key string, rate ratelimit.Rate, n int) error {
	decision, decided := a.decide(ctx, policy, key, rate, n)
	if !decided {
		return nil
	}
	return a.tell(ctx, policy, rate, decision)
}

// decide counts a cost of n against key, under a policy. It reports false if there are no limits or the source fails:
// then all may pass.
func (a *admission) decide(ctx context.Context, policy, key string, rate ratelimit.Rate, n int) (ratelimit.Decision, bool) {
	if a.limits.Source == nil {
		return ratelimit.Decision{}, false
	}
	decision, err := a.limits.Source.Take(ctx, key, rate, n)
	if err != nil {
		a.limiterFailed(policy, err)
		return ratelimit.Decision{}, false
	}
	if n > 0 || !decision.Allowed { // a look that may pass is followed by a request that counts
		a.metrics.Limited(policy, decision.Allowed)
	}
	return decision, true
}

// limiterFailed says that a request passes because nobody could decide it under a policy.
func (a *admission) limiterFailed(policy string, err error) {
	a.log.Error("rate limiter failed; the request passes", "error", err.Error())
	a.metrics.LimiterFailed(policy)
}

// tell tells the caller where they stand under a policy, and returns a refusal if the decision is one.
func (a *admission) tell(ctx context.Context, policy string, rate ratelimit.Rate, decision ratelimit.Decision) error {
	ratelimit.WriteHeaders(recordOf(ctx).header, policy, rate, decision, a.now())
	if decision.Allowed {
		return nil
	}
	a.auditLimited(ctx, policy)
	return &refusal{
		status: http.StatusTooManyRequests, reason: "rate limit of the " + policy,
		detail: fmt.Sprintf("Too many requests: at most %d in %s", rate.Quota, rate.Window),
	}
}
