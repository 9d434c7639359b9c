//go:build !race

package httpapi_test

// raceSurplus is for the race detector.
const raceSurplus = 0
