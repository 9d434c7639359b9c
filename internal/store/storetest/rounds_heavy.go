//go:build heavy

package storetest

// kindRounds is how often two devices meet in each way.
const kindRounds = 80

// rounds is how often what depends on chance is tried.
const rounds = 6

// deviceMoves is how often each device moves something.
const deviceMoves = 250
