package turn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// An operation is one that a test has begun.
type operation struct {
	name string
	kind kind
	stop context.CancelFunc
	end  chan struct{} // closed: it has done its work
	err  error
}

// A scene is turns with what is under way in them.
type scene struct {
	*turns
	mu      sync.Mutex
	going   []string
	history []string // of what has gone, in order
}

// begin has an operation of owner's begin, and waits until it goes, waits or has failed.
func (s *scene) begin(owner, name string, k kind) *operation {
	ctx, stop := context.WithCancel(context.Background())
	op := &operation{name: name, kind: k, stop: stop, end: make(chan struct{})}
	go func() {
		if op.err = s.enter(ctx, todo.UserID(owner), k); op.err != nil {
			return
		}
		s.mu.Lock()
		s.going, s.history = append(s.going, name), append(s.history, name)
		s.mu.Unlock()
		<-op.end
		s.mu.Lock()
		s.going = slices.DeleteFunc(s.going, func(other string) bool { return other == name })
		s.mu.Unlock()
		s.leave(todo.UserID(owner), k)
	}()
	synctest.Wait()
	return op
}

// finish has operations end.
func finish(all ...*operation) {
	for _, op := range all {
		close(op.end)
		synctest.Wait()
	}
}

// want fails the test unless exactly these are under way.
func (s *scene) want(t *testing.T, names ...string) {
	t.Helper()
	slices.Sort(s.going)
	if !slices.Equal(s.going, names) {
		t.Errorf("under way: %v, want %v", s.going, names)
	}
}

// in runs a test in a bubble, at whose end nobody is under way or waits.
func in(t *testing.T, test func(t *testing.T, s *scene)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{turns: newTurns(time.Minute, Reads)}
		test(t, s)
		synctest.Wait()
		for i := range s.shards {
			if n := len(s.shards[i].people); n > 0 {
				t.Errorf("%d people are still known", n)
			}
		}
	})
}

func TestFourReadsOfAPersonGoAtOnce(t *testing.T) {
	in(t, func(t *testing.T, s *scene) {
		var all []*operation
		for i := range 6 {
			all = append(all, s.begin("ada", fmt.Sprint("a", i), read))
		}
		bob := s.begin("bob", "b", read)
		write := s.begin("ada", "w", alone)
		s.want(t, "a0", "a1", "a2", "a3", "b", "w")
		finish(all[2])
		s.want(t, "a0", "a1", "a3", "a4", "b", "w")
		finish(all[0])
		s.want(t, "a1", "a3", "a4", "a5", "b", "w")
		finish(all[1], all[3], all[4], all[5], bob, write)
	})
}

func TestWritesGoInTheirOrder(t *testing.T) {
	in(t, func(t *testing.T, s *scene) {
		a, b := s.begin("ada", "1", shared), s.begin("ada", "2", shared)
		big := s.begin("ada", "3", alone)
		c, d := s.begin("ada", "4", shared), s.begin("ada", "5", shared)
		s.want(t, "1", "2") // which the store keeps in order
		finish(a)
		s.want(t, "2")
		finish(b)
		s.want(t, "3")
		finish(big)
		s.want(t, "4") // one by one: woken together, they might overtake each other
		finish(c)
		s.want(t, "5")
		e := s.begin("ada", "6", shared) // and together again
		s.want(t, "5", "6")
		finish(d, e)
	})
}

// TestSixtyFourWait: the next is refused, and those of others are not.
func TestSixtyFourWait(t *testing.T) {
	for _, k := range []kind{read, shared, alone} {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			in(t, func(t *testing.T, s *scene) {
				most := mostWaiting + 1
				if k == read {
					most = mostWaiting + Reads
				}
				var all []*operation
				for i := range most {
					all = append(all, s.begin("ada", fmt.Sprint(i), k))
				}
				for _, other := range []kind{k, k} {
					op := s.begin("ada", "more", other)
					var limited *todo.Error
					if !errors.As(op.err, &limited) || limited.Code != todo.Limited || limited.RetryAfter <= 0 {
						t.Errorf("one more: %v", op.err)
					}
				}
				bob := s.begin("bob", "b", k)
				if bob.err != nil || !slices.Contains(s.going, "b") {
					t.Errorf("somebody else: %v", bob.err)
				}
				finish(bob)
				finish(all[0])
				all = append(all, s.begin("ada", "again", k))
				finish(all[1:]...)
				for i, op := range all {
					if op.err != nil {
						t.Errorf("%d: %v", i, op.err)
					}
				}
			})
		})
	}
}

// TestWhoGoesAwayLeavesTheLine: with their request, or when patience ends.
func TestWhoGoesAwayLeavesTheLine(t *testing.T) {
	in(t, func(t *testing.T, s *scene) {
		first, second, third := s.begin("ada", "1", alone), s.begin("ada", "2", alone), s.begin("ada", "3", shared)
		second.stop()
		synctest.Wait()
		if todo.CodeOf(second.err) != todo.Unavailable || !errors.Is(second.err, context.Canceled) {
			t.Errorf("who went away: %v", second.err)
		}
		finish(first)
		s.want(t, "3")
		late := s.begin("ada", "4", alone)
		time.Sleep(time.Minute)
		synctest.Wait()
		if todo.CodeOf(late.err) != todo.Unavailable || !errors.Is(late.err, errWaitedTooLong) {
			t.Errorf("who waited too long: %v", late.err)
		}
		finish(third)
	})
}

// TestNobodyIsForgotten: in random histories writes go in their order, never more are under way than may be, and in the end
// nobody waits.
func TestNobodyIsForgotten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]kind{read, shared, alone}), 1, 60).Draw(r, "kinds")
		ends := rapid.SliceOfN(rapid.IntRange(0, 3), len(kinds), len(kinds)).Draw(r, "ends")
		synctest.Test(t, func(t *testing.T) {
			s := &scene{turns: newTurns(time.Hour, Reads)}
			live := map[string]*operation{}
			finishOne := func() {
				for _, name := range s.going {
					op := live[name]
					delete(live, name)
					finish(op)
					return
				}
			}
			for i, k := range kinds {
				op := s.begin("ada", fmt.Sprintf("%03d", i), k)
				live[op.name] = op
				s.check(t, live)
				for range ends[i] {
					finishOne()
					s.check(t, live)
				}
			}
			for len(s.going) > 0 {
				finishOne()
				s.check(t, live)
			}
			var writes []string
			for _, name := range s.history {
				if i, err := strconv.Atoi(name); err == nil && kinds[i] != read {
					writes = append(writes, name)
				}
			}
			if len(s.history) != len(kinds) || !slices.IsSorted(writes) {
				t.Errorf("%d of %d went: %v", len(s.history), len(kinds), s.history)
			}
		})
	})
}

// check fails the test if more is under way than may be.
func (s *scene) check(t *testing.T, live map[string]*operation) {
	t.Helper()
	count := map[kind]int{}
	for _, name := range s.going {
		count[live[name].kind]++
	}
	if count[read] > Reads || count[alone] > 1 || count[alone] == 1 && count[shared] > 0 {
		t.Errorf("under way: %v", count)
	}
}

// TestATurnCostsNothingWorthSpeakingOf: one person with one request.
func TestATurnCostsNothingWorthSpeakingOf(t *testing.T) {
	s := newTurns(time.Minute, Reads)
	ctx := t.Context()
	for _, k := range []kind{read, shared, alone} {
		if n := testing.AllocsPerRun(100, func() {
			if err := s.enter(ctx, "ada", k); err != nil {
				t.Error(err)
			}
			s.leave("ada", k)
		}); n > 0 {
			t.Errorf("kind %d: %.0f allocations", k, n)
		}
	}
}

func BenchmarkTurn(b *testing.B) {
	s := newTurns(time.Minute, Reads)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.enter(b.Context(), "ada", shared); err == nil {
				s.leave("ada", shared)
			}
		}
	})
}

// TestEveryMethodAboutSomebodyHasATurn: one that the store embeds as it is would let its caller pass all others.
func TestEveryMethodAboutSomebodyHasATurn(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("store.go")
	if err != nil {
		t.Fatal(err)
	}
	within := []string{"ChangesAt"} // is asked in the course of what has its turn
	store := reflect.TypeFor[todo.Store]()
	for method := range store.Methods() {
		about := method.Type.NumIn() > 1 && method.Type.In(1) == reflect.TypeFor[todo.UserID]()
		if about && !slices.Contains(within, method.Name) && !strings.Contains(string(source), "func (s *store) "+method.Name+"(") {
			t.Errorf("%s has no turn", method.Name)
		}
	}
}
