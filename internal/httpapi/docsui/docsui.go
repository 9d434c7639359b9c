// Package docsui serves what a person meets who comes with a browser, from the binary itself: the first page, and Swagger UI,
// which shows the API's documentation. Nothing is loaded from any other server.
package docsui

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"sync"

	"todod/internal/httpapi/static"
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

// robots keeps what searches the web away: there is nothing in an API to find.
const robots = "User-agent: *\nDisallow: /\n"

// Routes returns the handler of each of the pages' routes by its http.ServeMux pattern: the documentation at /docs, to which
// /redoc leads, the files of all pages, each by its name, under /docs/assets/, and what browsers and robots ask for unasked.
// The browser resolves specURL, the address of the OpenAPI document, against the page; a relative one ("openapi.json") works
// behind a proxy that strips a prefix, too. Answers depend on Accept-Encoding; whoever serves them has to say so in Vary.
func Routes(specURL string) map[string]http.Handler {
	files := static.Files(ours)
	routes := map[string]http.Handler{
		"GET /docs":        index(specURL),
		"GET /redoc":       http.HandlerFunc(toDocs),
		"GET /favicon.ico": asset("favicon.ico", files["favicon.ico"]),
		"GET /robots.txt":  asset("robots.txt", []byte(robots)),
	}
	delete(files, "favicon.ico")
	maps.Copy(files, swaggerUI())
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
		return static.File("openapi.json", content(), http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"no-cache"}})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler().ServeHTTP(w, r) })
}

// index returns the handler of the page that shows the document at specURL.
func index(specURL string) http.Handler {
	var page bytes.Buffer
	if err := template.Must(template.New("index.html").Parse(indexPage)).Execute(&page, specURL); err != nil {
		panic(err) // the page is part of this package
	}
	return static.File("index.html", page.Bytes(), http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Content-Security-Policy": {pagePolicy},
		"Cache-Control":           {"no-cache"},
	})
}

// asset returns the handler of one of the page's files. One whose name ends in .gz is kept as most browsers take it, and
// unpacked for the others.
func asset(name string, content []byte) http.Handler {
	name, isZipped := strings.CutSuffix(name, ".gz")
	header := http.Header{"Content-Type": {static.ContentType(name)}, "Cache-Control": {"public, max-age=3600"}}
	if isZipped {
		return static.Zipped(name, content, header)
	}
	return static.File(name, content, header)
}

// swaggerUI returns the content of every vendored file by its name.
func swaggerUI() map[string][]byte {
	files, err := fs.Sub(vendored, "assets")
	if err != nil {
		panic(err) // the folder is part of this package
	}
	return static.Files(files)
}
