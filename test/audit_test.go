package test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"todod/test/tododtest"
)

// refused asks p for tasks with a bad token, and reports whether it said no.
func refused(p *tododtest.Process, id string) bool {
	req, err := http.NewRequest(http.MethodGet, p.URL+"/api/v1/tasks", http.NoBody) //nolint:noctx // it ends with the process
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer bad")
	req.Header.Set("X-Request-ID", id)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusUnauthorized
}

// verify runs `todod audit verify` over these files and returns what it prints and its exit code.
func verify(t *testing.T, folder string, files ...string) (string, int) {
	t.Helper()
	return command(t, folder, nil, append([]string{"audit", "verify"}, files...)...)
}

// TestTheAuditFileOutlivesSIGKILL: two todods that write one file under load, of which one is killed again and again, while
// the file is rotated.
func TestTheAuditFileOutlivesSIGKILL(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "audit.log")
	steady := tododtest.Start(t, t.TempDir(), "AUDIT_LOG_FILE="+path)
	mortal := tododtest.Start(t, t.TempDir(), "AUDIT_LOG_FILE="+path)
	var process atomic.Pointer[tododtest.Process]
	process.Store(mortal)
	var stop atomic.Bool
	var told atomic.Int64
	var clients sync.WaitGroup
	for n := range 4 {
		clients.Go(func() {
			for i := 0; !stop.Load(); i++ {
				p := steady
				if n%2 == 1 {
					p = process.Load()
				}
				if refused(p, fmt.Sprintf("%d-%d", n, i)) && p == steady {
					told.Add(1)
				}
			}
		})
	}
	const kills = 4
	var files []string
	for n := range kills {
		time.Sleep(150 * time.Millisecond)
		process.Load().Signal(t, syscall.SIGKILL)
		process.Store(tododtest.Start(t, t.TempDir(), "AUDIT_LOG_FILE="+path))
		if n%2 == 1 {
			files = append(files, fmt.Sprintf("%s.%d", path, n))
			if err := os.Rename(path, files[len(files)-1]); err != nil {
				t.Fatal(err)
			}
		}
		if out, code := verify(t, folder, files...); len(files) > 0 && code != 0 && n < kills-1 {
			t.Errorf("after kill %d: exit %d: %s", n, code, out)
		}
	}
	time.Sleep(150 * time.Millisecond)
	stop.Store(true)
	clients.Wait()
	for _, p := range []*tododtest.Process{steady, process.Load()} {
		if code := p.Signal(t, syscall.SIGTERM); code != 0 {
			t.Errorf("exit %d: %s", code, p.Out)
		}
	}
	files = append(files, path)
	out, code := verify(t, folder, files...)
	if code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
	var all []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	// Of the one that was never killed, every event is there.
	found := int64(len(regexp.MustCompile(`"event":"auth.token_refused","fields":{"request_id":"[02]-`).FindAll(all, -1)))
	if found != told.Load() || found == 0 || bytes.Contains(all, []byte(`"audit.gap"`)) {
		t.Errorf("%d events of %d refusals", found, told.Load())
	}
	t.Logf("%s, %d of them of the one that was never killed", strings.TrimSpace(out), found)

	spoilt := bytes.Replace(all, []byte("bad"), []byte("good"), 1)
	spoilt = bytes.Replace(spoilt, []byte("127.0.0.0"), []byte("127.0.0.1"), 1)
	if err := os.WriteFile(path, spoilt, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := verify(t, folder, path); code != 1 || !strings.Contains(out, ": changed: ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestAStopWritesTheLineOfEveryRequest that was answered, although lines may wait.
func TestAStopWritesTheLineOfEveryRequest(t *testing.T) {
	t.Parallel()
	p := tododtest.Start(t, t.TempDir())
	const requests = 100
	for i := range requests {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/health", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Request-ID", fmt.Sprintf("mine-%d", i))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	if code := p.Signal(t, syscall.SIGTERM); code != 0 {
		t.Fatalf("exit %d: %s", code, p.Out)
	}
	if n := strings.Count(p.Out.String(), `"logger":"todod.access","message":"request","request_id":"mine-`); n != requests {
		t.Errorf("%d lines of %d requests", n, requests)
	}
}
