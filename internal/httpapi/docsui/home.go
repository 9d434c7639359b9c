package docsui

import (
	"bytes"
	_ "embed" // the pages
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"strconv"

	"todod/internal/httpapi/static"
)

//go:embed home.html
var homePage string

// homePolicy allows the first page its stylesheet and its picture, and nothing else.
const homePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// about is what todod is, in a sentence.
const about = "The back end of a todo application for many people: a REST API for tasks, with sign-up and sign-in"

// A State is how a server is, and where it was found.
type State struct {
	Version string
	Ready   bool
	Origin  string // of the URL of the request: https://todo.example.com
	App     bool   // there is the app
}

// links are where a first visit leads.
var links = map[string]string{
	"docs": "/docs", "openapi": "/openapi.json", "openapi_3_0": "/openapi-3.0.json", "readiness": "/health/readiness",
}

// linksOf returns where the first page leads of a server that is like s.
func linksOf(s State) map[string]string {
	if !s.App {
		return links
	}
	all := maps.Clone(links)
	all["app"] = "/app"
	return all
}

// Home returns the handler of the first page. It says what this is and how it is, by state, and leads on: as a page to who
// takes HTML by name, as browsers do, and as JSON to everybody else.
func Home(state func(*http.Request) State) http.Handler {
	page := template.Must(template.New("home.html").Parse(homePage))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := state(r)
		var answer bytes.Buffer
		var err error
		contentType := "application/json"
		if static.Takes(r.Header.Get("Accept"), "text/html") {
			contentType = "text/html; charset=utf-8"
			w.Header().Set("Content-Security-Policy", homePolicy)
			err = page.Execute(&answer, struct {
				State
				About string
			}{s, about})
		} else {
			err = json.NewEncoder(&answer).Encode(map[string]any{
				"name": "todod", "about": about, "version": s.Version, "ready": s.Ready, "links": linksOf(s),
			})
		}
		if err != nil {
			panic(err) // the page and the members are part of this package
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", strconv.Itoa(answer.Len()))
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Add("Vary", "Accept")
		_, _ = w.Write(answer.Bytes()) // whoever has gone away needs no answer
	})
}
