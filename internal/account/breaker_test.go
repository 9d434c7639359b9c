package account

import (
	"testing"
	"time"
)

// tick is a clock that passes only when told to.
type tick struct{ at time.Time }

// now is the time.
func (c *tick) now() time.Time { return c.at }

// newTick returns a clock that stands.
func newTick() *tick { return &tick{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

// call asks b for a call and tells it the outcome. It reports whether the call was made and whether b turned.
func call(b *breaker, o outcome) (made, turned bool) {
	pass, _, ok := b.allow()
	if !ok {
		return false, false
	}
	return true, b.done(pass, o)
}

func TestTheBreakerOpensAfterFailuresInARow(t *testing.T) {
	t.Parallel()
	clock := newTick()
	b := &breaker{now: clock.now}
	for i, step := range []struct {
		outcome      outcome
		made, turned bool
	}{
		{away, true, false}, {away, true, false}, {present, true, false}, // not in a row
		{away, true, false}, {unknown, true, false}, {away, true, false}, {away, true, true}, // open
		{present, false, false}, {present, false, false},
	} {
		if made, turned := call(b, step.outcome); made != step.made || turned != step.turned {
			t.Errorf("step %d: made %v, turned %v", i, made, turned)
		}
	}
	if _, wait, ok := b.allow(); ok || wait != breakFor {
		t.Errorf("wait %v, %v", wait, ok)
	}
}

func TestAnOpenBreakerTriesOneCallAtATime(t *testing.T) {
	t.Parallel()
	clock := newTick()
	b := &breaker{now: clock.now}
	for range breakAfter {
		call(b, away)
	}
	clock.at = clock.at.Add(breakFor)
	pass, _, ok := b.allow()
	if !ok {
		t.Fatal("nobody tries")
	}
	if _, wait, ok := b.allow(); ok || wait <= 0 {
		t.Errorf("a second one tries, too: %v", wait)
	}
	if b.done(pass, away) {
		t.Error("it opened twice")
	}
	if _, _, ok := b.allow(); ok {
		t.Error("it closed although the service is away")
	}

	clock.at = clock.at.Add(breakFor)
	if made, _ := call(b, unknown); !made {
		t.Error("nobody tries again")
	}
	if made, turned := call(b, present); !made || !turned {
		t.Error("after a try without outcome nobody tried again, or success doesn't close it")
	}
	for range 3 {
		if made, turned := call(b, present); !made || turned {
			t.Errorf("made %v, turned %v", made, turned)
		}
	}
}

// TestCallsFromBeforeItOpenedDecideNothing: neither that another may try, nor that nobody may for longer. That the service
// has answered one of them closes it.
func TestCallsFromBeforeItOpenedDecideNothing(t *testing.T) {
	t.Parallel()
	clock := newTick()
	b := &breaker{now: clock.now}
	var early []int
	for range 5 {
		pass, _, _ := b.allow()
		early = append(early, pass)
	}
	for range breakAfter {
		call(b, away)
	}
	clock.at = clock.at.Add(breakFor / 2)
	b.done(early[0], away)
	if _, wait, ok := b.allow(); ok || wait != breakFor/2 {
		t.Errorf("after a late failure: %v, %v", wait, ok)
	}
	clock.at = clock.at.Add(breakFor / 2)
	trial, _, ok := b.allow()
	if !ok {
		t.Fatal("nobody tries")
	}
	for i, o := range []outcome{away, unknown} {
		if b.done(early[1+i], o) {
			t.Errorf("%v turned it", o)
		}
		if _, _, ok := b.allow(); ok {
			t.Errorf("after a late %v a second one tries", o)
		}
	}
	if !b.done(early[3], present) {
		t.Error("an answer doesn't close it")
	}

	for range breakAfter {
		call(b, away)
	}
	clock.at = clock.at.Add(breakFor)
	next, _, ok := b.allow()
	b.done(trial, away) // of the time before
	if _, _, again := b.allow(); !ok || again {
		t.Errorf("one may try: %v; and a second one: %v", ok, again)
	}
	if !b.done(next, present) {
		t.Error("its own try doesn't close it")
	}
}
