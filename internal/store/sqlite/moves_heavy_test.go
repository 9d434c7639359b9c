//go:build heavy

package sqlite

import (
	"testing"

	"todod/internal/store/storetest"
)

// TestAnyNumberOfMoves: as many moves to one place as anybody makes.
func TestAnyNumberOfMoves(t *testing.T) {
	t.Parallel()
	storetest.RunMoves(t, storetest.Of(open(t)), manyMoves)
}
