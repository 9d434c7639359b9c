package pgtest_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"todod/internal/pgtest"
)

func TestKilledBinaryLeavesNoServer(t *testing.T) {
	t.Parallel()
	// What a killed binary can't remove. Not t.TempDir: PostgreSQL's user could not enter it.
	folder, err := os.MkdirTemp("", "todod-pgtest-killed-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := helper(t, "block")
	cmd.Env = append(cmd.Env, "TMPDIR="+folder)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var database, pooled string
	if _, err := fmt.Fscanln(output, &database, &pooled); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()

	for _, url := range []string{database, pooled} {
		if address := addressOf(t, url); !closes(t, address) {
			t.Errorf("a server still listens on %s", address)
		}
	}
}

// addressOf returns the host and port of a URL.
func addressOf(t *testing.T, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// closes waits until nobody listens on address, and tells whether that came to be.
func closes(t *testing.T, address string) bool {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return true
		}
		_ = conn.Close()
	}
	return false
}

func TestPooledLeavesNoProcess(t *testing.T) {
	t.Parallel()
	database := pgtest.Empty(t)
	var url string
	var pid int
	t.Run("pool", func(t *testing.T) {
		url = pgtest.Pooled(t, database, 2)
		pid = listener(t, addressOf(t, url))
		if pid == 0 {
			t.Fatal("nobody listens")
		}
		// Neither a client nor a transaction that is still there delays the end.
		if _, err := connect(t, url).Exec(t.Context(), `BEGIN`); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("PgBouncer outlives its test, maybe as a zombie: %v", err)
	}
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("someone still listens")
	}
}

// listener returns the id of the PgBouncer that listens on address, or 0.
func listener(t *testing.T, address string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		// What can't be read has just ended.
		command, _ := os.ReadFile(process)
		arguments := strings.Split(string(command), "\x00")
		if len(arguments) < 2 || filepath.Base(arguments[0]) != "pgbouncer" {
			continue
		}
		config, _ := os.ReadFile(arguments[1])
		if strings.Contains(string(config), "listen_port = "+port+"\n") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(process)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	return 0
}
