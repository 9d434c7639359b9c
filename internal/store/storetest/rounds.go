//go:build !heavy

package storetest

// kindRounds is how often two devices meet in each way.
const kindRounds = 40

// kindWrites is how many changes each writer makes while others read.
const kindWrites = 60

// rounds is how often what depends on chance is tried.
const rounds = 4
