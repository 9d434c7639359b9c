package observe_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/observe"
)

// writes is a writer that remembers how many writes there were.
type writes struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	count int
}

// Write implements io.Writer.
func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	return w.buf.Write(p)
}

// state returns what was written, and in how many writes.
func (w *writes) state() (string, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String(), w.count
}

// TestOnlyLinesOfRequestsWait, and nothing overtakes them.
func TestOnlyLinesOfRequestsWait(t *testing.T) {
	t.Parallel()
	for name, urgent := range map[string]func(root, access *slog.Logger){
		"another logger": func(root, _ *slog.Logger) { root.Debug("urgent") },
		"a refusal":      func(_, access *slog.Logger) { access.Warn("urgent") },
		"a failure":      func(root, _ *slog.Logger) { observe.For(root, observe.AccessLogger).With("a", 1).Error("urgent") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := &writes{}
			root, closeLog := observe.NewBufferedLogger(out, slog.LevelDebug)
			access := observe.For(root, observe.AccessLogger)
			for i := range 3 {
				access.Info(fmt.Sprint("request ", i))
			}
			urgent(root, access)
			text, count := out.state()
			if got := strings.Count(text, "\n"); got != 4 || count == 0 {
				t.Errorf("%d lines in %d writes: %s", got, count, text)
			}
			if i, j := strings.Index(text, "request 2"), strings.Index(text, "urgent"); i < 0 || j < i {
				t.Errorf("out of order: %s", text)
			}
			access.Info("the last")
			if err := closeLog(); err != nil {
				t.Error(err)
			}
			if text, _ := out.state(); !strings.Contains(text, "the last") {
				t.Errorf("the stop lost a line: %s", text)
			}
			access.Info("after the end")
			if text, _ := out.state(); !strings.Contains(text, "after the end") {
				t.Errorf("a line waits for ever: %s", text)
			}
		})
	}
}

func TestLinesDoNotWaitLong(t *testing.T) {
	t.Parallel()
	out := &writes{}
	root, closeLog := observe.NewBufferedLogger(out, slog.LevelInfo)
	defer func() { _ = closeLog() }()
	access := observe.For(root, observe.AccessLogger)
	for i := range 3 {
		access.Info("m")
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			if text, _ := out.state(); strings.Count(text, "\n") == i+1 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("it still waits")
			}
		}
	}
}

// TestManyLinesThatWait are written whole and in order, and take little memory.
func TestManyLinesThatWait(t *testing.T) {
	t.Parallel()
	out := &writes{}
	root, closeLog := observe.NewBufferedLogger(out, slog.LevelInfo)
	access := observe.For(root, observe.AccessLogger)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 2000 {
				access.Info("m", "text", "some words that make the line as long as that of a request")
			}
		})
	}
	all.Wait()
	if text, _ := out.state(); len(text) < 8*2000*100-64<<10 {
		t.Errorf("%d bytes of 16,000 lines were written", len(text))
	}
	if err := closeLog(); err != nil {
		t.Error(err)
	}
	text, count := out.state()
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `{"timestamp":`) || !strings.HasSuffix(line, "\"}\n") {
			t.Fatalf("mixed up: %s", line)
		}
	}
	if n := strings.Count(text, "\n"); n != 16_000 || count > 16_000/10 {
		t.Errorf("%d lines in %d writes", n, count)
	}
}

// BenchmarkAccessLine is what the line of a request costs it, when another process reads the log.
func BenchmarkAccessLine(b *testing.B) {
	line := observe.Access{
		RequestID: "req_ABCDEFGHIJKLMNOPQRSTUVWXYZ", CorrelationID: "req_ABCDEFGHIJKLMNOPQRSTUVWXYZ", UserID: "KtuE43PE",
		Endpoint: "/api/v1/tasks/{id}", Method: "GET", Client: netip.MustParseAddr("203.0.113.0"), Status: 200, Duration: time.Millisecond,
	}
	for name, newLogger := range map[string]func(io.Writer) (*slog.Logger, func() error){
		"at once": func(w io.Writer) (*slog.Logger, func() error) {
			return observe.NewLogger(w, slog.LevelInfo), func() error { return nil }
		},
		"waiting": func(w io.Writer) (*slog.Logger, func() error) {
			return observe.NewBufferedLogger(w, slog.LevelInfo)
		},
	} {
		b.Run(name, func(b *testing.B) {
			r, w, err := os.Pipe()
			if err != nil {
				b.Fatal(err)
			}
			read := make(chan error)
			go func() {
				_, err := io.Copy(io.Discard, struct{ io.Reader }{r})
				read <- err
			}()
			root, closeLog := newLogger(w)
			access := observe.For(root, observe.AccessLogger)
			b.ReportAllocs()
			for b.Loop() {
				line.Log(context.Background(), access, slog.LevelInfo)
			}
			_ = closeLog()
			_ = w.Close()
			if err := <-read; err != nil {
				b.Fatal(err)
			}
		})
	}
}
