// Package webapp serves the app that people use in a browser, from the binary itself: its page and its files, as they were
// built from web. Nothing is loaded from any other server.
package webapp

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"todod/internal/httpapi/static"
)

// built is the app as its build leaves it.
//
//go:embed all:dist
var built embed.FS

// page is the name of the one page of the app.
const page = "index.html"

// assets is the folder of the files whose names have a hash of what is in them.
const assets = "assets/"

// policy allows the app its own files and this server's answers, and nothing else: no script and no style in the page itself,
// and no text that becomes a script or its address but through the one policy of Trusted Types that the app itself makes, by
// the name of todod. All files have it, as a worker goes by the policy of its own script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types todod"

// How long browsers keep a file: what has a hash in its name never changes, of all else they ask every time.
const (
	forGood  = "public, max-age=31536000, immutable"
	askAgain = "no-cache"
)

// Routes returns the handler of each of the app's routes by its http.ServeMux pattern: its files, each by its path under /app/,
// and its page at every other path there, as what these mean is known to the page. There is no page in the folder of assets:
// missing answers what isn't there. Answers depend on Accept-Encoding; whoever serves them has to say so in Vary.
func Routes(missing http.Handler) map[string]http.Handler {
	return routesOf(static.Files(dist()), missing)
}

// dist returns the app as its build leaves it.
func dist() fs.FS {
	files, err := fs.Sub(built, "dist")
	if err != nil {
		panic(err) // the folder is part of this package
	}
	return files
}

// routesOf returns the routes of an app of these files.
func routesOf(files map[string][]byte, missing http.Handler) map[string]http.Handler {
	routes := map[string]http.Handler{
		"GET /app":                         http.HandlerFunc(toPage),
		"GET /app/{path...}":               file(page, files[page]),
		"GET /app/" + assets + "{path...}": missing,
	}
	routes["GET /app/"+strings.TrimSuffix(assets, "/")] = missing // which the mux would lead to the folder
	for name, content := range files {
		if name != page {
			routes["GET /app/"+name] = file(name, content)
		}
	}
	return routes
}

// toPage sends who leaves out the slash to the page, by a relative path. A service worker of the app may have what is below
// the slash.
func toPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "app/")
	w.Header().Set("Cache-Control", askAgain)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// file returns the handler of one of the app's files.
func file(name string, content []byte) http.Handler {
	caching := askAgain
	if strings.HasPrefix(name, assets) {
		caching = forGood
	}
	return static.File(name, content, http.Header{
		"Content-Type":            {static.ContentType(name)},
		"Content-Security-Policy": {policy},
		"Cache-Control":           {caching},
	})
}
