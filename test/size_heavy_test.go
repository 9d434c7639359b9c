//go:build heavy

package test

// mixedRequests is how many requests the isolation test sends.
const mixedRequests = 100_000
