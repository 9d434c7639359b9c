//go:build !heavy

package todo

// movesToOnePlace is how many times the tests of the order move something; many more in make test.
const movesToOnePlace = 5_000
