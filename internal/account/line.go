package account

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// A line is where work waits that takes a core for a while. So much of it is under way at once; the rest waits, each behind
// what came before from its own network, and networks take turns: the next to go is of one that has the least under way.
// So a network never has more than its share while others wait.
//
// Nor does it keep others from waiting. It has at most half of all places; and when these are taken, who comes from a
// network with less takes the place of who came last from the one with the most, and that one is refused. It is safe for
// concurrent use.
type line struct {
	atOnce, places int

	mu       sync.Mutex
	underWay map[string]int       // of each network that has any
	running  int                  // of all networks
	waiting  map[string][]*waiter // of each network that has any, in the order in which they came
	turns    []string             // the networks that wait, whose turn is next in front
	waits    int                  // in all networks
}

// A waiter is work that waits.
type waiter struct {
	network string
	called  chan struct{} // closed when it is its turn, or it lost its place
	lost    bool          // its place, to somebody else
}

// errCrowded is why work was refused.
var errCrowded = errors.New("too much of the same network waits already")

// newLine returns a line with so much work at once and so many places to wait.
func newLine(atOnce, places int) *line {
	return &line{atOnce: atOnce, places: places, underWay: map[string]int{}, waiting: map[string][]*waiter{}}
}

// enter returns nil when it is the turn of work of a network, which must leave then, and an error if there is no place for
// it, or ctx ends first.
func (l *line) enter(ctx context.Context, network string) error {
	w, err := l.join(network)
	if w == nil {
		return err
	}
	select {
	case <-w.called:
	case <-ctx.Done():
		if l.giveUp(w) {
			return ctx.Err()
		}
	}
	switch {
	case w.lost:
		return errCrowded
	case ctx.Err() != nil: // select takes either
		l.leave(network)
		return ctx.Err()
	}
	return nil
}

// leave ends the turn of work of a network.
func (l *line) leave(network string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if l.underWay[network]--; l.underWay[network] == 0 {
		delete(l.underWay, network)
	}
	for l.running < l.atOnce && l.waits > 0 {
		next := slices.MinFunc(l.turns, func(a, b string) int { return l.underWay[a] - l.underWay[b] })
		first := l.waiting[next][0]
		l.turns = append(slices.DeleteFunc(l.turns, func(n string) bool { return n == next }), next)
		l.remove(first)
		l.begin(next)
		close(first.called)
	}
}

// join lets work of a network go, for which it returns nil twice, or wait.
func (l *line) join(network string) (*waiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running < l.atOnce { // then nobody waits
		l.begin(network)
		return nil, nil
	}
	own := len(l.waiting[network])
	if own >= max(l.places/2, 1) || l.waits >= l.places && !l.makeRoom(own) {
		return nil, errCrowded
	}
	w := &waiter{network: network, called: make(chan struct{})}
	if own == 0 {
		l.turns = append(l.turns, network)
	}
	l.waiting[network] = append(l.waiting[network], w)
	l.waits++
	return w, nil
}

// makeRoom takes the place of who came last from the network that has the most, if that has more than one more than own.
func (l *line) makeRoom(own int) bool {
	most := slices.MaxFunc(l.turns, func(a, b string) int { return len(l.waiting[a]) - len(l.waiting[b]) })
	all := l.waiting[most]
	if len(all) <= own+1 {
		return false
	}
	last := all[len(all)-1]
	l.remove(last)
	last.lost = true
	close(last.called)
	return true
}

// giveUp takes w out of the line and reports whether it was still there.
func (l *line) giveUp(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remove(w)
}

// begin notes that work of a network is under way. The caller holds l.mu.
func (l *line) begin(network string) {
	l.running++
	l.underWay[network]++
}

// remove takes w out of the line and reports whether it was there. The caller holds l.mu.
func (l *line) remove(w *waiter) bool {
	all := l.waiting[w.network]
	i := slices.Index(all, w)
	if i < 0 {
		return false
	}
	l.waits--
	if all = slices.Delete(all, i, i+1); len(all) > 0 {
		l.waiting[w.network] = all
		return true
	}
	delete(l.waiting, w.network)
	l.turns = slices.DeleteFunc(l.turns, func(n string) bool { return n == w.network })
	return true
}
