//go:build heavy

package test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"todod/internal/logtest"
	"todod/internal/nodetest"
	"todod/test/tododtest"
)

// TestTheExampleInABrowser has two people use the example in Chromium, as browser/story.mjs tells, against todod as it
// would run in production: tokens of Better Auth alone, and one origin whose pages may call.
func TestTheExampleInABrowser(t *testing.T) {
	t.Parallel()
	app := newExample(t)
	appPort, tododPort := freePort(t), freePort(t)
	appURL, tododURL := "http://localhost:"+appPort, "http://localhost:"+tododPort
	app.env = []string{
		"BETTER_AUTH_URL=" + appURL, "BETTER_AUTH_SECRET=" + rand.Text() + rand.Text(), "TODOD_URL=" + tododURL, "DATABASE_URL=",
	}
	running := app.start(t, appPort)

	folder := t.TempDir()
	env := []string{
		"APP_ENV=production", "API_PORT=" + tododPort, "DATABASE_URL=sqlite:todod.db", "AUTH_ALLOWED_ALGS=EdDSA",
		"BETTER_AUTH_URL=" + appURL, "ALLOWED_ORIGINS=" + appURL, "AUTH_LEEWAY=1s", "RATE_LIMIT_ENABLED=true",
	}
	todod := tododtest.Start(t, folder, env...)

	evidence, err := filepath.Abs("../bin/browser")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(evidence); err != nil {
		t.Fatal(err)
	}
	story := tell(t, "story.mjs", "APP_URL="+appURL, "TODOD_URL="+tododURL, "EVIDENCE="+evidence)
	for story.Scan() {
		switch line := story.Text(); line {
		case "please restart the example with short tokens":
			running.Signal(t, syscall.SIGTERM)
			app.env = append(app.env, "JWT_EXPIRES_IN=8s")
			running = app.start(t, appPort)
			story.done(t)
		case "please stop todod":
			if code := todod.Signal(t, syscall.SIGTERM); code != 0 {
				t.Errorf("todod ended with exit code %d", code)
			}
			story.done(t)
		case "please start todod":
			todod = tododtest.Start(t, folder, env...)
			story.done(t)
		default:
			t.Log(line)
		}
	}
	if err := story.Wait(); err != nil {
		t.Errorf("%v: %s", err, &story.stderr)
	}
	if t.Failed() {
		keep(t, evidence, map[string]*logtest.Output{"example.log": running.Out, "todod.log": todod.Out})
	}
}

// TestTheDocumentationInABrowser: the pages do all they are for, and nothing that their policy forbids.
func TestTheDocumentationInABrowser(t *testing.T) {
	t.Parallel()
	todod := tododtest.Start(t, t.TempDir())
	evidence, err := filepath.Abs("../bin/docs")
	if err != nil {
		t.Fatal(err)
	}
	story := tell(t, "docs.mjs", "TODOD_URL="+todod.URL, "EVIDENCE="+evidence)
	works := 0
	for story.Scan() {
		t.Log(story.Text())
		works++
	}
	if err := story.Wait(); err != nil || works != 3 {
		t.Errorf("it works on %d screens, %v: %s", works, err, &story.stderr)
	}
	t.Logf("screenshots are in %s", evidence)
}

// TestTheExamplesClientIsThatOfTheAPI: its types are what the generator makes of api/openapi.json.
func TestTheExamplesClientIsThatOfTheAPI(t *testing.T) {
	t.Parallel()
	const folder = "../examples/nextjs-better-auth"
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "node_modules/openapi-typescript/bin/cli.js", "../../api/openapi.json")
	cmd.Dir = folder
	want, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (were the example's packages installed? make test does)", err)
	}
	got, err := os.ReadFile(folder + "/lib/todod-api.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("lib/todod-api.d.ts is out of date: run npm run api in examples/nextjs-better-auth")
	}
}

// keep writes what processes printed beside the screenshots, and says where all that is.
func keep(t *testing.T, folder string, printed map[string]*logtest.Output) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, text := range printed {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text.String()), 0o600); err != nil {
			t.Error(err)
		}
	}
	t.Logf("screenshots and logs are in %s", folder)
}

// An example is the built Next.js application, and what it is run with.
type example struct {
	source string // its folder
	folder string // where it runs, and keeps its database
	env    []string
}

// newExample builds the application, unless that was done with what it is made of now. Of what an earlier build left, Next.js
// uses again what has not changed.
func newExample(t *testing.T) *example {
	t.Helper()
	source, err := filepath.Abs("../examples/nextjs-better-auth")
	if err != nil {
		t.Fatal(err)
	}
	e := &example{source: source, folder: t.TempDir()}
	note := filepath.Join(source, ".next", "built-from") // goes away with the build
	if built, err := os.ReadFile(note); err == nil && string(built) == e.sum(t) {
		return e
	}
	if err := os.Remove(note); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	build := e.next(ctx, "build")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v (were its packages installed? make test does)\n%s", err, out)
	}
	if err := os.WriteFile(note, []byte(e.sum(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	return e
}

// sum returns a checksum of all that the application is made of: its own files, of which one says which packages it has.
func (e *example) sum(t *testing.T) string {
	t.Helper()
	all := sha256.New()
	err := filepath.WalkDir(e.source, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".next"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		_, _ = fmt.Fprintf(all, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(all.Sum(nil))
}

// next returns a command of Next.js, in an environment of its own. It runs for as long as ctx lasts.
func (e *example) next(ctx context.Context, args ...string) *exec.Cmd {
	script := filepath.Join(e.source, "node_modules", "next", "dist", "bin", "next")
	cmd := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	cmd.Dir = e.folder
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "NEXT_TELEMETRY_DISABLED=1"}, e.env...)
	return cmd
}

// start serves the application until the test ends, and waits until it answers.
func (e *example) start(t *testing.T, port string) *tododtest.Process {
	t.Helper()
	cmd := e.next(context.Background(), "start", e.source, "--port", port, "--hostname", "127.0.0.1")
	p := tododtest.Run(t, cmd)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		resp, err := send(http.DefaultClient, http.MethodGet, "http://localhost:"+port+"/sign-in", "", "")
		if err == nil && resp.StatusCode == http.StatusOK {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("the example did not start: %v\n%s", err, p.Out)
		}
	}
}

// A storyteller is the script that drives the browser. It is read line by line.
type storyteller struct {
	*exec.Cmd
	*bufio.Scanner
	stderr logtest.Output
	stdin  io.Writer
}

// tell starts a script that drives the browser. It has five minutes.
func tell(t *testing.T, script string, env ...string) *storyteller {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	s := &storyteller{Cmd: exec.CommandContext(ctx, "node", script)}
	s.Dir = "browser"
	// The browser's profile is in a folder of the test's, so that nothing of it stays.
	s.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "CHROMIUM=" + nodetest.Chromium(t)}, env...)
	s.Cmd.Stderr = &s.stderr
	// Asked to end, the script closes the browser first.
	s.Cancel = func() error { return s.Process.Signal(syscall.SIGTERM) }
	s.WaitDelay = 20 * time.Second
	stdout, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.stdin, err = s.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatalf("start Node.js (make test installs it): %v", err)
	}
	t.Cleanup(func() {
		cancel()
		_ = s.Wait() // a second time, if all went well
	})
	s.Scanner = bufio.NewScanner(stdout)
	return s
}

// done tells the script that what it asked for has been done.
func (s *storyteller) done(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(s.stdin, "done\n"); err != nil {
		t.Errorf("the story went away: %v", err)
	}
}
