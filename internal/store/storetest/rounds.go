//go:build !heavy

package storetest

// kindRounds is how often two devices meet in each way.
const kindRounds = 20

// rounds is how often what depends on chance is tried.
const rounds = 4

// deviceMoves is how often each device moves something.
const deviceMoves = 50

// slotRounds is how often two devices complete one and the same occurrence.
const slotRounds = 20
