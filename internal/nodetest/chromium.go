package nodetest

import (
	"os/exec"
	"testing"
)

// Chromium returns the path of the browser. A machine without one fails the test.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium (make test installs it)")
	return ""
}
