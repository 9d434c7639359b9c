//go:build heavy && !figures

package storetest

// kindRounds is how often two devices meet in each way.
const kindRounds = 30

// slotRounds is how often two devices complete one and the same occurrence.
const slotRounds = 60

// kindWrites is how many changes each writer makes while others read.
const kindWrites = 200

// kindReaders is how many read meanwhile.
const kindReaders = 4

// deviceMoves is how often each device moves something.
const deviceMoves = 80

// rounds is how often what depends on chance is tried.
const rounds = 4
