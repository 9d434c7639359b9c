//go:build heavy

package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"todod/internal/nodetest"
	"todod/test/tododtest"
)

const (
	// web is where the app's source is, built where its files are.
	web, built = "../../web", "../../internal/httpapi/webapp/dist"

	mostBytes = 90_000 // of all files, compressed
	patience  = 8 * time.Minute
)

// TestTheAppInABrowser has people use the app, as web/scripts/story.mjs tells. The browser must not ask anybody else for
// anything, nor say that the policy of the page was broken; the story looks for both.
func TestTheAppInABrowser(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, web)
	evidence, err := filepath.Abs("../../bin/app")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(evidence); err != nil {
		t.Fatal(err)
	}
	todod := tododtest.Start(t, t.TempDir(), "RATE_LIMIT_ENABLED=false")
	out, err := node(t, "scripts/story.mjs", "TODOD_URL="+todod.URL, "EVIDENCE="+evidence, "CHROMIUM="+nodetest.Chromium(t))
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("%v (pictures of the pages are in %s)", err, evidence)
	}
}

// TestTheCommittedFilesAreTheSourceBuilt: Go alone makes the program, with the app as it stands in web.
func TestTheCommittedFilesAreTheSourceBuilt(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, web)
	nodetest.Install(t, "../../clients/typescript")
	if out, err := node(t, "node_modules/typescript/bin/tsc"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := node(t, "scripts/current.mjs"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheAppIsSmall: all of it, as it goes over the line.
func TestTheAppIsSmall(t *testing.T) {
	t.Parallel()
	total := 0
	err := filepath.WalkDir(built, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var compressed bytes.Buffer
		w := gzip.NewWriter(&compressed)
		if _, err := w.Write(content); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		total += compressed.Len()
		return nil
	})
	if err != nil || total == 0 || total > mostBytes {
		t.Errorf("%d bytes, want at most %d: %v", total, mostBytes, err)
	}
	t.Logf("%d bytes, compressed", total)
}

// node runs a script in the folder of the app, and returns what it printed.
func node(t *testing.T, script string, env ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Dir = web
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}, env...)
	return cmd.CombinedOutput()
}
