package main

import (
	"os"
	"path/filepath"
	"testing"
)

// put writes text to a file.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// must ends the test if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAWatchTellsOfEachChangeOnce, however it was made.
func TestAWatchTellsOfEachChangeOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, other := filepath.Join(folder, "secret"), filepath.Join(folder, "other")
	put(t, path, "one")
	var w watch
	tells := func(what string, want bool) {
		t.Helper()
		w.changed(path) // the first look only sees that there is something
		if got := w.changed(path); got != want {
			t.Errorf("%s: told %v", what, got)
		}
		if w.changed(path) {
			t.Errorf("%s: told twice", what)
		}
	}
	tells("at the beginning", true)
	tells("nothing", false)
	put(t, path, "two")
	tells("written, as long as before", true)
	info, err := os.Stat(path)
	must(t, err)
	put(t, path, "six")
	must(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	tells("written, and as old", true)
	put(t, other, "three")
	must(t, os.Rename(other, path))
	tells("replaced", true)
	must(t, os.Remove(path))
	tells("removed", true)
	put(t, path, "three")
	tells("back", true)

	w.skip(path)
	tells("after a skip", false)
	put(t, path, "four")
	w.skip(path)
	tells("skipped", false)
}

// TestAWatchWaitsUntilAFileIsWritten: what differs at each look may be half of something.
func TestAWatchWaitsUntilAFileIsWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	var w watch
	w.skip(path)
	for _, text := range []string{"", "n", "ne", "new"} {
		put(t, path, text)
		if w.changed(path) {
			t.Errorf("told of %q", text)
		}
	}
	if !w.changed(path) {
		t.Error("does not tell of the whole")
	}
}

// TestAWatchSeesThroughLinks as Kubernetes makes them: files link into a folder that is a link itself, and is replaced.
func TestAWatchSeesThroughLinks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		must(t, os.Mkdir(filepath.Join(folder, version), 0o700))
		put(t, filepath.Join(folder, version, "secret"), version)
	}
	path, data, next := filepath.Join(folder, "secret"), filepath.Join(folder, "..data"), filepath.Join(folder, "..data_tmp")
	must(t, os.Symlink("v1", data))
	must(t, os.Symlink(filepath.Join("..data", "secret"), path))
	var w watch
	w.skip(path)
	must(t, os.Symlink("v2", next))
	must(t, os.Rename(next, data))
	if w.changed(path) || !w.changed(path) {
		t.Error("does not tell")
	}
}

// TestAWatchTellsFilesApart: what goes from one to another has changed both.
func TestAWatchTellsFilesApart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one"), filepath.Join(folder, "two")
	put(t, one, "ab")
	put(t, two, "c")
	before := digestOf([]string{one, two})
	put(t, one, "a")
	put(t, two, "bc")
	if digestOf([]string{one, two}) == before {
		t.Error("it is the same")
	}
	put(t, two, "")
	empty := digestOf([]string{two})
	must(t, os.Remove(two))
	if digestOf([]string{two}) == empty {
		t.Error("a file that isn't there is an empty one")
	}
}
