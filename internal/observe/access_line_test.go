package observe

import (
	"bytes"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestALineByHandIsThatOfTheHandler: whatever is in it, byte for byte.
func TestALineByHandIsThatOfTheHandler(t *testing.T) {
	t.Parallel()
	simple := rapid.StringMatching(`[ !#-?A-Z^-~]{0,40}`)
	anything := rapid.OneOf(rapid.StringMatching(`[ -~]{0,40}`), rapid.String(), rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
	}))
	addr := rapid.Custom(func(t *rapid.T) netip.Addr {
		addr, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, "address"))
		return addr
	})
	byHand := 0
	rapid.Check(t, func(t *rapid.T) {
		text := anything
		if rapid.Bool().Draw(t, "simple") {
			text = simple
		}
		a := Access{
			RequestID: text.Draw(t, "request"), CorrelationID: text.Draw(t, "correlation"), UserID: text.Draw(t, "user"),
			Endpoint: text.Draw(t, "endpoint"), Method: text.Draw(t, "method"), Client: addr.Draw(t, "client"),
			Status: rapid.IntRange(100, 599).Draw(t, "status"), Duration: time.Duration(rapid.Int64Min(0).Draw(t, "duration")),
		}
		if text == anything && rapid.IntRange(0, 9).Draw(t, "refused") == 0 {
			a.Reason, a.Stack = text.Draw(t, "reason"), text.Draw(t, "stack")
		}
		at := time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at"))
		level := rapid.SampledFrom([]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelInfo + 1}).Draw(t, "level")
		if !a.plain() {
			return
		}
		byHand++
		got := string(a.appendLine(nil, at, level))
		var want bytes.Buffer
		record := slog.NewRecord(at, level, "request", 0)
		record.AddAttrs(a.Attrs()...)
		logger := For(NewLogger(&want, slog.LevelDebug), AccessLogger)
		if err := logger.Handler().Handle(t.Context(), record); err != nil || got != want.String() {
			t.Fatalf("%v\n got %swant %s", err, got, want.String())
		}
	})
	if byHand == 0 {
		t.Error("none was written by hand")
	}
}
