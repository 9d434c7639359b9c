package todo

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A shelf is a list of objects as a plain slice has it, and the keys that should say the same.
type shelf struct {
	order []int64          // ids
	keys  map[int64]string // by id
	made  map[string]bool  // all keys there ever were
	rev   Rev

	moves, rewritten, most, longest int // most: how many neighbours one move rewrote
}

// newShelf returns a shelf with n objects that were never moved.
func newShelf(n int64) *shelf {
	s := &shelf{keys: map[int64]string{}, made: map[string]bool{}}
	for id := n; id > 0; id-- {
		s.order = append(s.order, id)
		s.keys[id] = placeByAge(id)
		s.made[s.keys[id]] = true
	}
	return s
}

// around returns up to n keys on either side of the place between order[at-1] and order[at].
func (s *shelf) around(at, n int) surroundings {
	low, high := max(0, at-n), min(len(s.order), at+n)
	near := surroundings{moreBefore: low > 0, moreAfter: high < len(s.order)}
	for i := at - 1; i >= low; i-- {
		near.before = append(near.before, s.keys[s.order[i]])
	}
	for i := at; i < high; i++ {
		near.after = append(near.after, s.keys[s.order[i]])
	}
	return near
}

// move moves id to index at of the list without it, and fails the test unless the keys say so.
func (s *shelf) move(t rapid.TB, id int64, at int, anchor end) {
	t.Helper()
	old := slices.Index(s.order, id)
	s.order = slices.Delete(s.order, old, old+1)
	a, want := rearrange(s.around(at, 26), anchor, s.rev+1)
	for want > 0 {
		a, want = rearrange(s.around(at, want), anchor, s.rev+1)
	}
	s.write(t, id, at, a)
	s.check(t, at-len(a.before)-1, at+len(a.after)+2)
	n := len(a.before) + len(a.after)
	s.moves, s.rewritten, s.most = s.moves+1, s.rewritten+n, max(s.most, n)
}

// write puts id, which is not in the list, at this index, and gives everything the keys that a says.
func (s *shelf) write(t rapid.TB, id int64, at int, a arrangement) {
	t.Helper()
	for i, key := range a.before {
		s.put(t, s.order[at-1-i], key)
	}
	for i, key := range a.after {
		s.put(t, s.order[at+i], key)
	}
	s.put(t, id, a.key)
	s.checkStamps(t, a)
	s.order = slices.Insert(s.order, at, id)
}

// put gives id a key, which nobody can have had before.
func (s *shelf) put(t rapid.TB, id int64, key string) {
	t.Helper()
	if s.made[key] || len(key) > maxPlace || strings.Trim(key, placeDigits) != "" {
		t.Fatalf("after %d moves, the key of %d is %q; there was one like it: %v", s.moves, id, key, s.made[key])
	}
	s.keys[id], s.made[key], s.longest = key, true, max(s.longest, len(key))
}

// checkStamps fails the test unless a's keys have the stamps of the next revisions, in ascending order. They are taken.
func (s *shelf) checkStamps(t rapid.TB, a arrangement) {
	t.Helper()
	keys := slices.Clone(a.before)
	slices.Reverse(keys)
	for _, key := range append(append(keys, a.key), a.after...) {
		if s.rev++; stampOf(key) != stamp(s.rev) {
			t.Fatalf("%q, in revision %d", key, s.rev)
		}
	}
}

// check fails the test unless the keys say the order of what stands from low to high.
func (s *shelf) check(t rapid.TB, low, high int) {
	t.Helper()
	for i := max(low, 0); i+1 < min(high, len(s.order)); i++ {
		a, b := s.order[i], s.order[i+1]
		if s.keys[a] >= s.keys[b] {
			t.Fatalf("after %d moves, %d at %q stands before %d at %q", s.moves, a, s.keys[a], b, s.keys[b])
		}
	}
}

// other returns any object but those of these ids.
func (s *shelf) other(r *rand.Rand, ids ...int64) int64 {
	for {
		if id := s.order[r.IntN(len(s.order))]; !slices.Contains(ids, id) {
			return id
		}
	}
}

// behind returns the index right behind id, in a list without moved.
func (s *shelf) behind(id, moved int64) int { return s.before(id, moved) + 1 }

// before returns the index of id in a list without moved.
func (s *shelf) before(id, moved int64) int {
	at := slices.Index(s.order, id)
	if slices.Index(s.order, moved) < at {
		at--
	}
	return at
}

// What is moved where, and how the program that does it says where, by the name of what it does. In a list of 1,000,
// 500 and 499 are neighbours at first. last are the two that were moved last, the very last in front.
var habits = map[string]func(s *shelf, r *rand.Rand, last [2]int64) (id int64, at int, anchor end){
	"after the same": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		id := s.other(r, 500)
		return id, s.behind(500, id), front
	},
	"after the same, before the last": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		id := s.other(r, 500)
		return id, s.behind(500, id), back
	},
	"before the same": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		id := s.other(r, 500)
		return id, s.before(500, id), back
	},
	"before the same, after the last": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		id := s.other(r, 500)
		return id, s.before(500, id), front
	},
	"after the last": func(s *shelf, r *rand.Rand, last [2]int64) (int64, int, end) {
		id := s.other(r, last[0])
		return id, s.behind(last[0], id), front
	},
	"between the last two": func(s *shelf, r *rand.Rand, last [2]int64) (int64, int, end) {
		id := s.other(r, last[0], last[1])
		return id, max(s.before(last[0], id), s.before(last[1], id)), front
	},
	"first": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) { return s.other(r), 0, front },
	"first, before the first": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		return s.other(r), 0, back
	},
	"last": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) { return s.other(r), len(s.order) - 1, back },
	"first and last by turns": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		return s.other(r), s.moves % 2 * (len(s.order) - 1), end(s.moves % 2)
	},
	"after and before two neighbours by turns": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		id := s.other(r, 499, 500)
		if s.moves%2 == 0 {
			return id, s.behind(500, id), front
		}
		return id, s.before(499, id), back
	},
	"anywhere": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		return s.other(r), r.IntN(len(s.order)), end(r.IntN(2))
	},
	"near the middle": func(s *shelf, r *rand.Rand, _ [2]int64) (int64, int, end) {
		return s.other(r), 498 + r.IntN(4), end(r.IntN(2))
	},
}

// A bound is how many neighbours moves may rewrite each, one at once, and how long keys may get.
type bound struct {
	each          float64
	most, longest int
}

// bounds are those of some habits. Two leave ever more objects where there is ever less room: each move adds one that
// has to be rewritten later, so that it's more than one each in the end; once in a while it is the whole list.
var bounds = map[string]bound{
	"first": {0, 0, 14}, "first, before the first": {0, 0, 14}, "last": {0, 0, 14}, "first and last by turns": {0, 0, 14},
	"after the last":       {0, 0, 40},
	"between the last two": {3, 999, maxPlace}, "near the middle": {3, 999, maxPlace},
}

// TestMovesToOnePlace: the keys say the order of a plain slice, after however many moves to one place, and few
// neighbours are rewritten for it.
func TestMovesToOnePlace(t *testing.T) {
	t.Parallel()
	for name, next := range habits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, last := newShelf(1000), rand.New(rand.NewPCG(1, 2)), [2]int64{500, 499}
			for range movesToOnePlace {
				id, at, anchor := next(s, r, last)
				s.move(t, id, at, anchor)
				if last[1], last[0] = last[0], id; s.moves%1000 == 0 {
					s.check(t, 0, len(s.order))
				}
			}
			each := float64(s.rewritten) / float64(s.moves)
			t.Logf("%d moves rewrote %.4f neighbours each, at most %d; the longest key has %d characters",
				s.moves, each, s.most, s.longest)
			want, found := bounds[name]
			if !found {
				want = bound{each: 0.01, most: 10, longest: maxPlace}
			}
			if each > want.each || s.most > want.most || s.longest > want.longest {
				t.Errorf("want at most %v neighbours each, %d at once, and %d characters", want.each, want.most, want.longest)
			}
		})
	}
}

// TestPlacesByAge: the newest stands first, and the text is the one that databases make of an id.
func TestPlacesByAge(t *testing.T) {
	t.Parallel()
	for id, want := range map[int64]string{1: "m7ffffffffffffffe", 1<<53 - 1: "m7fe0000000000000"} {
		if got := placeByAge(id); got != want {
			t.Errorf("%d stands at %q, want %q", id, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Min(0).Draw(t, "a"), rapid.Int64Min(0).Draw(t, "b")
		if (a > b) != (placeByAge(a) < placeByAge(b)) || stampOf(placeByAge(a)) != "" {
			t.Fatalf("%q and %q", placeByAge(a), placeByAge(b))
		}
	})
}

// TestAgeBelow finds the key of the oldest object that would stand before a key if it was never moved.
func TestAgeBelow(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"z": placeByAge(0), "m": "", "k" + stamp(1): "", placeByAge(math.MaxInt64): "", placeByAge(7) + stamp(1): placeByAge(7),
	} {
		if got := ageBelow(key); got != want {
			t.Errorf("below %q there is %q, want %q", key, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int64Range(0, math.MaxInt64-1).Draw(t, "id")
		if got := ageBelow(placeByAge(id)); got != placeByAge(id+1) {
			t.Fatalf("below %d there is %q", id, got)
		}
	})
}

// anyRev draws revisions as they can become, after restored backups too.
func anyRev() *rapid.Generator[Rev] {
	return rapid.Custom(func(t *rapid.T) Rev { return Rev(rapid.Int64Range(1, 1<<53-1).Draw(t, "rev")) })
}

// TestStampsAreToldFromAge: no key of placeByAge seems to have one, so it equals none that has.
func TestStampsAreToldFromAge(t *testing.T) {
	t.Parallel()
	for shift := range 63 {
		for digit := range int64(16) {
			if key := placeByAge(digit << shift & math.MaxInt64); stampOf(key) != "" {
				t.Errorf("%q seems to have a stamp", key)
			}
		}
	}
	for rev, want := range map[Rev]string{1: "V000000001", 62: "V000000010", 1<<53 - 1: "VfFgnDxSe7"} {
		if got := stamp(rev); got != want {
			t.Errorf("revision %d has stamp %q, want %q", rev, got, want)
		}
	}
}

// TestStampsAreInOrder: those of different revisions differ, and a later one is greater.
func TestStampsAreInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyRev().Draw(t, "a"), anyRev().Draw(t, "b")
		key := rapid.StringMatching(`[0-9A-Za-z]{0,20}`).Draw(t, "prefix") + stamp(a)
		if (a < b) != (stamp(a) < stamp(b)) || len(stamp(a)) != stampSize || stampOf(key) != stamp(a) {
			t.Fatalf("%d has stamp %q, %d has %q", a, stamp(a), b, stamp(b))
		}
	})
}

// anyKeys draws two keys, ascending, or an open end instead of either. They often begin alike.
func anyKeys(t *rapid.T) (lo, hi string) {
	anyKey := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string { return placeByAge(rapid.Int64Range(1, 2000).Draw(t, "id")) }),
		rapid.Custom(func(t *rapid.T) string { return placeByAge(rapid.Int64Min(1).Draw(t, "id")) }),
		rapid.Custom(func(t *rapid.T) string {
			return rapid.StringMatching(`(m7f{0,13})?[0VZazf]{1,20}`).Draw(t, "prefix") + stamp(anyRev().Draw(t, "stamp"))
		}),
		rapid.Custom(func(t *rapid.T) string {
			return rapid.StringMatching(`[0-9A-Za-z]{1,60}`).Draw(t, "prefix") + stamp(anyRev().Draw(t, "stamp"))
		}),
	)
	keys := rapid.SliceOfNDistinct(anyKey, 2, 2, rapid.ID).Draw(t, "keys")
	slices.Sort(keys)
	lo, hi = keys[0], keys[1]
	switch rapid.IntRange(0, 5).Draw(t, "open end") {
	case 0:
		lo = ""
	case 1:
		hi = ""
	}
	return lo, hi
}

// wantBetween fails the test unless key may be a key between lo and hi that is made in revision rev.
func wantBetween(t rapid.TB, lo, key, hi string, rev Rev) {
	t.Helper()
	between := key > lo && (hi == "" || key < hi)
	if !between || len(key) > maxPlace || strings.Trim(key, placeDigits) != "" || stampOf(key) != stamp(rev) {
		t.Fatalf("%q is made in revision %d between %q and %q", key, rev, lo, hi)
	}
}

// TestAKeyLiesBetweenItsNeighbours, whatever these are; and so do those before and after it.
func TestAKeyLiesBetweenItsNeighbours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lo, hi := anyKeys(t)
		anchor := rapid.SampledFrom([]end{front, back}).Draw(t, "anchor")
		for rev := Rev(1); rev < 6; rev++ {
			key, ok := keyBetween(lo, hi, anchor, rev)
			if !ok {
				t.Fatalf("none between %q and %q", lo, hi)
			}
			wantBetween(t, lo, key, hi, rev)
			if rapid.Bool().Draw(t, "go on after it") {
				lo = key
			} else {
				hi = key
			}
		}
	})
}

// TestAKeyLeans towards what was moved last; beyond an end towards the last one there; else away from the anchor.
func TestAKeyLeans(t *testing.T) {
	t.Parallel()
	earlier, later := stamp(7), stamp(8)
	for _, c := range []struct {
		lo, hi string
		anchor end
		want   string // how the key begins
	}{
		{placeByAge(2), placeByAge(1), front, "m7ffffffffffffffdz"},
		{placeByAge(2), placeByAge(1), back, "m7ffffffffffffffd1"},
		{"a" + earlier, "c" + later, front, "cT"},
		{"a" + earlier, "c" + later, back, "cT"},
		{"a" + later, "c" + earlier, front, "aX"},
		{"a" + later, "c" + earlier, back, "aX"},
		{placeByAge(1), "q" + later, back, "qR"},
		{"k" + later, placeByAge(1), front, "kW"},
		{"", "k" + later, back, "kUzG"},
		{"a" + later, "", front, "aV0P"},
		{"", "", front, "V00"},
		{"", "", back, "V00"},
	} {
		if got, _ := keyBetween(c.lo, c.hi, c.anchor, 9); !strings.HasPrefix(got, c.want) {
			t.Errorf("between %q and %q stands %q, want %s…", c.lo, c.hi, got, c.want)
		}
	}
}

// TestNoKeyLiesBetweenWhatIsNotInOrder, nor one that is too long.
func TestNoKeyLiesBetweenWhatIsNotInOrder(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("k", maxPlace-stampSize-1)
	for _, ends := range [][2]string{
		{"b", "a"}, {"a", "a"}, {placeByAge(1), placeByAge(2)}, {"b" + stamp(1), "a"},
		{deep + "a" + stamp(1), deep + "b" + stamp(2)},
	} {
		if key, ok := keyBetween(ends[0], ends[1], front, 3); ok {
			t.Errorf("%q between %q", key, ends)
		}
		if keys, ok := spread(ends[0], ends[1], 3, 3); ok {
			t.Errorf("%q between %q", keys, ends)
		}
	}
}

// fraction returns the number that key stands for, in units of the digit at maxPlace+1.
func fraction(key string) *big.Int {
	sum := new(big.Int)
	for i := range maxPlace + 1 {
		sum.Mul(sum, big.NewInt(placeBase))
		sum.Add(sum, big.NewInt(placeDigit(key, i)))
	}
	return sum
}

// TestSpreadKeysAreEven: each has about the same room on both sides, of which there is none beyond open ends.
func TestSpreadKeysAreEven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lo, hi := anyKeys(t)
		n, first := rapid.IntRange(1, 120).Draw(t, "n"), anyRev().Draw(t, "first")/2
		keys, ok := spread(lo, hi, n, first)
		if !ok || len(keys) != n {
			t.Fatalf("%d keys of %d", len(keys), n)
		}
		low, most, least := fraction(lo), new(big.Int), (*big.Int)(nil)
		for i, key := range keys {
			wantBetween(t, lo, key, hi, first+Rev(i))
			room := new(big.Int).Sub(fraction(key), low)
			if low = fraction(key); room.Cmp(most) > 0 {
				most = room
			}
			if least == nil || room.Cmp(least) < 0 {
				least = room
			}
			lo = key
		}
		if most.Mul(most, big.NewInt(20)).Cmp(least.Mul(least, big.NewInt(21))) > 0 {
			t.Fatalf("%q are not even", keys)
		}
	})
}

// TestALostKeyComesBack: objects go to the trash and come back, moves are undone, new ones are made. Keys stay
// different, what is moved comes to stand where it was moved to, and nothing else changes places among what can be
// seen.
func TestALostKeyComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, trash, next := newShelf(5), []int64(nil), int64(6)
		if rapid.Bool().Draw(t, "long keys") { // so that moves rewrite neighbours
			for i, id := range s.order {
				s.rev++
				s.put(t, id, strings.Repeat("k", maxPlace-stampSize-1)+string(placeDigits[i])+stamp(s.rev))
			}
		}
		add := func(id int64, key string) {
			s.keys[id] = key
			s.order = append(s.order, id)
			slices.SortFunc(s.order, func(a, b int64) int { return strings.Compare(s.keys[a], s.keys[b]) })
			s.check(t, 0, len(s.order))
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at := rapid.IntRange(0, len(s.order)-1).Draw(t, "at")
			id := s.order[at]
			whats := []string{"move", "move", "move", "move and undo", "delete", "restore", "create"}
			switch what := rapid.SampledFrom(whats).Draw(t, "what"); {
			case what == "delete" && len(s.order) > 1:
				trash, s.order = append(trash, id), slices.Delete(s.order, at, at+1)
			case what == "restore" && len(trash) > 0:
				add(trash[0], s.keys[trash[0]])
				trash = trash[1:]
			case what == "create":
				add(next, placeByAge(next))
				next++
			default:
				old := s.keys[id]
				to, anchor := rapid.IntRange(0, len(s.order)-1).Draw(t, "to"), rapid.SampledFrom([]end{front, back}).Draw(t, "anchor")
				s.move(t, id, to, anchor)
				if s.check(t, 0, len(s.order)); what == "move and undo" {
					at := slices.Index(s.order, id)
					s.order = slices.Delete(s.order, at, at+1)
					add(id, old)
				}
			}
		}
	})
}

// TestItAsksForMoreNeighbours until it sees an end of what has long keys, and then rewrites no others.
func TestItAsksForMoreNeighbours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ long, at, asked, rewritten int }{
		{2, 1, 6, 6}, {20, 12, 26, 24}, {200, 105, 126, 204}, {2000, 1005, 3126, 2004},
	} {
		t.Run(fmt.Sprint(c.long), func(t *testing.T) {
			t.Parallel()
			s, deep := newShelf(4), strings.Repeat("k", maxPlace-stampSize-4)
			for i := range c.long {
				s.rev++
				s.order = slices.Insert(s.order, i, int64(10+i))
				s.keys[int64(10+i)] = deep + fmt.Sprintf("%04d", i) + stamp(s.rev)
			}
			s.check(t, 0, len(s.order))
			a, asked := arrangement{}, 0
			for want := 1; want > 0; {
				asked = want
				a, want = rearrange(s.around(c.at, asked), front, s.rev+1)
			}
			if n := len(a.before) + len(a.after); asked != c.asked || n != c.rewritten || len(a.key) > roomyPlace {
				t.Errorf("it asked for %d, want %d, and rewrote %d, want %d, with a key of %d characters",
					asked, c.asked, n, c.rewritten, len(a.key))
			}
			if _, want := rearrange(s.around(c.at, 0), front, s.rev+1); want != 1 {
				t.Errorf("without any it asks for %d", want)
			}
		})
	}
}

// TestAnyNumberOfNeighboursWillDo, or it asks for more: what it doesn't see stays where it is.
func TestAnyNumberOfNeighboursWillDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, r := newShelf(rapid.Int64Range(1, 300).Draw(t, "objects")), rand.New(rand.NewPCG(1, 2))
		at := rapid.IntRange(0, len(s.order)-1).Draw(t, "at")
		for range rapid.SampledFrom([]int{0, 150, 300}).Draw(t, "moves") { // to where there is less room each time
			s.move(t, s.other(r), min(at+s.moves%2, len(s.order)-1), front)
		}
		id := s.order[r.IntN(len(s.order))]
		s.order = slices.DeleteFunc(s.order, func(other int64) bool { return other == id })
		seen := s.around(at, rapid.IntRange(0, 40).Draw(t, "neighbours"))
		if rapid.Bool().Draw(t, "fewer before") {
			n := rapid.IntRange(0, len(seen.before)).Draw(t, "before")
			seen.before, seen.moreBefore = seen.before[:n], seen.moreBefore || n < len(seen.before)
		}
		a, want := rearrange(seen, back, s.rev+1)
		if enough := min(len(seen.before), len(seen.after)); want > 0 {
			if want <= enough {
				t.Fatalf("of %d it wants %d", enough, want)
			}
			return
		}
		s.write(t, id, at, a)
		s.check(t, 0, len(s.order))
	})
}

// TestNewTasksComeFirst although their neighbours were rewritten, unless something was moved to the front.
func TestNewTasksComeFirst(t *testing.T) {
	t.Parallel()
	s, r := newShelf(3), rand.New(rand.NewPCG(1, 2))
	for s.rewritten == 0 || s.moves < 1000 {
		s.move(t, int64(r.IntN(2)+1), 1, end(r.IntN(2))) // the third stays in front
	}
	if first := s.keys[s.order[0]]; placeByAge(4) > first {
		t.Errorf("after %d moves with %d rewritten, a new one comes behind %q", s.moves, s.rewritten, first)
	}
}

// TestEqualKeysAreToldApart where a move meets any, as those of a damaged database may be.
func TestEqualKeysAreToldApart(t *testing.T) {
	t.Parallel()
	s := newShelf(40)
	for _, id := range []int64{19, 20, 21, 22} {
		s.keys[id] = placeByAge(20)
	}
	s.move(t, 1, 20, front)
	s.check(t, 0, len(s.order))
}
