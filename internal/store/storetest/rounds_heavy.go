//go:build heavy

package storetest

// rounds is how often what depends on chance is tried.
const rounds = 6
