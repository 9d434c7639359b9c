//go:build figures

package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"todod/internal/store/storetest"
)

// TestAnHourOfWrites of one person takes up so much room at most.
func TestAnHourOfWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "todod.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	before, most := storetest.AnHour(t, storetest.Of(s), func() (bytes int64) {
		for _, suffix := range []string{"", "-wal"} {
			if file, err := os.Stat(path + suffix); err == nil {
				bytes += file.Size()
			}
		}
		return bytes
	})
	t.Logf("on disk: %d MB at most, %d at first", most>>20, before>>20)
	if most > storetest.Budget {
		t.Errorf("more than %d MB", storetest.Budget>>20)
	}
}
