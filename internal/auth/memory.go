package auth

import (
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// rememberFor is how long a token is taken for good without being verified again.
	rememberFor = time.Minute

	// rememberAtMost bounds the memory to a few megabytes. Only good tokens take a place in it.
	rememberAtMost = 10_000
)

// memory holds the principals of recently verified tokens by the SHA-256 of the token, so that no token is kept. It is
// safe for concurrent use.
type memory struct {
	entries *lru.Cache[[sha256.Size]byte, entry]
}

// entry is what is remembered of a token.
type entry struct {
	principal Principal
	until     time.Time // excluded
}

// newMemory returns an empty memory.
func newMemory() *memory {
	// The only error is a size that is not positive.
	entries, _ := lru.New[[sha256.Size]byte, entry](rememberAtMost)
	return &memory{entries: entries}
}

// remember keeps the principal of token, verified at the time now, for rememberFor, but never past its exp.
func (m *memory) remember(token string, p Principal, now time.Time) {
	until := now.Add(rememberFor)
	if p.ExpiresAt.Before(until) {
		until = p.ExpiresAt
	}
	m.entries.Add(sha256.Sum256([]byte(token)), entry{principal: p, until: until})
}

// knows reports whether token was found good once and has not expired since.
func (m *memory) knows(token string, now time.Time) bool {
	e, ok := m.entries.Peek(sha256.Sum256([]byte(token)))
	return ok && now.Before(e.principal.ExpiresAt)
}

// recall returns the principal of a token that is still remembered at the time now.
func (m *memory) recall(token string, now time.Time) (Principal, bool) {
	e, ok := m.entries.Get(sha256.Sum256([]byte(token)))
	if !ok || !now.Before(e.until) {
		return Principal{}, false
	}
	return e.principal, true
}
