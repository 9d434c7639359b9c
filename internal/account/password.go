package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/text/unicode/norm"

	"todod/internal/todo"
)

// maxWaiting is how many passwords may wait for their turn, half of them from one network. At the rate of one core, some 30
// a second, the last of them waits two seconds.
const maxWaiting = 64

// Passwords hashes passwords and checks them. Each hash takes 19 MiB of memory and some 30 ms of a core (that is what makes
// guessing dear), so only as many run at once as there are cores, and networks take turns: see line. It is safe for
// concurrent use.
type Passwords struct {
	params  argon2Params
	nobody  argon2Hash   // the hash of no password
	refusal atomic.Int64 // how long a refused sign-in lasts, in nanoseconds
	line    *line
}

// NewPasswords returns Passwords that hash with argon2id at the parameters OWASP recommends.
func NewPasswords() *Passwords { return newPasswords(owasp, runtime.GOMAXPROCS(0)) }

// newPasswords returns Passwords that hash with these parameters, so many at once.
func newPasswords(params argon2Params, atOnce int) *Passwords {
	p := &Passwords{params: params, line: newLine(atOnce, maxWaiting)}
	p.nobody = argon2Hash{params: params, salt: make([]byte, saltBytes), key: make([]byte, keyBytes)}
	_, _ = rand.Read(p.nobody.salt) // never fails
	_, _ = rand.Read(p.nobody.key)
	p.refusal.Store(int64(leastRefusal))
	return p
}

// Hash returns the hash of a password in PHC form. It waits for its turn among what comes from the same network no longer
// than ctx, and is Unavailable when too many wait already.
func (p *Passwords) Hash(ctx context.Context, password string, from Client) (string, error) {
	h := p.salted()
	err := p.inTurn(ctx, from, func() { h.key = h.derive(normalisePassword(password)) })
	return h.String(), err
}

// salted returns a hash of ours whose key is still to be made.
func (p *Passwords) salted() argon2Hash {
	h := argon2Hash{params: p.params, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt) // never fails
	return h
}

// Verify reports whether a password has this hash, which may be in any form that KnownHash knows. Any other is the hash of
// no password. It waits as Hash does.
func (p *Passwords) Verify(ctx context.Context, hash, password string, from Client) (ok bool, err error) {
	known := p.parse(hash)
	err = p.inTurn(ctx, from, func() { ok = known.matches(password) })
	return ok && err == nil, err
}

// A Try is somebody who tries to sign in.
type Try struct {
	Password string
	From     Client
	Began    time.Time // when it began to be looked for whose password that may be
}

// VerifySignIn is Verify for somebody who signs in: what it refuses takes the same time, but for that in which it waits for
// its turn, whoever made the hash, and for an account that isn't there, whose hash is "". A sign-in whose caller leaves
// meanwhile is refused at once.
func (p *Passwords) VerifySignIn(ctx context.Context, hash string, t Try) (ok bool, err error) {
	return p.signIn(ctx, p.parse(hash), t)
}

// RefuseSignIn takes the time that a refusal by VerifySignIn does, waiting for a turn included, without looking at the
// password.
func (p *Passwords) RefuseSignIn(ctx context.Context, t Try) error {
	_, err := p.signIn(ctx, noHash{}, t)
	return err
}

// noHash is the hash of no password, which costs nothing to compare.
type noHash struct{}

// matches implements passwordHash.
func (noHash) matches(string) bool { return false }

// How long a refused sign-in lasts. Checking a hash of ours takes a fraction of that, and so do those of others, up to a
// cost of 13 for bcrypt; where one takes longer, refusals last as long from then on. The bound is for what else may keep a
// process from working: everybody who mistypes would wait as long.
const (
	leastRefusal = time.Second
	mostRefusal  = 5 * time.Second
)

// signIn is VerifySignIn for a hash that was read.
func (p *Passwords) signIn(ctx context.Context, hash passwordHash, t Try) (ok bool, err error) {
	looked := time.Since(t.Began) // for the account, which may take longer if it is there
	var turn time.Time
	err = p.inTurn(ctx, t.From, func() {
		turn = time.Now()
		ok = hash.matches(t.Password)
		p.lengthenRefusal(time.Since(turn))
	})
	if ok || err != nil {
		return ok && err == nil, err
	}
	pauseUntil(ctx, turn.Add(time.Duration(p.refusal.Load())-looked)) // no longer in turn: waiting costs nothing
	return false, nil
}

// pauseUntil returns at this time, or when ctx ends.
func pauseUntil(ctx context.Context, at time.Time) {
	select {
	case <-time.After(time.Until(at)):
	case <-ctx.Done():
	}
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

// inTurn runs work when it is the turn of its network.
func (p *Passwords) inTurn(ctx context.Context, from Client, work func()) error {
	network := from.neighbourhood()
	if err := p.line.enter(ctx, network); err != nil {
		return busy(err)
	}
	defer p.line.leave(network)
	if err := ctx.Err(); err != nil {
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
