// Package static answers files that are in the binary, compressed for those who take gzip, and not at all to those who have
// them.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// contentTypes names the type of each file by its extension, as the system's own table differs between machines.
var contentTypes = map[string]string{
	"":             "text/plain; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".ico":         "image/x-icon",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".svg":         "image/svg+xml",
	".txt":         "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
	".woff2":       "font/woff2",
}

// ContentType returns the type of a file, going by its name. It panics if that has an extension that is not in the table:
// files are part of the program.
func ContentType(name string) string {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic(fmt.Sprintf("static: no content type for %s", name))
	}
	return contentType
}

// Files returns the content of every file in all by its path.
func Files(all fs.FS) map[string][]byte {
	files := make(map[string][]byte)
	err := fs.WalkDir(all, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(all, name)
		return err
	})
	if err != nil {
		panic(err) // an embedded file system can always be read
	}
	return files
}

// File returns a handler that answers content with the given header and an ETag, compressed for those who take gzip, and
// 304 to whoever has it. Answers depend on Accept-Encoding; whoever serves them has to say so in Vary.
func File(name string, content []byte, header http.Header) http.Handler {
	zipped := sync.OnceValue(func() []byte { return zip(content) }) // kept: it takes long and is a third in size
	return inEither(name, content, func() []byte { return content }, zipped, header)
}

// Zipped is File for content that is kept in gzip, as most browsers take it, and unpacked for the others.
func Zipped(name string, content []byte, header http.Header) http.Handler {
	plain := sync.OnceValue(func() []byte { return unzip(content) }) // one for all who ask, however slowly they read
	return inEither(name, content, plain, func() []byte { return content }, header)
}

// inEither returns a handler that answers what plain returns, or zipped for those who take gzip if that is shorter, with the
// given header and an ETag that version makes, and 304 to whoever has it.
func inEither(name string, version []byte, plain, zipped func() []byte, header http.Header) http.Handler {
	sum := sha256.Sum256(version)
	tag := hex.EncodeToString(sum[:16])
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, values := range header {
			w.Header()[key] = values
		}
		answer, etag := []byte(nil), tag
		if Takes(r.Header.Get("Accept-Encoding"), "gzip") {
			answer = zipped()
		}
		if answer != nil {
			etag += "-gzip"
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		} else {
			answer = plain()
		}
		w.Header().Set("ETag", `"`+etag+`"`)
		// Parts of a page are of no use to anyone, and what is asked for in vain would be answered in plain text.
		for _, name := range []string{"Range", "If-Range", "If-Match", "If-Unmodified-Since"} {
			r.Header.Del(name)
		}
		// The time is left out: the ETag alone says which version this is.
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(answer))
	})
}

// zip returns content in gzip, as small as it gets, nil if that is no shorter.
func zip(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err) // a buffer takes everything
	}
	if out.Len() >= len(content) {
		return nil
	}
	return bytes.Clone(out.Bytes())
}

// unzip returns what is in gzip in zipped, one of the program's files.
func unzip(zipped []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		panic(err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return content
}

// Takes reports whether an Accept-Encoding header names a coding and doesn't exclude it with q=0.
func Takes(accepted, coding string) bool {
	for one := range strings.SplitSeq(accepted, ",") {
		name, params, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			quality, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(params), "q="), 64)
			return err != nil || quality > 0
		}
	}
	return false
}
