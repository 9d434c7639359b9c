package group

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

// A carrier notes the groups it has carried, each of which takes until somebody lets it go on.
type carrier struct {
	mu     sync.Mutex
	groups [][]string
	goOn   chan struct{}
}

// carry implements what a Queue calls.
func (c *carrier) carry(ops []string) {
	c.mu.Lock()
	c.groups = append(c.groups, slices.Clone(ops))
	c.mu.Unlock()
	<-c.goOn
}

// do puts an operation of owner's into q in the background and waits until it is taken or waits.
func do(ctx context.Context, t *testing.T, q *Queue[string], owner, op string) (result chan error) {
	t.Helper()
	result = make(chan error, 1)
	go func() { result <- q.Do(ctx, todo.UserID(owner), op) }()
	synctest.Wait()
	return result
}

// TestPeopleTakeTurns: whoever comes first goes at once; those who come meanwhile go together, one of each person in turn,
// each person's in their order, and no more of them than a group holds.
func TestPeopleTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{goOn: make(chan struct{})}
		q := New(1, 4, c.carry)
		var results []chan error
		for _, op := range []string{"a0", "a1", "a2", "a3", "b1", "b2", "c1"} {
			results = append(results, do(t.Context(), t, q, op[:1], op))
		}
		if n := q.Waiting(); n != 6 {
			t.Errorf("%d wait, want 6", n)
		}
		for range 3 {
			c.goOn <- struct{}{}
			synctest.Wait()
		}
		for i, result := range results {
			if err := <-result; err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		want := [][]string{{"a0"}, {"a1", "b1", "c1", "a2"}, {"b2", "a3"}}
		if fmt.Sprint(c.groups) != fmt.Sprint(want) || q.Waiting() != 0 {
			t.Errorf("groups %v, want %v; %d wait", c.groups, want, q.Waiting())
		}
	})
}

// TestApartNobodyIsInAnothersGroup: people take turns, and each turn is of all that one of them wants.
func TestApartNobodyIsInAnothersGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{goOn: make(chan struct{})}
		q := NewApart(1, 3, c.carry)
		var results []chan error
		for _, op := range []string{"a0", "a1", "a2", "a3", "a4", "b1", "b2", "c1"} {
			results = append(results, do(t.Context(), t, q, op[:1], op))
		}
		want := [][]string{{"a0"}, {"a1", "a2", "a3"}, {"b1", "b2"}, {"c1"}, {"a4"}}
		for range want {
			c.goOn <- struct{}{}
			synctest.Wait()
		}
		for i, result := range results {
			if err := <-result; err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		if fmt.Sprint(c.groups) != fmt.Sprint(want) || q.Waiting() != 0 {
			t.Errorf("groups %v, want %v; %d wait", c.groups, want, q.Waiting())
		}
	})
}

// TestWhoGoesAwayInTimeIsNotCarried: neither who waits, nor who would be next to lead; but who was taken up waits for the end.
func TestWhoGoesAwayInTimeIsNotCarried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{goOn: make(chan struct{})}
		q := New(1, 4, c.carry)
		leaving, leave := context.WithCancelCause(t.Context())
		reason := errors.New("gone")
		taken := do(leaving, t, q, "a", "taken")
		next := do(leaving, t, q, "b", "next to lead")
		waits := do(leaving, t, q, "c", "waits")
		stays := do(t.Context(), t, q, "c", "stays")
		leave(reason)
		synctest.Wait()
		for name, result := range map[string]chan error{"next": next, "waits": waits} {
			if err := <-result; !errors.Is(err, reason) {
				t.Errorf("%s: %v", name, err)
			}
		}
		select {
		case err := <-taken:
			t.Errorf("who was taken up ended before the group did: %v", err)
		default:
		}
		c.goOn <- struct{}{}
		c.goOn <- struct{}{}
		if err := errors.Join(<-taken, <-stays); err != nil {
			t.Error(err)
		}
		if err := q.Do(leaving, "d", "late"); !errors.Is(err, reason) {
			t.Errorf("who had gone before: %v", err)
		}
		if want := [][]string{{"taken"}, {"stays"}}; fmt.Sprint(c.groups) != fmt.Sprint(want) {
			t.Errorf("groups %v, want %v", c.groups, want)
		}
	})
}

// TestAPanicOfAGroupIsItsLeaders: nobody waits for ever, and the lane goes on.
func TestAPanicOfAGroupIsItsLeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{goOn: make(chan struct{})}
		q := New(1, 4, func(ops []string) {
			if c.carry(ops); len(ops) > 1 {
				panic("broken")
			}
		})
		first := do(t.Context(), t, q, "a", "first")
		panicked := make(chan any, 1)
		go func() {
			defer func() { panicked <- recover() }()
			_ = q.Do(t.Context(), "b", "leads")
		}()
		synctest.Wait()
		second := do(t.Context(), t, q, "c", "second")
		c.goOn <- struct{}{}
		c.goOn <- struct{}{}
		if v := <-panicked; v != "broken" {
			t.Errorf("the leader gets %v", v)
		}
		last := do(t.Context(), t, q, "d", "last")
		c.goOn <- struct{}{}
		if err := errors.Join(<-first, <-second, <-last); err != nil {
			t.Error(err)
		}
	})
}

// TestEachIsCarriedOnceInOrder: whatever comes when, and whoever goes away, each operation is carried once or not at all, as
// its caller was told; those of one person in the order in which they came; and in the end nothing waits.
func TestEachIsCarriedOnceInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people, each := rapid.IntRange(1, 8).Draw(t, "people"), rapid.IntRange(1, 20).Draw(t, "each")
		lanes, most := rapid.IntRange(1, 3).Draw(t, "lanes"), rapid.IntRange(1, 6).Draw(t, "max")
		patience := rapid.IntRange(0, 3).Draw(t, "patience")
		var mu sync.Mutex
		carried := map[string][]int{}
		largest := 0
		apart := rapid.Bool().Draw(t, "apart")
		mixed := false // groups of several people
		newQueue := map[bool]func(int, int, func([][2]int)) *Queue[[2]int]{false: New[[2]int], true: NewApart[[2]int]}[apart]
		q := newQueue(lanes, most, func(ops [][2]int) {
			mu.Lock()
			defer mu.Unlock()
			largest = max(largest, len(ops))
			mixed = mixed || slices.ContainsFunc(ops, func(op [2]int) bool { return op[0] != ops[0][0] })
			for _, op := range ops {
				name := fmt.Sprint(op[0])
				carried[name] = append(carried[name], op[1])
			}
		})
		told := make([][]int, people)
		var all sync.WaitGroup
		for p := range people {
			all.Go(func() {
				for i := range each {
					ctx, cancel := context.WithCancel(context.Background())
					if patience > 0 && i%(patience+1) == 0 {
						go cancel()
					}
					if q.Do(ctx, todo.UserID(fmt.Sprint(p)), [2]int{p, i}) == nil {
						told[p] = append(told[p], i)
					}
					cancel()
				}
			})
		}
		all.Wait()
		for p := range people {
			if got := carried[fmt.Sprint(p)]; !slices.Equal(got, told[p]) {
				t.Fatalf("person %d: carried %v, told %v", p, got, told[p])
			}
		}
		if largest > most || apart && mixed || q.Waiting() != 0 {
			t.Fatalf("a group of %d, of at most %d, of several people: %v; %d wait", largest, most, mixed, q.Waiting())
		}
	})
}
