package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiagnose(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	path := filepath.Join(folder, "todod.db")
	if d, err := Diagnose(t.Context(), path); err != nil || d.There || d.Pending == 0 {
		t.Errorf("of nothing: %+v, %v", d, err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("looking made the folder")
	}
	s, _ := openAt(t, path, 300)
	d, err := Diagnose(t.Context(), path)
	if err != nil || !d.There || d.Bytes < 100_000 || d.Mode != 0o600 || d.Journal != "wal" ||
		d.Pending != 0 || d.Unknown != 0 || d.Writable != nil || d.Damage != nil {
		t.Errorf("in use: %+v, %v", d, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, "insert into migrations (version_id, is_applied) values (99999, 1)")
	damageRows(t, path)
	if d, err = Diagnose(t.Context(), path); err != nil || d.Unknown != 1 || d.Damage == nil || !strings.Contains(d.Damage.Error(), "quick_check") {
		t.Errorf("damaged: %+v, %v", d, err)
	}
}

// damageRows overwrites rows of ada's, which leaves the schema readable.
func damageRows(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for from := len(data) / page / 2 * page; from+page <= len(data); from += page {
		leaf := data[from] == 13 // of a table
		if leaf && bytes.Count(data[from:from+page], []byte("ada")) > 5 {
			copy(data[from+8:from+page], strings.Repeat("x", page))
			break
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
