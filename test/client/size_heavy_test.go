//go:build heavy && !figures

package client

// seeds is how many stories are told in Node, and operations how much happens in each.
const seeds, operations = 2, 250
