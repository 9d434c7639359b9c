package observe

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestActiveUsers: whoever came within the window counts once, whoever came before it no more.
func TestActiveUsers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0)
		a := newActiveUsers(func() time.Time { return now })
		last := map[int]int64{} // the minute in which each user was last seen
		minute := func() int64 { return now.Unix() / 60 }
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "seconds")) * time.Second)
			first := rapid.IntRange(0, 20_000).Draw(t, "first")
			for u := range rapid.IntRange(0, 300).Draw(t, "users") {
				a.saw(fmt.Sprint("user", first+u))
				a.saw(fmt.Sprint("user", first+u))
				last[first+u] = minute()
			}
		}
		for _, window := range []int64{1, 5, activeMinutes} {
			want := 0.0
			for _, at := range last {
				if at > minute()-window {
					want++
				}
			}
			// Six standard deviations, and a few users where there are few.
			if got := a.within(window); math.Abs(got-want) > 0.14*want+6 {
				t.Fatalf("%v users in %d minutes, want about %v", got, window, want)
			}
		}
	})
}

// TestManyActiveUsers: the estimate holds where registers are full, and takes no more room.
func TestManyActiveUsers(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	a := newActiveUsers(func() time.Time { return now })
	seen := 0
	for _, n := range []int{10, 1000, 5000, 20_000, 300_000} {
		for ; seen < n; seen++ {
			a.saw(fmt.Sprint(seen))
		}
		if got := a.within(5); math.Abs(got/float64(n)-1) > 0.14 {
			t.Errorf("%v users, want about %d", got, n)
		}
	}
}

// TestNobodyIsActive: and after a clock that went back, nobody of the time ahead is.
func TestNobodyIsActive(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	a := newActiveUsers(func() time.Time { return now })
	if got := a.within(activeMinutes); got != 0 {
		t.Errorf("%v", got)
	}
	a.saw("ada")
	now = now.Add(-time.Hour)
	if got := a.within(activeMinutes); got != 0 {
		t.Errorf("%v after the clock went back", got)
	}
}
