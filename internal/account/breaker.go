package account

import (
	"sync"
	"time"
)

const (
	// breakAfter is how many calls in a row must find the service away for the breaker to open.
	breakAfter = 3

	// breakFor is how long no call is begun then. It and the time that a call may take bound how long people are turned
	// away after the service is back.
	breakFor = 5 * time.Second
)

// breaker keeps people from waiting for a service that is away. While it is closed, every call may be made. When breakAfter
// calls in a row have found the service away, it opens: for breakFor no call is begun, then one at a time to see whether the
// service is back. Of calls that were begun before, only an answer counts then. It is safe for concurrent use.
type breaker struct {
	now func() time.Time

	mu     sync.Mutex
	failed int       // calls in a row
	retry  time.Time // when open: no call before
	trial  int       // when open: the pass of the call that is under way, 0 for none
	passes int       // that were handed out for trials
}

// allow reports whether a call may be made; if so, done must be called with its pass and outcome. If not, it may be worth
// trying again after wait, which is above zero.
func (b *breaker) allow() (pass int, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakAfter {
		return 0, 0, true
	}
	if wait := b.retry.Sub(b.now()); wait > 0 {
		return 0, wait, false
	}
	if b.trial != 0 {
		return 0, time.Second, false
	}
	b.passes++
	b.trial = b.passes
	return b.trial, 0, true
}

// outcome is what a call says about the service.
type outcome int

// The three outcomes.
const (
	unknown outcome = iota // nothing: whoever asked has gone away before there was an answer
	present
	away
)

// done tells what came of the call that has this pass. It reports whether the breaker has opened or closed by it.
func (b *breaker) done(pass int, o outcome) (turned bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open, trial := b.failed >= breakAfter, pass != 0 && pass == b.trial
	if trial {
		b.trial = 0
	}
	switch {
	case o == present:
		b.failed, b.trial = 0, 0
		return open
	case o == away && (trial || !open):
		b.failed++
		b.retry = b.now().Add(breakFor)
		return b.failed == breakAfter
	}
	return false
}
