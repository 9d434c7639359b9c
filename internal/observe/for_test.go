package observe_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"todod/internal/observe"
)

func TestForSetsTheNameOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	root := observe.NewLogger(&out, slog.LevelInfo)
	carrying := root.With("a", 1).WithGroup("g").With("b", 2)

	observe.For(observe.For(carrying, "http"), "auth").Info("m", "c", 3)
	observe.For(root, "store").With("d", 4).Info("m")
	carrying.Info("m")

	got := lines(&out)
	for i, want := range []string{
		`"logger":"auth","message":"m","a":1,"g":{"b":2,"c":3}}`,
		`"logger":"store","message":"m","d":4}`,
		`"logger":"todod","message":"m","a":1,"g":{"b":2}}`,
	} {
		if !strings.HasSuffix(got[i], want) || strings.Count(got[i], `"logger"`) != 1 {
			t.Errorf("got %s, want it to end in %s", got[i], want)
		}
	}
}

func TestSiblingsDoNotShareAttributes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	parent := observe.NewLogger(&out, slog.LevelInfo).With("a", 1).With("b", 2).With("c", 3)
	first, second := parent.With("d", 4), parent.With("e", 5)

	observe.For(first, "x").Info("m")
	observe.For(second, "y").Info("m")

	got := lines(&out)
	if !strings.HasSuffix(got[0], `"c":3,"d":4}`) || !strings.HasSuffix(got[1], `"c":3,"e":5}`) {
		t.Errorf("got %q", got)
	}
}

func TestForLeavesForeignLoggersAlone(t *testing.T) {
	t.Parallel()
	if foreign := slog.New(slog.DiscardHandler); observe.For(foreign, "http") != foreign {
		t.Error("a foreign logger was replaced")
	}
}
