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
	known, isKnown := parseHash(hash)
	if !isKnown {
		known = p.nobody
	}
	err = p.inTurn(ctx, func() { ok = known.matches(password) })
	return ok && isKnown && err == nil, err
}

// VerifyNobody takes the time of a Verify that finds the password wrong, for an account that isn't there.
func (p *Passwords) VerifyNobody(ctx context.Context, password string) error {
	return p.inTurn(ctx, func() { p.nobody.matches(password) })
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
