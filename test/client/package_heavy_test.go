//go:build heavy

package client

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"todod/internal/nodetest"
	"todod/test/tododtest"
)

// maxSize is how large the client may be in a page, in bytes: all that there is, in one script, minified and compressed.
const maxSize = 15_000

// TestTheClientIsSmall: see maxSize.
func TestTheClientIsSmall(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, folder)
	script, err := os.ReadFile(bundle(t, "src/index.ts", "--format=esm", "--minify"))
	if err != nil {
		t.Fatal(err)
	}
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(script); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d compressed", len(script), compressed.Len())
	if size := compressed.Len(); size > maxSize || size < maxSize/10 {
		t.Errorf("the client has %d bytes compressed, which should be up to %d", size, maxSize)
	}
}

// TestTheClientByItself: its types agree, also those of its tests, and its tests pass.
func TestTheClientByItself(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, folder)
	run(t, folder, "npm", "run", "--silent", "check")
	run(t, folder, "npm", "run", "--silent", "test")
}

// firstUse finds the script in the client's README, and what it prints.
var firstUse = regexp.MustCompile("(?s)\n## First use\n.*?\n```js\n(.*?)```\n\n```\n(.*?)```\n")

// TestTheFirstUse: what the client's README begins with works when it is pasted, with the package as it is built and installed.
func TestTheFirstUse(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, folder)
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := firstUse.FindSubmatch(readme)
	if found == nil {
		t.Fatal("the README has no first use")
	}
	todod := tododtest.Start(t, t.TempDir())
	script := strings.ReplaceAll(string(found[1]), "http://localhost:8000", todod.URL)

	run(t, folder, "npm", "run", "--silent", "build")
	source, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	app := t.TempDir()
	if err := os.Mkdir(filepath.Join(app, "node_modules"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(source, filepath.Join(app, "node_modules", "todod-client")); err != nil { // as npm installs a folder
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(app, "first.mjs"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, app, "node", "first.mjs"); got != string(found[2]) {
		t.Errorf("it prints %q, not %q", got, found[2])
	}
}

// run runs a program in a folder and returns what it prints. One that fails ends the test.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return string(said)
}
