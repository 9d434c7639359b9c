//go:build heavy

package client

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"todod/internal/logtest"
	"todod/internal/nodetest"
	"todod/test/tododtest"
)

// folder is where the client is.
const folder = "../../clients/typescript"

// TestOnceEach: somebody's device has the tasks that the server has, and everything they did was done once,
// whatever becomes of the connections, the server and the page meanwhile. In Node the copy is in memory, and in Chromium in
// IndexedDB. (Names are short, as the path of a socket of Chromium's, in a folder that is called after the test, has to be.)
func TestOnceEach(t *testing.T) {
	t.Parallel()
	nodetest.Install(t, folder)
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("node%d", seed+1), func(t *testing.T) {
			t.Parallel()
			tell(t, seed+1)
		})
	}
	t.Run("chromium", func(t *testing.T) {
		t.Parallel()
		nodetest.Install(t, "../browser")
		playwright, err := filepath.Abs("../browser/node_modules/playwright-core/index.mjs")
		if err != nil {
			t.Fatal(err)
		}
		page := bundle(t, "test/device.ts", "--format=iife", "--global-name=todod")
		tell(t, 1001, "CHROMIUM="+nodetest.Chromium(t), "PAGE="+page, "PLAYWRIGHT="+playwright)
	})
}

// tell has clients/typescript/test/story.ts told, and does what it asks for.
func tell(t *testing.T, seed uint64, env ...string) {
	t.Helper()
	home := t.TempDir()
	todod := tododtest.Start(t, home)
	hostile, steady := newDoor(t, todod.URL, seed), newDoor(t, todod.URL, 0)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", bundle(t, "test/story.ts", "--format=esm", "--platform=node"))
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), fmt.Sprintf("SEED=%d", seed),
		fmt.Sprintf("OPERATIONS=%d", operations), "TODOD_URL=" + hostile.URL, "STEADY_URL=" + steady.URL,
	}, env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it closes the browser
	cmd.WaitDelay = 10 * time.Second
	var said logtest.Output
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		switch line := lines.Text(); line {
		case "please kill and restart todod":
			todod.Signal(t, syscall.SIGKILL)
			todod = tododtest.Start(t, home)
			hostile.lead(todod.URL)
			steady.lead(todod.URL)
			kills++
		case "please cut nothing any more":
			hostile.cutting.Store(false)
			if _, err := io.WriteString(stdin, "done\n"); err != nil {
				t.Error(err)
			}
		default:
			t.Log(line)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("seed %d: %v\n%s", seed, err, &said)
	}
	t.Logf("%d connections were cut, and todod was killed %d times", hostile.cuts.Load(), kills)
	if hostile.cuts.Load() < operations/50 || kills == 0 {
		t.Error("that is too little to have tested anything")
	}
	for line := range strings.Lines(todod.Out.String()) {
		if strings.Contains(line, `"status_code":500`) {
			t.Errorf("todod logged %s", line)
		}
	}
}

// bundle makes one script of a TypeScript file of the client's and all that it imports, and returns its path.
func bundle(t *testing.T, file string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(file), ".ts")+".mjs")
	args = append([]string{file, "--bundle", "--target=es2022", "--log-level=warning", "--outfile=" + out}, args...)
	if said := run(t, folder, "node_modules/.bin/esbuild", args...); said != "" {
		t.Fatalf("bundle %s: %s", file, said)
	}
	return out
}
