//go:build heavy && figures

package client

// seeds is how many stories are told in Node, and operations how much happens in each, for the figures that are published.
const seeds, operations = 50, 1000
