//go:build !linux

package observe

import (
	"math"
	"runtime/debug"
)

// memoryLimit returns GOMEMLIMIT in bytes, 0 if there is none.
func memoryLimit() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return limit
	}
	return 0
}
