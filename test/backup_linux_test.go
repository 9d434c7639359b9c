package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"todod/test/tododtest"
)

// TestABackupThatDoesNotFit: where there is no room, nothing is left that could be taken for a backup, and the one that was
// there stays.
func TestABackupThatDoesNotFit(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if out, code := command(t, folder, nil, "migrate"); code != 0 {
		t.Fatal(out)
	}
	to := t.TempDir()
	file := filepath.Join(to, "backup.db")
	if err := os.WriteFile(file, []byte("the one before"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := tododtest.Command(t, folder, nil, "backup", "--force", file)
	// A limit on the size of files is what a full disk is to who writes. The shell counts blocks of 512 or 1024 bytes.
	cut := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -f 16 && exec "$0" "$@"`, whole.Path}, whole.Args[1:]...)...)
	cut.Dir, cut.Env = whole.Dir, whole.Env
	out, err := cut.CombinedOutput()
	if err == nil || cut.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "backup: copy data/todod.db: ") {
		t.Errorf("exit code %d: %s", cut.ProcessState.ExitCode(), out)
	}
	t.Logf("%s", out)
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "the one before" {
		t.Errorf("%.100s, %v", text, err)
	}
}
