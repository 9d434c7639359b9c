package auth

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package if a fetch of keys outlives its tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
