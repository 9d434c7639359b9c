//go:build heavy && !figures

package storetest

// slotRounds is how often two devices complete one and the same occurrence.
const slotRounds = 200
