package account

import (
	"sync"
	"time"
)

const (
	// breakAfter is how many calls in a row must find the service away for the breaker to open.
	breakAfter = 3

	// breakFor is how long it stays open. It bounds how long people are turned away after the service is back.
	breakFor = 5 * time.Second
)

// breaker keeps people from waiting for a service that is away. While it is closed, every call may be made. When breakAfter
// calls in a row have found the service away, it opens: for breakFor no call is made, then one at a time to see whether the
// service is back. It is safe for concurrent use.
type breaker struct {
	now func() time.Time

	mu      sync.Mutex
	failed  int       // calls in a row
	retry   time.Time // when open: no call before
	testing bool      // when open: a call is under way
}

// allow reports whether a call may be made; if so, done must be called with its outcome. If not, it may be worth trying
// again after wait, which is above zero.
func (b *breaker) allow() (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakAfter {
		return 0, true
	}
	if wait := b.retry.Sub(b.now()); wait > 0 {
		return wait, false
	}
	if b.testing {
		return time.Second, false
	}
	b.testing = true
	return 0, true
}

// outcome is what a call says about the service.
type outcome int

// The three outcomes.
const (
	unknown outcome = iota // nothing: whoever asked has gone away before there was an answer
	present
	away
)

// done tells what came of an allowed call. It reports whether the breaker has opened or closed by it.
func (b *breaker) done(o outcome) (turned bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.testing = false
	switch o {
	case present:
		turned = b.failed >= breakAfter
		b.failed = 0
	case away:
		b.failed++
		b.retry = b.now().Add(breakFor)
		turned = b.failed == breakAfter
	case unknown:
	}
	return turned
}
