//go:build heavy && figures

package storetest

// kindWrites is how many changes each writer makes while others read: three of them make 36,000.
const kindWrites = 12_000

// kindReaders is how many read meanwhile.
const kindReaders = 16
