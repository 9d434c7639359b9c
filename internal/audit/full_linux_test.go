package audit

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestADiskThatIsFull: a write that ends in the middle of a line is closed when there is room again, and every line that
// was to be written is there once. A limit on the size of files is what ends the write, in a process of its own.
func TestADiskThatIsFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "TODOD_TEST_FULL_DISK="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := sound(t, 1+200+1, path)
	if r.Tears != 1 {
		t.Errorf("%d tears: was the disk ever full?", r.Tears)
	}
}

func init() { fillDisk = writeBeyondALimit }

// writeBeyondALimit writes 200 events to path, with room for a part of them first.
func writeBeyondALimit(path string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	fail(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = 10_000
	fail(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	f, err := Open(path, slog.New(slog.DiscardHandler), nil)
	fail(err)
	logger := Logger(slog.New(slog.DiscardHandler), f)
	for i := range 200 {
		TokenRefused.Log(context.Background(), logger, slog.Int("n", i))
	}
	time.Sleep(100 * time.Millisecond)
	limit.Cur = limit.Max
	fail(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	fail(f.Close())
}
