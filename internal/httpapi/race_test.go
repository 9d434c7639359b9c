//go:build race

package httpapi_test

// raceSurplus is how many allocations more than without it a request may cost under the race detector, which has pools
// lose a part of what they are given.
const raceSurplus = 20
