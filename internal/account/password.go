package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/text/unicode/norm"

	"todod/internal/todo"
)

// maxWaiting is how many passwords may wait for their turn. At the rate of one core, some 30 a second, the last of them
// waits two seconds.
const maxWaiting = 64

// Passwords hashes passwords and checks them. Each hash takes 19 MiB of memory and some 30 ms of a core (that is what makes
// guessing dear), so only as many run at once as there are cores. It is safe for concurrent use.
type Passwords struct {
	params  argon2Params
	nobody  argon2Hash    // the hash of no password
	refusal atomic.Int64  // how long a refused sign-in lasts, in nanoseconds
	slots   chan struct{} // holds one element for each hash that is under way
	waiting atomic.Int64
}

// NewPasswords returns Passwords that hash with argon2id at the parameters OWASP recommends.
func NewPasswords() *Passwords { return newPasswords(owasp, runtime.GOMAXPROCS(0)) }

// newPasswords returns Passwords that hash with these parameters, so many at once.
func newPasswords(params argon2Params, atOnce int) *Passwords {
	p := &Passwords{params: params, slots: make(chan struct{}, atOnce)}
	p.nobody = argon2Hash{params: params, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	_, _ = rand.Read(p.nobody.salt) // never fails
	_, _ = rand.Read(p.nobody.key)
	p.refusal.Store(int64(leastRefusal))
	return p
}

// Hash returns the hash of a password in PHC form. It waits for its turn no longer than ctx, and is Unavailable when too
// many wait already.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	h := argon2Hash{params: p.params, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt) // never fails
	err := p.inTurn(ctx, func() { h.key = h.derive(normalisePassword(password)) })
	return h.String(), err
}

// Verify reports whether a password has this hash, which may be in any form that KnownHash knows. Any other is the hash of
// no password. It waits as Hash does.
func (p *Passwords) Verify(ctx context.Context, hash, password string) (ok bool, err error) {
	known := p.parse(hash)
	err = p.inTurn(ctx, func() { ok = known.matches(password) })
	return ok && err == nil, err
}

// VerifySignIn is Verify for somebody who signs in: what it refuses takes the same time from its turn on, whoever made the
// hash, and for an account that isn't there, whose hash is "". A sign-in whose caller leaves meanwhile is refused at once.
func (p *Passwords) VerifySignIn(ctx context.Context, hash, password string) (ok bool, err error) {
	return p.signIn(ctx, p.parse(hash), password)
}

// How long a refused sign-in lasts. Checking a hash of ours takes a fraction of that, and so do those of others, up to a
// cost of 13 for bcrypt; where one takes longer, refusals last as long from then on. The bound is for what else may keep a
// process from working: everybody who mistypes would wait as long.
const (
	leastRefusal = time.Second
	mostRefusal  = 5 * time.Second
)

// signIn is VerifySignIn for a hash that was read.
func (p *Passwords) signIn(ctx context.Context, hash passwordHash, password string) (ok bool, err error) {
	var began time.Time
	err = p.inTurn(ctx, func() {
		began = time.Now()
		ok = hash.matches(password)
		p.lengthenRefusal(time.Since(began))
	})
	if ok || err != nil {
		return ok && err == nil, err
	}
	select { // no longer in turn: waiting costs nothing
	case <-time.After(time.Until(began.Add(time.Duration(p.refusal.Load())))):
	case <-ctx.Done():
	}
	return false, nil
}

// lengthenRefusal has refusals last no shorter than a check that took so long.
func (p *Passwords) lengthenRefusal(took time.Duration) {
	took = min(took, mostRefusal)
	for {
		now := p.refusal.Load()
		if now >= int64(took) || p.refusal.CompareAndSwap(now, int64(took)) {
			return
		}
	}
}

// parse reads a stored hash; one that can't be read is that of no password.
func (p *Passwords) parse(hash string) passwordHash {
	if known, ok := parseHash(hash); ok {
		return known
	}
	return p.nobody
}

// NeedsUpgrade reports whether a hash is of another form, or made with other parameters, than those that Hash makes.
func (p *Passwords) NeedsUpgrade(hash string) bool {
	known, ok := parseHash(hash)
	h, isArgon2 := known.(argon2Hash)
	return !ok || !isArgon2 || h.params != p.params || len(h.key) != keyBytes
}

// inTurn runs work when one of the slots is free.
func (p *Passwords) inTurn(ctx context.Context, work func()) error {
	if p.waiting.Add(1) > maxWaiting {
		p.waiting.Add(-1)
		return busy(errors.New("too many passwords wait to be hashed"))
	}
	select {
	case p.slots <- struct{}{}:
		p.waiting.Add(-1)
	case <-ctx.Done():
		p.waiting.Add(-1)
		return busy(ctx.Err())
	}
	defer func() { <-p.slots }()
	if err := ctx.Err(); err != nil { // select takes either
		return busy(err)
	}
	work()
	return nil
}

// busy says that a password could not be looked at now.
func busy(cause error) error {
	return &todo.Error{
		Code: todo.Unavailable, Message: "Too many people are signing in just now", RetryAfter: 2 * time.Second, Cause: cause,
	}
}

// normalisePassword returns the bytes of a password that are hashed. NFKC makes one password of what different keyboards
// send for it (NIST SP 800-63B, section 3.1.1.2), and is what Better Auth hashes, too.
func normalisePassword(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

// equalKeys compares in constant time.
func equalKeys(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
