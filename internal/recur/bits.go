package recur

import mathbits "math/bits"

// bits is a set of numbers from 0 to 383: the days of a period by their distance from its first, or positions in such a
// set.
type bits [6]uint64

// add puts i into the set.
func (b *bits) add(i int) { b[i/64] |= 1 << (i % 64) }

// has reports whether i is in the set.
func (b *bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// addFrom puts i, i+1, … into the set for bit 0, bit 1, … of days, of which there are at most 31.
func (b *bits) addFrom(i int, days uint32) {
	b[i/64] |= uint64(days) << (i % 64)
	if i%64 > 32 {
		b[i/64+1] |= uint64(days) >> (64 - i%64)
	}
}

// and keeps what is in other, too.
func (b *bits) and(other *bits) {
	for i := range b {
		b[i] &= other[i]
	}
}

// empty reports whether nothing is in the set.
func (b *bits) empty() bool { return *b == bits{} }

// size returns how many numbers are in the set.
func (b *bits) size() int {
	size := 0
	for _, word := range b {
		size += mathbits.OnesCount64(word)
	}
	return size
}

// from returns the smallest number of the set that is at least i; false if there is none. i may be outside of what sets
// hold.
func (b *bits) from(i int) (int, bool) {
	i = max(i, 0)
	for word := i / 64; word < len(b); word++ {
		rest := b[word]
		if word == i/64 {
			rest &= ^uint64(0) << (i % 64)
		}
		if rest != 0 {
			return 64*word + mathbits.TrailingZeros64(rest), true
		}
	}
	return 0, false
}
