//go:build !heavy

package storetest

// kindWrites is how many changes each writer makes while others read.
const kindWrites = 60

// kindReaders is how many read meanwhile.
const kindReaders = 4
