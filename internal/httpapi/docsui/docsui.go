// Package docsui serves what a person meets who comes with a browser, from the binary itself: the first page, and Swagger UI,
// which shows the API's documentation. Nothing is loaded from any other server.
package docsui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// vendored is Swagger UI, as scripts/update-swagger-ui.sh brings it, with its licences.
//
//go:embed assets
var vendored embed.FS

// ours are the files beside it.
//
//go:embed init.js docs.css home.css icon.svg favicon.ico
var ours embed.FS

//go:embed index.html
var indexPage string

// pagePolicy allows the page its own files and the API's answers, and nothing else: no script and no style in the page itself.
// Swagger UI's CSS holds images as data: URLs. TestTheDocumentationInABrowser tries it out.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes names the type of each file by its extension, as the system's own table differs between machines.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".ico": "image/x-icon",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	"":     "text/plain; charset=utf-8",
	".txt": "text/plain; charset=utf-8",
}

// robots keeps what searches the web away: there is nothing in an API to find.
const robots = "User-agent: *\nDisallow: /\n"

// Routes returns the handler of each of the pages' routes by its http.ServeMux pattern: the documentation at /docs, to which
// /redoc leads, the files of all pages, each by its name, under /docs/assets/, and what browsers and robots ask for unasked.
// The browser resolves specURL, the address of the OpenAPI document, against the page; a relative one ("openapi.json") works
// behind a proxy that strips a prefix, too. Answers depend on Accept-Encoding; whoever serves them has to say so in Vary.
func Routes(specURL string) map[string]http.Handler {
	files := filesOf(ours)
	routes := map[string]http.Handler{
		"GET /docs":        index(specURL),
		"GET /redoc":       http.HandlerFunc(toDocs),
		"GET /favicon.ico": asset("favicon.ico", files["favicon.ico"]),
		"GET /robots.txt":  asset("robots.txt", []byte(robots)),
	}
	delete(files, "favicon.ico")
	maps.Copy(files, filesOf(vendored))
	for name, content := range files {
		routes["GET /docs/assets/"+strings.TrimSuffix(name, ".gz")] = asset(name, content)
	}
	return routes
}

// toDocs sends who looks for Redoc to the documentation, by a relative path, which holds behind any proxy.
func toDocs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "docs")
	w.WriteHeader(http.StatusPermanentRedirect)
}

// Document returns the handler of a JSON document, which is asked for once, at the first request.
func Document(content func() []byte) http.Handler {
	handler := sync.OnceValue(func() http.Handler {
		return static("openapi.json", content(), http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-cache"}})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler().ServeHTTP(w, r) })
}

// index returns the handler of the page that shows the document at specURL.
func index(specURL string) http.Handler {
	var page bytes.Buffer
	if err := template.Must(template.New("index.html").Parse(indexPage)).Execute(&page, specURL); err != nil {
		panic(err) // the page is part of this package
	}
	return static("index.html", page.Bytes(), http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Content-Security-Policy": {pagePolicy},
		"Cache-Control":           {"no-cache"},
	})
}

// asset returns the handler of one of the page's files. One whose name ends in .gz is kept as most browsers take it, and
// unpacked for the others.
func asset(name string, content []byte) http.Handler {
	name, isZipped := strings.CutSuffix(name, ".gz")
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic(fmt.Sprintf("docsui: no content type for %s", name)) // the files are part of this package
	}
	header := http.Header{
		"Content-Type":  {contentType},
		"Cache-Control": {"public, max-age=3600"},
	}
	if isZipped {
		plain := sync.OnceValue(func() []byte { return unzip(content) }) // one for all who ask, however slowly they read
		return inEither(name, content, plain, func() []byte { return content }, header)
	}
	return static(name, content, header)
}

// static returns a handler that answers content with the given header and an ETag, compressed for those who take gzip, and
// 304 to whoever has it.
func static(name string, content []byte, header http.Header) http.Handler {
	zipped := sync.OnceValue(func() []byte { return zip(content) }) // kept: it takes long and is a third in size
	return inEither(name, content, func() []byte { return content }, zipped, header)
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

// unzip returns what is in gzip in zipped, one of the package's files.
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

// filesOf returns the content of every file in all by its name.
func filesOf(all embed.FS) map[string][]byte {
	files := make(map[string][]byte)
	err := fs.WalkDir(all, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[path.Base(name)], err = all.ReadFile(name)
		return err
	})
	if err != nil {
		panic(err) // an embedded file system can always be read
	}
	return files
}
