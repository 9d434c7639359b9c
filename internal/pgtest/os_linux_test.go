package pgtest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestSweepSparesYoungAndUsedFolders(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	folder := func(name string, age time.Duration) string {
		t.Helper()
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folder(folderPrefix+"old", time.Hour)
	folder(folderPrefix+"young", time.Second)
	folder("of-someone-else", time.Hour)
	lock, err := lockFolder(folder(folderPrefix+"used", time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Close() })

	sweep(parent)

	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	want := []string{"of-someone-else", folderPrefix + "used", folderPrefix + "young"}
	if !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}
