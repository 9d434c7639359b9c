package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/observe"
)

// lines returns what was logged, line by line.
func lines(b *bytes.Buffer) []string {
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func TestLineOfJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := observe.NewLogger(&out, slog.LevelInfo)
	// A zone, and a fraction finer than a microsecond.
	at := time.Date(2026, 11, 22, 19, 47, 3, 120_000_999, time.FixedZone("", 3600))
	record := slog.NewRecord(at, slog.LevelWarn, "task.not_found", 0)
	record.AddAttrs(slog.String("user_id", "KtuE43PE"), slog.Int("task_id", 42), slog.Any("error", errors.New("no such task")))

	if err := logger.Handler().Handle(t.Context(), record); err != nil {
		t.Fatal(err)
	}

	want := `{"timestamp":"2026-11-22T18:47:03.120000Z","level":"WARNING","logger":"todod","message":"task.not_found",` +
		`"user_id":"KtuE43PE","task_id":42,"error":"no such task"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: "DEBUG", slog.LevelInfo: "INFO", slog.LevelWarn: "WARNING", slog.LevelError: "ERROR",
		observe.LevelCritical: "CRITICAL", slog.LevelInfo + 1: "INFO", slog.LevelDebug - 4: "DEBUG", 100: "CRITICAL",
	} {
		var out bytes.Buffer
		observe.NewLogger(&out, slog.Level(-100)).Log(context.Background(), level, "m")
		if !strings.Contains(out.String(), `"level":"`+want+`","logger":"todod","message":"m"`) {
			t.Errorf("%v is logged as %s", level, out.String())
		}
	}
}

func TestLevelCanChangeWhileLogging(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var level slog.LevelVar
	logger := observe.For(observe.NewLogger(&out, &level), "http")

	logger.Debug("hidden")
	level.Set(slog.LevelDebug)
	logger.Debug("shown")

	if got := lines(&out); len(got) != 1 || !strings.Contains(got[0], "shown") {
		t.Errorf("logged %q", got)
	}
}

func TestGroupsKeepTheirKeys(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	observe.NewLogger(&out, slog.LevelInfo).WithGroup("g").Info("m", "level", slog.LevelInfo, "msg", "inner")
	if want := `"message":"m","g":{"level":"INFO","msg":"inner"}}`; !strings.HasSuffix(lines(&out)[0], want) {
		t.Errorf("got %s, want it to end in %s", out.String(), want)
	}
}

func TestNothingForgesALine(t *testing.T) {
	t.Parallel()
	const forged = "x\r\n{\"level\":\"INFO\",\"message\":\"forged\"}\u2028\x1b[2J"
	for name, newLogger := range map[string]func(*bytes.Buffer) *slog.Logger{
		"json":     func(b *bytes.Buffer) *slog.Logger { return observe.NewLogger(b, slog.LevelInfo) },
		"terminal": func(b *bytes.Buffer) *slog.Logger { return observe.NewTerminalLogger(b, slog.LevelInfo) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			newLogger(&out).With("with", forged).Info(forged, "text", forged, "error", errors.New(forged),
				slog.Group("group", slog.String("inner", forged)))
			if got := lines(&out); len(got) != 1 || strings.Contains(got[0], "\r") || strings.Contains(got[0], "\x1b[2J") {
				t.Errorf("wrote %q", got)
			}
			if name == "json" && !json.Valid(out.Bytes()) {
				t.Errorf("no JSON: %s", out.String())
			}
		})
	}
}

func TestTerminalLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	observe.For(observe.NewTerminalLogger(&out, slog.LevelInfo), "http").Warn("slow down", "status_code", 429)
	plain := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(out.String(), "")
	if plain == out.String() {
		t.Errorf("no colour in %q", plain)
	}
	if !regexp.MustCompile(`^\d\d:\d\d:\d\d WRN slow down logger=http status_code=429\n$`).MatchString(plain) {
		t.Errorf("wrote %q", plain)
	}
}

func TestLoggerWritesJSONToAFile(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()

	logger, closeLog := observe.Logger(file, slog.LevelInfo)
	logger.Info("m")
	defer func() { _ = closeLog() }()

	if got, err := os.ReadFile(file.Name()); err != nil || !json.Valid(got) {
		t.Errorf("wrote %q, %v", got, err)
	}
}

func TestLoggersOfOneWriterDoNotMixLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	root := observe.NewLogger(&out, slog.LevelInfo)
	var wg sync.WaitGroup
	for _, name := range []string{"http", "auth", "store", "events"} {
		wg.Go(func() {
			for range 50 {
				observe.For(root, name).Info("m", "name", name)
			}
		})
	}
	wg.Wait()
	got := lines(&out)
	for _, line := range got {
		if !json.Valid([]byte(line)) {
			t.Fatalf("mixed up: %s", line)
		}
	}
	if len(got) != 200 {
		t.Errorf("%d lines, want 200", len(got))
	}
}
