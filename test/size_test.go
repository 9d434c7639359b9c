//go:build !heavy

package test

// mixedRequests is how many requests the isolation test sends; make test sends many more.
const mixedRequests = 3_000
