package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestNetworksTakeTurns: who comes from elsewhere waits for what is under way, and not for those that wait. While others
// wait, nothing begins of a network that has half of what goes at once.
func TestNetworksTakeTurns(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []int{1, 2, 4} {
		synctest.Test(t, func(t *testing.T) {
			l := newLine(atOnce, 40)
			var all sync.WaitGroup
			var mu sync.Mutex
			var order []string
			for i, network := range strings.Split("a a a a a a a a a a b b c", " ") {
				all.Go(func() {
					if err := l.enter(t.Context(), network); err != nil {
						t.Error(err)
						return
					}
					defer l.leave(network)
					l.mu.Lock()
					if others := l.waits - len(l.waiting[network]); others > 0 && l.underWay[network] > max(atOnce/2, 1) {
						t.Errorf("%d of %s are under way, and %d others wait", l.underWay[network], network, others)
					}
					l.mu.Unlock()
					mu.Lock()
					order = append(order, network)
					mu.Unlock()
					time.Sleep(time.Second + time.Duration(i)*time.Millisecond) // one ends after the other
				})
				synctest.Wait()
			}
			all.Wait()
			want := map[int]string{1: "aabcabaaaaaaa", 2: "aabacbaaaaaaa", 4: "aaaabcabaaaaa"}
			if got := strings.Join(order, ""); got != want[atOnce] {
				t.Errorf("%d at once: %s, want %s", atOnce, got, want[atOnce])
			}
			if l.running != 0 || l.waits != 0 || len(l.underWay)+len(l.waiting)+len(l.turns) != 0 {
				t.Errorf("left: %+v", l)
			}
		})
	}
}

// TestAPlaceIsLostToWhoHasLess: when all are taken, it is the last of the network that has the most who makes room, and
// nobody who has no more than the one who comes.
func TestAPlaceIsLostToWhoHasLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1, 4)
		if err := l.enter(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		answers := map[string][]chan error{}
		come := func(network string) {
			answer := make(chan error, 1)
			answers[network] = append(answers[network], answer)
			go func() {
				err := l.enter(context.Background(), network)
				if answer <- err; err == nil {
					l.leave(network)
				}
			}()
			synctest.Wait()
		}
		for _, network := range []string{"a", "a", "a", "b", "b", "c", "d", "e", "c"} {
			come(network)
		}
		l.leave("first")
		synctest.Wait()
		got := map[string][]bool{}
		for network, all := range answers {
			for _, answer := range all {
				err := <-answer
				if err != nil && !errors.Is(err, errCrowded) {
					t.Error(err)
				}
				got[network] = append(got[network], err == nil)
			}
		}
		for network, want := range map[string][]bool{
			"a": {true, false, false}, // the third has no place, as two are half of all; the second lost its own
			"b": {true, false}, "c": {true, false}, "d": {true}, "e": {false},
		} {
			if !slices.Equal(got[network], want) {
				t.Errorf("%s got in: %v, want %v", network, got[network], want)
			}
		}
	})
}

// TestWhoLeavesTheLineHoldsNothing.
func TestWhoLeavesTheLineHoldsNothing(t *testing.T) {
	t.Parallel()
	l := newLine(2, 20)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*100*time.Microsecond)
			defer cancel()
			network := string(rune('a' + i%5))
			if l.enter(ctx, network) == nil {
				time.Sleep(50 * time.Microsecond)
				l.leave(network)
			}
		})
	}
	all.Wait()
	if l.running != 0 || l.waits != 0 || len(l.underWay)+len(l.waiting)+len(l.turns) != 0 {
		t.Errorf("left: %+v", l)
	}
}
