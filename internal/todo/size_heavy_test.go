//go:build heavy

package todo

// movesToOnePlace is how many times the tests of the order move something.
const movesToOnePlace = 100_000
