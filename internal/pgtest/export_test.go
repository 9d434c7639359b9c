package pgtest

import (
	"path/filepath"
	"testing"
)

// ForgetPackages makes this process look for binaries on the PATH only.
func ForgetPackages() { binaryPatterns, bouncerPath = nil, "" }

// OwnServer starts a PostgreSQL of t's own and returns its URL and the path of the file that says who may connect how.
func OwnServer(t testing.TB) (url, hba string) {
	t.Helper()
	s, err := startPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s.url, filepath.Join(dataFolder(s.folder), "pg_hba.conf")
}

// NewestFirst returns the order in which folders are tried.
func NewestFirst(folders ...string) []string { return newestFirst(folders) }
