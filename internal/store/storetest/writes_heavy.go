//go:build heavy && !figures

package storetest

// kindWrites is how many changes each writer makes while others read.
const kindWrites = 700

// kindReaders is how many read meanwhile.
const kindReaders = 4
