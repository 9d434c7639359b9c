package nodetest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// write makes a file in folder whose last change is that long ago.
func write(t *testing.T, folder, name string, ago time.Duration) {
	t.Helper()
	path := filepath.Join(folder, name)
	changed := time.Now().Add(-ago)
	err := errors.Join(
		os.MkdirAll(filepath.Dir(path), 0o700),
		os.WriteFile(path, nil, 0o600),
		os.Chtimes(path, changed, changed),
	)
	if err != nil {
		t.Fatal(err)
	}
}

func TestPackagesAreInstalledOnceAndAfterEachChangeOfTheLockFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := installed(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a lock file: %v", err)
	}
	want := func(when string, want bool) {
		t.Helper()
		if got, err := installed(folder); got != want || err != nil {
			t.Errorf("%s: installed is %v, %v", when, got, err)
		}
	}
	write(t, folder, "package-lock.json", time.Hour)
	want("before the first installation", false)
	write(t, folder, "node_modules/half/index.js", 0)
	want("after half an installation", false)
	write(t, folder, "node_modules/.package-lock.json", time.Minute)
	want("afterwards", true)
	write(t, folder, "package-lock.json", time.Second)
	want("with a newer lock file", false)
}

func TestAMachineWithoutNodeIsToldWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := install(t.Context(), t.TempDir()); !errors.Is(err, errNoNode) {
		t.Errorf("got %v", err)
	}
}

func TestAnOldNodeIsToldFromANewOne(t *testing.T) {
	for version, good := range map[string]bool{"v22.0.0": true, "v24.11.0": true, "v20.20.2": false, "v100.1.2": true, "v18.20.4": false, "what": false, "": false} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "node"), []byte("#!/bin/sh\necho "+version+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", folder)
		if err := checkNode(t.Context()); (err == nil) != good || err != nil && !errors.Is(err, errNoNode) {
			t.Errorf("%q: %v", version, err)
		}
	}
}
