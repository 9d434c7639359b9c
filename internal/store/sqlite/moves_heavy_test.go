//go:build heavy

package sqlite

import (
	"testing"

	"todod/internal/store/storetest"
)

// TestAHundredThousandMoves: as many moves to one place as anybody makes.
func TestAHundredThousandMoves(t *testing.T) {
	t.Parallel()
	storetest.RunMoves(t, storetest.Of(open(t)), 100_000)
}
