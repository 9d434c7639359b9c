//go:build figures

package storetest

// kindRounds is how often two devices meet in each way.
const kindRounds = 80

// slotRounds is how often two devices complete one and the same occurrence.
const slotRounds = 1000

// kindWrites is how many changes each writer makes while others read: three of them make 36,000.
const kindWrites = 12_000

// kindReaders is how many read meanwhile.
const kindReaders = 16

// deviceMoves is how often each device moves something.
const deviceMoves = 250

// rounds is how often what depends on chance is tried.
const rounds = 6
