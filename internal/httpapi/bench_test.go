package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"todod/internal/store/sqlite"
)

// BenchmarkList lists tasks without compression and with: what it costs in time and memory, and what it saves in bytes.
func BenchmarkList(b *testing.B) {
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "todod.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	s := newServer(b, db, nil)
	s.fill(b, 1000)
	for _, n := range []int{50, 1000} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			b.Run(fmt.Sprintf("%d/%s", n, encoding), func(b *testing.B) {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf("%s/api/v1/tasks?limit=%d", s.URL, n), nil)
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+mint(b, "ada"))
				req.Header.Set("Accept-Encoding", encoding)
				b.ReportAllocs()
				sent := int64(0)
				for b.Loop() {
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						b.Fatal(err)
					}
					sent, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				b.ReportMetric(float64(sent), "bytes/answer")
			})
		}
	}
}
