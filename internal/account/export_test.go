package account

import (
	"context"
	"strings"
	"time"
)

// Occupy takes all slots of p until release is called.
func (p *Passwords) Occupy() (release func()) {
	for range p.line.atOnce {
		if err := p.line.enter(context.Background(), "all"); err != nil {
			panic(err)
		}
	}
	return func() {
		for range p.line.atOnce {
			p.line.leave("all")
		}
	}
}

// LeastRefusal is how long a refused sign-in lasts.
const LeastRefusal = leastRefusal

// CheapPasswords returns Passwords whose hashes cost next to nothing, and whose refusals come at once.
func CheapPasswords() *Passwords {
	p := newPasswords(cheap, 4)
	p.RefuseAfter(0)
	return p
}

// RefuseAfter has refused sign-ins last so long, or as long as the longest check from now on.
func (p *Passwords) RefuseAfter(d time.Duration) { p.refusal.Store(int64(d)) }

// DearerPasswords returns Passwords by which those of CheapPasswords need an upgrade.
func DearerPasswords() *Passwords {
	return newPasswords(argon2Params{memory: 16, time: 1, threads: 1}, 4)
}

// ForeignHash returns a hash that another program made, and its password.
func ForeignHash(by string) (hash, password string) {
	for _, f := range foreign {
		if strings.HasPrefix(f.by, by) {
			return f.hash, f.password
		}
	}
	panic("no hash by " + by)
}

// MustHash returns the hash of a password.
func (p *Passwords) MustHash(password string) string {
	hash, err := p.Hash(context.Background(), password, Client{})
	if err != nil {
		panic(err)
	}
	return hash
}
