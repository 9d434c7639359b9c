package audit

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"todod/internal/logtest"
)

// fillDisk is what this program does in TestADiskThatIsFull, where that runs.
var fillDisk func(path string)

// TestMain fails if a File leaves a goroutine behind.
func TestMain(m *testing.M) {
	if path := os.Getenv("TODOD_TEST_FULL_DISK"); path != "" {
		fillDisk(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// open opens the file at path and returns it, what tells it, and its log.
func open(t testing.TB, path string) (*File, *slog.Logger, *logtest.Output) {
	t.Helper()
	log := &logtest.Output{}
	f, err := Open(path, slog.New(slog.NewTextHandler(log, nil)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, Logger(slog.New(slog.DiscardHandler), f), log
}

// tell tells n events.
func tell(logger *slog.Logger, n int) {
	for i := range n {
		TokenRefused.Log(context.Background(), logger, slog.Int("n", i))
	}
}

// closed fails the test unless f can be closed.
func closed(t testing.TB, f *File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// read returns the lines of a file.
func read(t testing.TB, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// found returns what is found in these files.
func found(t testing.TB, paths ...string) Report {
	t.Helper()
	var v Verifier
	for _, path := range paths {
		file, err := OpenToRead(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Read(path, file); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	return v.Report()
}

// sound fails the test unless the files are as they were written, with so many lines, and returns what was found.
func sound(t testing.TB, lines int, paths ...string) Report {
	t.Helper()
	r := found(t, paths...)
	if r.FaultCount != 0 || r.Lines != lines {
		t.Errorf("%d lines, want %d, %d faults: %v", r.Lines, lines, r.FaultCount, r.Faults)
	}
	return r
}

func TestALine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	f, logger, log := open(t, path)
	long := strings.Repeat("é", maxText)
	SignedIn.Log(t.Context(), logger.With("a", "b").WithGroup("g"), slog.String("user_id", "KtuE43PE\n<"), slog.String("long", long))
	SignInRefused.Log(t.Context(), logger, slog.Any("huge", make([]int, maxFields)))
	closed(t, f)
	got := read(t, path)
	if len(got) != 3 || !strings.Contains(got[0], `,"level":"INFO","event":"audit.opened","fields":{},"prev":"`+strings.Repeat("0", 64)+`","hash":"`) {
		t.Fatalf("got %q", got)
	}
	want := `,"level":"INFO","event":"auth.signed_in","fields":{"a":"b","g":{"user_id":"KtuE43PE\n<","long":"` + long[:maxText] + `…"}},"prev":"` +
		linkOf(t, []byte(got[0])).hash.String() + `","hash":"`
	if !strings.HasPrefix(got[1], `{"seq":2,"timestamp":"20`) || !strings.Contains(got[1], want) {
		t.Errorf("got  %s\nwant %s", got[1], want)
	}
	if !strings.Contains(got[2], `"level":"WARNING","event":"auth.sign_in_refused","fields":{"omitted_bytes":`) {
		t.Errorf("got %s", got[2])
	}
	r := sound(t, 3, path)
	if end := fmt.Sprintf("msg=audit.anchor seq=3 hash=%s", r.End); !strings.Contains(log.String(), end) {
		t.Errorf("the log does not say where it ends: %s", log)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestARestartGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	for i := range 5 {
		f, logger, _ := open(t, path)
		tell(logger, 7)
		closed(t, f)
		sound(t, 1+7*(i+1), path)
	}
}

func TestWhatIsToldAfterTheEndIsLostAndSaid(t *testing.T) {
	t.Parallel()
	f, logger, _ := open(t, filepath.Join(t.TempDir(), "audit.log"))
	closed(t, f)
	tell(logger, 2)
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "2 events") {
		t.Errorf("%v", err)
	}
}

// TestALineThatWasCutOffIsClosed, wherever the crash came, and however often.
func TestALineThatWasCutOffIsClosed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	full := filepath.Join(folder, "full")
	f, logger, _ := open(t, full)
	tell(logger, 3)
	closed(t, f)
	data, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at <= len(data); at += 1 + at%7 {
		path := filepath.Join(folder, fmt.Sprint(at))
		if err := os.WriteFile(path, data[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		whole := strings.Count(string(data[:at]), "\n")
		_, rest, _ := strings.Cut(string(data[strings.LastIndexByte(string(data[:at]), '\n')+1:]), "\n")
		cut := at != 0 && data[at-1] != '\n' && len(data)-at != len(rest)+1 // more than the newline is missing
		if at != 0 && data[at-1] != '\n' && !cut {
			whole++
		}
		for range 2 { // at the second start there is nothing left to do
			f, logger, log := open(t, path)
			tell(logger, 1)
			closed(t, f)
			if strings.Contains(log.String(), "audit.torn") != cut {
				t.Errorf("cut at %d: %v, logged %s", at, cut, log)
			}
			if whole++; cut || whole == 1 {
				whole++ // the line that says so, or that begins the file
			}
			cut = false
			sound(t, whole, path)
		}
	}
}

// TestATearOfATear: the crash comes while the last one is being closed.
func TestATearOfATear(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	f, logger, _ := open(t, path)
	tell(logger, 100) // more than is looked at first
	closed(t, f)
	for range 3 {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(`{"seq":102,"times` + "\n" + `{"seq":102,"timestamp":"2026`); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	f, logger, _ = open(t, path)
	tell(logger, 1)
	closed(t, f)
	if r := sound(t, 103, path); r.Tears != 1 {
		t.Errorf("%d tears", r.Tears)
	}
}

func TestAnotherFileIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "todod.db")
	if err := os.WriteFile(path, []byte("SQLite format 3\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Open(path, slog.New(slog.DiscardHandler), nil); err == nil {
		closed(t, f)
		t.Error("opened")
	}
	if got := read(t, path); len(got) != 1 || got[0] != "SQLite format 3\x00" {
		t.Errorf("%q", got)
	}
	if f, err := Open(filepath.Join(path, "none", "audit.log"), slog.New(slog.DiscardHandler), nil); err == nil {
		closed(t, f)
		t.Error("opened what is in no folder")
	}
}

// waitFor waits until something has happened.
func waitFor(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// written waits until the file at path has so many lines.
func written(t testing.TB, path string, lines int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d lines in %s", lines, path), func() bool {
		data, _ := os.ReadFile(path)
		return bytes.Count(data, []byte("\n")) == lines
	})
}

// TestRotations: the file is moved away, copied and truncated, or replaced by an empty one, and the chain goes on.
func TestRotations(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	f, logger, _ := open(t, path)
	tell(logger, 3)
	written(t, path, 4)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	tell(logger, 3)
	written(t, path, 4)
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path+".2", data, 0o600)
	}
	if err == nil {
		err = os.Truncate(path, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	tell(logger, 3)
	written(t, path, 4)
	if err := os.Rename(path, path+".3"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tell(logger, 3)
	closed(t, f)
	sound(t, 16, path+".1", path+".2", path+".3", path)
	sound(t, 4, path)
}

// TestAStartAfterARotationGoesOn: whoever had the file open is gone, or hasn't written since. So does one that finds the
// empty file of a start that had nothing to tell.
func TestAStartAfterARotationGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cut   string // what a crash left at the end of the old file
		empty bool   // there is a new file, without lines
		lines int
	}{
		"no file": {"", false, 8}, "an empty file": {"", true, 8}, "a line that was cut off": {`{"seq":5,"timestamp":"2026`, false, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "audit.log")
			server, serverLog, _ := open(t, path)
			tell(serverLog, 3)
			written(t, path, 4)
			data, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, append(data, c.cut...), 0o600)
			}
			if err == nil {
				err = os.Rename(path, path+".1")
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.empty {
				idle, _, _ := open(t, path)
				closed(t, idle)
			}
			command, commandLog, _ := open(t, path)
			tell(commandLog, 1)
			closed(t, command)
			tell(serverLog, 2)
			closed(t, server)
			sound(t, c.lines, path+".1", path)
		})
	}
}

// TestAChainOfItsOwn begins where nothing says what was before, and verify says so.
func TestAChainOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, beside string }{
		"nothing with a name that is known": {".20261122", ""},
		"something else has that name":      {".20261122", "no audit file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "audit.log")
			for range 2 {
				f, logger, _ := open(t, path)
				tell(logger, 1)
				closed(t, f)
				if _, err := os.Stat(path + c.old); err == nil {
					break
				}
				if err := os.Rename(path, path+c.old); err != nil {
					t.Fatal(err)
				}
				if c.beside != "" {
					if err := os.WriteFile(path+rotated, []byte(c.beside), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			want := path + ":1: missing: it begins a chain of its own: nothing says what was between"
			if r := found(t, path+c.old, path); r.FaultCount != 1 || r.Faults[0].String() != want {
				t.Errorf("found %v, want %s", r.Faults, want)
			}
			sound(t, 2, path)
			if c.beside != "" && read(t, path+rotated)[0] != c.beside {
				t.Errorf("it has written into what is no audit file: %q", read(t, path+rotated))
			}
		})
	}
}

// TestARotationOfACutLine: another process was killed while it wrote, just before the file was moved away.
func TestARotationOfACutLine(t *testing.T) {
	t.Parallel()
	for _, cut := range []string{"", `{"seq":5,"timestamp":"2026`} {
		path := filepath.Join(t.TempDir(), "audit.log")
		f, logger, _ := open(t, path)
		tell(logger, 3)
		written(t, path, 4)
		data, err := os.ReadFile(path)
		if err == nil && cut == "" {
			data = data[:len(data)-1] // all but the newline
		}
		if err == nil {
			err = os.WriteFile(path, append(data, cut...), 0o600)
		}
		if err == nil {
			err = os.Rename(path, path+".1")
		}
		if err != nil {
			t.Fatal(err)
		}
		tell(logger, 3)
		closed(t, f)
		sound(t, 4+strings.Count(cut, "seq")+4, path+".1", path)
	}
}

// TestSeveralWriters of one file, of which one comes and goes and the file is moved away: one chain, and nothing is lost.
func TestSeveralWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	first, firstLog, _ := open(t, path)
	second, secondLog, _ := open(t, path)
	tell(firstLog, 1)
	written(t, path, 2)
	tell(secondLog, 1) // both have written here
	written(t, path, 3)
	var writers sync.WaitGroup
	for _, logger := range []*slog.Logger{firstLog, secondLog} {
		writers.Go(func() {
			for range 100 {
				tell(logger, 5)
				time.Sleep(time.Millisecond)
			}
		})
	}
	writers.Go(func() {
		for range 20 {
			f, logger, _ := open(t, path)
			tell(logger, 5)
			closed(t, f)
		}
	})
	writers.Wait()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	tell(firstLog, 5)
	closed(t, first)
	tell(secondLog, 5)
	closed(t, second)
	sound(t, 1+2+1000+100+1+10, path+".1", path)
}

// TestAFileThatCannotBeWritten for a while: what there was room for is written afterwards, and what is lost is counted.
func TestAFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "audit.log")
	f, logger, log := open(t, path)
	tell(logger, 3)
	written(t, path, 4)
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	tell(logger, 1)
	waitFor(t, "the trouble", func() bool { return strings.Contains(log.String(), "level=ERROR msg=audit.failed") })
	tell(logger, maxQueued+1000)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the end of the trouble", func() bool { return strings.Contains(log.String(), "level=WARN msg=audit.gap") })
	closed(t, f)
	if n := strings.Count(log.String(), "msg=audit.failed"); n != 1 {
		t.Errorf("told %d times: %s", n, log)
	}
	var lost, kept int
	for _, text := range read(t, path) {
		_, rest, _ := strings.Cut(text, `"fields":{"lost":`)
		n := 0
		_, _ = fmt.Sscanf(rest, "%d", &n)
		lost += n
		kept += strings.Count(text, string(TokenRefused))
	}
	if lost == 0 || lost+kept != maxQueued+1001 {
		t.Errorf("%d lost, %d kept", lost, kept)
	}
	sound(t, 4+len(read(t, path)), filepath.Join(folder+".away", "audit.log"), path)
}

// TestAnotherProcessHoldsTheLock: nobody waits but the events.
func TestAnotherProcessHoldsTheLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	f, logger, log := open(t, path)
	tell(logger, 1)
	written(t, path, 2)
	other, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if locked, err := tryLock(other, true); err != nil || !locked {
		t.Fatalf("%v, %v", locked, err)
	}
	tell(logger, 5)
	waitFor(t, "the trouble", func() bool { return strings.Contains(log.String(), "msg=audit.failed") })
	if err := unlock(other); err != nil {
		t.Fatal(err)
	}
	written(t, path, 7)
	closed(t, f)
	sound(t, 7, path)
}

// BenchmarkFile is what an event costs the request that has it.
func BenchmarkFile(b *testing.B) {
	f, logger, _ := open(b, filepath.Join(b.TempDir(), "audit.log"))
	attrs := []slog.Attr{
		slog.String("request_id", "req_ABCDEFGHIJKLMNOPQRSTUVWXYZ"), slog.String("client_ip", "203.0.113.0"), slog.String("reason", "expired"),
	}
	b.ReportAllocs()
	for b.Loop() {
		TokenRefused.Log(context.Background(), logger, attrs...)
	}
	b.ReportMetric(float64(f.lost.Load())/float64(b.N), "lost/op")
}

// BenchmarkVerify is how fast a file is verified.
func BenchmarkVerify(b *testing.B) {
	data := bytes.Join(chain(10_000, link{}), nil)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var v Verifier
		if err := v.Read("", bytes.NewReader(data)); err != nil || v.Report().FaultCount > 0 {
			b.Fatal(v.Report(), err)
		}
	}
}
