package httpapi

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"

	"todod/internal/httpapi/static"
)

const (
	// minCompressed is how many bytes an answer has at least that is compressed: less fits into one packet anyway.
	minCompressed = 1024
	// maxPooled is how many bytes a buffer has at most that is kept for the next answer.
	maxPooled = 256 << 10
)

// compress answers who takes gzip or zstd in it, where that is worth it. An answer that is compressed has an entity tag of
// its own, as it is another sequence of bytes (RFC 9110, section 8.8.3). Which routes go without is in routeMux.asIs: those that
// hand out secrets, whose length would tell of them (BREACH), and streams, for each of which a compressor would be kept.
func compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.CompressionLevel(gzip.BestSpeed),
		gzhttp.SuffixETag("-gzip"), gzhttp.ContentTypes([]string{"application/json", problemMediaType}))
	if err != nil {
		panic(err) // the options are those above
	}
	inner := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Add("Vary", "Accept-Encoding")
			next.ServeHTTP(w, r)
			return
		}
		held := &heldWriter{ResponseWriter: w, body: buffers.Get().(*bytes.Buffer)}
		defer held.release()
		inner.ServeHTTP(held, r)
		held.send(r)
	})
}

// uncompressed says of answers that come compressed or not at all that they depend on what their client takes: files do, and
// so refusals are the same everywhere.
func uncompressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		next.ServeHTTP(w, r)
	})
}

// buffers are for answers on their way.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// A heldWriter holds an answer back until it is complete, so that what it was made of and the compressor, which are large, are
// needed only for as long as they work and not until a slow client has taken the answer.
type heldWriter struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer
	sent   bool
}

// WriteHeader implements http.ResponseWriter.
func (w *heldWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *heldWriter) Write(p []byte) (int, error) { return w.body.Write(p) }

// Unwrap lets http.ResponseController reach the connection.
func (w *heldWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// send sends the answer to r.
func (w *heldWriter) send(r *http.Request) {
	w.sent = true
	header := w.Header()
	if w.status == http.StatusNotModified {
		header.Set("ETag", asNamed(r.Header, header.Get("ETag")))
	}
	if w.body.Len() > 0 {
		header.Set("Content-Length", strconv.Itoa(w.body.Len()))
	}
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
	}
	if w.body.Len() > 0 {
		_, _ = w.ResponseWriter.Write(w.body.Bytes()) // whoever has gone away needs no answer
	}
}

// release gives back the buffer, and takes back what was said of an answer that was not sent because of a panic: another one
// will be.
func (w *heldWriter) release() {
	if !w.sent {
		w.Header().Del("Content-Encoding")
	}
	if w.body.Cap() <= maxPooled {
		w.body.Reset()
		buffers.Put(w.body)
	}
	w.body = nil
}

// asNamed returns etag as a request names it in If-None-Match, if it has been given it with a compressed answer and takes
// another: a cache knows by that which of its answers is still good (RFC 9111, section 4.3.4).
func asNamed(h http.Header, etag string) string {
	named, takes := strings.Join(h.Values("If-None-Match"), ","), h.Get("Accept-Encoding")
	for _, encoding := range []string{"zstd", "gzip"} {
		tag := strings.TrimSuffix(etag, `"`) + "-" + encoding + `"`
		if static.Takes(takes, encoding) && strings.Contains(named, tag) {
			return tag
		}
	}
	return etag
}
