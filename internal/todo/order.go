package todo

import (
	"math"
	"strings"
)

// An object's key says where it stands: objects stand in the bytewise order of their keys. Moving one gives it a key
// between those of its new neighbours, so that a move writes one object however long the list is. Keys grow where
// things are moved again and again; before one gets too long, some neighbours get new keys as well (rearrange).
//
// A key is a prefix, which says where, and a stamp, which says in which revision it was made. Prefixes are fractions:
// its characters are the digits behind the point. Every key that begins with a prefix between two keys lies between
// them.

// maxPlace is how many characters a key may have.
const maxPlace = 128

// placeDigits are the digits of a key in their bytewise order, in base len(placeDigits).
const placeDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// placeBase is how many of them there are.
const placeBase = int64(len(placeDigits))

// A stamp is stampMark and a revision in 9 digits, which has room for every number that JavaScript can hold exactly.
// The mark is no digit of placeByAge, so keys of the two kinds are never equal; it is the middle digit, which leaves as
// much room before a key as behind it.
const (
	stampMark = 'V'
	stampSize = 1 + 9
)

// placeByAge returns the key of an object that was never moved: the newest comes first, as ids rise. id isn't negative.
func placeByAge(id int64) string { return string(appendPlaceByAge(make([]byte, 0, 17), id)) }

// appendPlaceByAge appends what placeByAge returns to dst.
func appendPlaceByAge(dst []byte, id int64) []byte {
	dst = append(dst, 'm')
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[(math.MaxInt64-id)>>shift&0xf])
	}
	return dst
}

// ageBelow returns the greatest key of placeByAge below key, "" if there is none.
func ageBelow(key string) string {
	id, none := int64(0), int64(math.MaxInt64)
	for id < none {
		if mid := id + (none-id)/2; placeByAge(mid) < key {
			none = mid
		} else {
			id = mid + 1
		}
	}
	if age := placeByAge(id); age < key {
		return age
	}
	return ""
}

// stamp returns what a key ends with that is made in revision rev, which is below 2^53. A person's revisions never come
// again, not even after a backup was restored (RevisionBump), so no two keys that are ever made for one person are
// equal, whether or not the one who makes the second can see the first: it may be in the trash, or in what undo brings
// back.
func stamp(rev Rev) string {
	s := [stampSize]byte{stampMark}
	for i := stampSize - 1; i > 0; i-- {
		s[i], rev = placeDigits[int64(rev)%placeBase], rev/Rev(placeBase)
	}
	return string(s[:])
}

// stampOf returns the stamp that key ends with, "" for a key of placeByAge. Later stamps are bytewise greater.
func stampOf(key string) string {
	at := len(key) - stampSize
	if at < 0 || key[at] != stampMark {
		return ""
	}
	return key[at:]
}

// placeDigit returns the value of the digit at index i of key, behind whose end there are zeros.
func placeDigit(key string, i int) int64 {
	if i >= len(key) {
		return 0
	}
	return int64(strings.IndexByte(placeDigits, key[i]))
}

// A gap is what lies between two keys: width-1 prefixes of this length.
type gap struct {
	lo     string
	length int
	width  int64
}

// gapBetween returns what lies between lo and hi, with the shortest prefixes that make it at least width wide; false if
// these would make a key longer than maxPlace, or if lo isn't below hi. The ends may be open, as those of keyBetween.
func gapBetween(lo, hi string, width int64) (gap, bool) {
	g := gap{lo: lo}
	if hi == "" {
		g.width = 1 // hi is the digit before the point
	}
	for g.width < width {
		if g.width < 0 || g.length == maxPlace-stampSize {
			return gap{}, false
		}
		g.width = g.width*placeBase + placeDigit(hi, g.length) - placeDigit(lo, g.length)
		g.length++
	}
	return g, true
}

// key returns the key in g that is offset prefixes behind the lower end: more than 0, less than the width.
func (g gap) key(offset int64, rev Rev) string {
	prefix := make([]byte, g.length, g.length+stampSize)
	for i := g.length - 1; i >= 0; i-- {
		offset += placeDigit(g.lo, i)
		prefix[i], offset = placeDigits[offset%placeBase], offset/placeBase
	}
	return string(append(prefix, stamp(rev)...))
}

// An end is a side of a place: the front is where lower keys are.
type end int

// The ends of a place.
const (
	front end = iota
	back
)

// Into how many steps the room between two keys is divided: a new one stands one step from one of them, so that what
// is left for the next is nearly as large. Beyond the first and the last key there is nobody who needs room, so the
// steps are small enough for as many moves there as anyone makes, at one length.
const (
	stepsBetween = 60
	stepsBeyond  = placeBase * placeBase * placeBase
)

// keyBetween returns a key for the change with revision rev, bytewise above lo and below hi; false if it would be
// longer than maxPlace, or if lo isn't below hi. "" is an open end: nothing stands in front of lo, or behind hi. The
// key lies close to the end that leans says, as the next one is expected on its other side: so a place that things are
// moved to again and again shrinks by 1/60 with each.
func keyBetween(lo, hi string, anchor end, rev Rev) (string, bool) {
	steps := int64(stepsBetween)
	if lo == "" || hi == "" {
		steps = stepsBeyond
	}
	g, ok := gapBetween(lo, hi, steps)
	if !ok {
		return "", false
	}
	step := g.width / steps
	switch {
	case lo == "" && hi == "":
		return g.key(g.width/2, rev), true
	case leans(lo, hi, anchor) == front:
		return g.key(step, rev), true
	default:
		return g.key(g.width-step, rev), true
	}
}

// leans returns the end that a new key between lo and hi stands close to. That is the neighbour which was moved last:
// whoever moves one thing after the other to a place does so on the same side of each. Programs say this as "after the
// one that stays", "after the one before", or with "before" for either, so the anchor they name tells less; it decides
// where neither neighbour was ever moved: then the next ones are expected beside it.
func leans(lo, hi string, anchor end) end {
	switch low, high := stampOf(lo), stampOf(hi); {
	case lo == "" || hi != "" && low < high:
		return back
	case hi == "" || low > high || anchor == back:
		return front
	default:
		return back
	}
}

// spread returns n keys, ascending, between lo and hi, which may be open ends, with the same room around each. They are
// for the changes with revisions rev to rev+n-1, in this order. False if they would be longer than maxPlace, or if lo
// isn't below hi.
func spread(lo, hi string, n int, rev Rev) ([]string, bool) {
	parts := int64(n) + 1
	g, ok := gapBetween(lo, hi, parts*placeBase) // so that rounding makes a difference of less than 2 %
	if !ok {
		return nil, false
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = g.key(g.width*int64(i+1)/parts, rev+Rev(i))
	}
	return keys, true
}

// Surroundings are the keys around a place: of what stands before it and after it, on either side the nearest first.
// The object that is moved there is not among them.
type surroundings struct {
	before, after         []string
	moreBefore, moreAfter bool // whether there are more than these
}

// An arrangement is what a move to a place writes: the key of what is moved, and new keys for the nearest of those
// before and after the place, on either side the nearest first. Most moves rewrite none.
type arrangement struct {
	key           string
	before, after []string
}

// roomyPlace is how long keys may be that neighbours are rewritten with. More neighbours are rewritten before keys get
// longer, so that it isn't the next move already which has to rewrite them again.
const roomyPlace = maxPlace * 3 / 4

// rearrange returns what a move to the place in s writes. If that can't be told from s, it returns how many keys are
// wanted on either side, else 0.
//
// It rewrites as few neighbours as it can: none, 10, 50, and more only if 50 have no room for more than long keys; 26
// keys on either side, then, are nearly always enough. The arrangement's keys, in ascending order, have the stamps of
// the revisions from rev on: as many changes must be made with it, in whatever order.
func rearrange(s surroundings, anchor end, rev Rev) (arrangement, int) {
	if !s.reach(0) {
		return arrangement{}, 1
	}
	if key, ok := keyBetween(keyAt(s.before, 0), keyAt(s.after, 0), anchor, rev); ok {
		return arrangement{key: key}, 0
	}
	for n := 5; ; n *= 5 {
		if !s.reach(n) {
			return arrangement{}, n + 1
		}
		if a, ok := s.rewrite(n, rev); ok { // at the latest when s is all there is: behind that there is room without end
			return a, 0
		}
	}
}

// reach reports whether s tells which keys lie n keys away from the place, or that there are none.
func (s surroundings) reach(n int) bool {
	return (n < len(s.before) || !s.moreBefore) && (n < len(s.after) || !s.moreAfter)
}

// rewrite returns new keys for n neighbours on either side, or as many as there are, and for what comes between them;
// false if they aren't roomy. If the very first object is among them, new ones come before it still, if they did: its
// new key, too, is above every key of placeByAge that its old one was above.
func (s surroundings) rewrite(n int, rev Rev) (arrangement, bool) {
	before, after := min(n, len(s.before)), min(n, len(s.after))
	lo, hi := keyAt(s.before, before), keyAt(s.after, after)
	if lo == "" && before > 0 {
		lo = ageBelow(s.before[before-1])
	}
	keys, ok := spread(lo, hi, before+1+after, rev)
	if !ok || len(keys[0]) > roomyPlace {
		return arrangement{}, false
	}
	return arrange(keys, before), true
}

// arrange returns the arrangement with these keys, ascending, of which so many are before what is moved.
func arrange(keys []string, before int) arrangement {
	a := arrangement{key: keys[before], after: keys[before+1:]}
	for i := range before {
		a.before = append(a.before, keys[before-1-i])
	}
	return a
}

// keyAt returns the key at index i, "" for an open end if there is none.
func keyAt(keys []string, i int) string {
	if i >= len(keys) {
		return ""
	}
	return keys[i]
}
