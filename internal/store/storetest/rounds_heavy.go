//go:build heavy

package storetest

// kindRounds is how often two devices meet in each way.
const kindRounds = 170

// kindWrites is how many changes each writer makes while others read.
const kindWrites = 3000

// rounds is how often what depends on chance is tried.
const rounds = 6
