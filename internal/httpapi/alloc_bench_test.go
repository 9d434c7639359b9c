package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"todod/internal/store/sqlite"
)

type nowhere struct{ h http.Header }

func (n *nowhere) Header() http.Header         { return n.h }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}

func BenchmarkLayers(b *testing.B) {
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "todod.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s := newServer(b, db, nil)
	s.fill(b, 60)
	token := mint(b, "ada")
	for name, c := range map[string][3]string{
		"get": {"GET", "/api/v1/tasks/1", ""}, "list": {"GET", "/api/v1/tasks?limit=50", ""}, "health": {"GET", "/health", ""},
		"toggle": {"PATCH", "/api/v1/tasks/1/toggle", ""}, "create": {"POST", "/api/v1/tasks", `{"title":"x"}`},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req := httptest.NewRequest(c[0], c[1], io.NopCloser(strings.NewReader(c[2])))
				req.Header.Set("Authorization", "Bearer "+token)
				req.RemoteAddr = "127.0.0.1:1234"
				if c[2] != "" {
					req.Header.Set("Content-Type", "application/json")
					req.ContentLength = int64(len(c[2]))
				} else {
					req.ContentLength = 0
					req.Body = http.NoBody
				}
				s.api.ServeHTTP(&nowhere{http.Header{}}, req)
			}
		})
	}
}
