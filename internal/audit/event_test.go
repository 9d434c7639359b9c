package audit_test

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"testing"

	"todod/internal/audit"
)

// TestTheDocumentationHasEveryEvent, at the level it is told at, and none that there isn't.
func TestTheDocumentationHasEveryEvent(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security-events.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_]+)` \\| `([A-Z]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		if documented[row[1]+" "+row[2]] {
			t.Errorf("%s is there twice", row[1])
		}
		documented[row[1]+" "+row[2]] = true
	}
	names := map[slog.Level]string{slog.LevelInfo: "INFO", slog.LevelWarn: "WARNING", slog.LevelError: "ERROR"}
	for _, e := range audit.Events() {
		row := fmt.Sprintf("%s %s", e, names[e.Level()])
		if !documented[row] {
			t.Errorf("%s is not documented", row)
		}
		delete(documented, row)
	}
	for row := range documented {
		t.Errorf("%s is documented, and there is no such event", row)
	}
}
