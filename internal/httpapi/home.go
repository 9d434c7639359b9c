package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"todod/internal/httpapi/docsui"
)

// home returns how this server is, for its first page.
func (a *resources) home(r *http.Request) docsui.State {
	return docsui.State{Version: a.version, Ready: a.isReady(r.Context()), Origin: originOf(r), App: a.app}
}

// isReady reports whether requests can be served.
func (a *resources) isReady(ctx context.Context) bool {
	return !a.draining.Load() && a.databaseReady(ctx) == nil
}

// originOf returns the origin of the URL that r was sent to.
func originOf(r *http.Request) string {
	scheme := recordOf(r.Context()).scheme
	if scheme == "" && r.TLS != nil {
		scheme = "https"
	}
	if scheme == "" {
		scheme = "http"
	}
	return (&url.URL{Scheme: scheme, Host: r.Host}).String()
}

// contactFor is how long what security.txt says holds. RFC 9116 advises less than a year.
const contactFor = 90 * 24 * time.Hour

// securityText answers with whom to tell of a hole (RFC 9116): the first page says it.
func (a *resources) securityText(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	expires := a.now().Add(contactFor).UTC().Format(time.RFC3339)
	_, _ = fmt.Fprintf(w, "Contact: %s/#security\nExpires: %s\nPreferred-Languages: en\n", originOf(r), expires) //nolint:gosec // plain text, with nosniff
}
