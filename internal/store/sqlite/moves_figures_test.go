//go:build heavy && figures

package sqlite

// manyMoves is how many moves there are to one place.
const manyMoves = 100_000
