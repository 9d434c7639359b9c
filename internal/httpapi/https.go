package httpapi

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// HTTPS says how clients are kept to HTTPS. Its zero value leaves them alone.
type HTTPS struct {
	Required bool   // who comes by plain HTTP is sent on or refused, and browsers are to remember that
	Port     uint16 // where this server itself serves HTTPS; 0 if it doesn't
}

// remember is what browsers are told that come by HTTPS: not to use anything else for this host, for a year (RFC 6797).
// Whether that holds for names below it, too, isn't ours to say.
const remember = "max-age=31536000"

// strict tells browsers that come by HTTPS to go on doing so, where that is required.
func (e *edge) strict(next http.Handler) http.Handler {
	if !e.https.Required {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if recordOf(r.Context()).scheme == "https" {
			w.Header().Set("Strict-Transport-Security", remember)
		}
		next.ServeHTTP(w, r)
	})
}

// httpsOnly sends people who come by plain HTTP to HTTPS, and refuses programs: one with a token or ticket has shown it to everybody
// on the way, and a redirect would let that pass unnoticed for ever. Probes of health may come as they like. It stands behind
// cors, so that preflights are never redirected, which no browser follows, and pages can read the refusal.
func (a *API) httpsOnly(next http.Handler) http.Handler {
	if !a.https.Required {
		return next
	}
	send := a.anonymous(http.HandlerFunc(a.sendToHTTPS))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme := recordOf(r.Context()).scheme
		plain := scheme == "http" || scheme == "" && a.https.Port != 0
		if plain && !isHealth(r.URL.Path) {
			send.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isHealth reports whether path is one of the health routes.
func isHealth(path string) bool {
	path = strings.TrimPrefix(path, "/api/v1")
	return path == "/health" || path == "/health/liveness" || path == "/health/readiness"
}

// sendToHTTPS answers a request that came by plain HTTP.
func (e *edge) sendToHTTPS(w http.ResponseWriter, r *http.Request) {
	target, ok := e.onHTTPS(r)
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	secret := r.Header.Get("Authorization") != "" || r.URL.Query().Has("ticket")
	if !ok || !safe || secret {
		writeProblem(w, r, &refusal{
			status: http.StatusBadRequest, detail: "Only HTTPS is served here", reason: "plain HTTP",
		})
		return
	}
	w.Header().Set("Cache-Control", "no-store") // a cache that doesn't tell the schemes apart would send HTTPS in circles
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// onHTTPS returns the URL of what r asks for on the same host by HTTPS, false if r names no such host. The host is what
// the client has named, which a browser can't be made to forge; a trusted proxy passes it on.
func (e *edge) onHTTPS(r *http.Request) (string, bool) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	valid := host != "" && strings.IndexFunc(host, func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:", c)
	}) < 0
	if !valid || !strings.HasPrefix(r.URL.Path, "/") {
		return "", false
	}
	port := "443"
	if e.https.Port != 0 && recordOf(r.Context()).scheme == "" {
		port = strconv.Itoa(int(e.https.Port)) // where TLS ends here; a proxy's is where everybody's is
	}
	authority := strings.TrimSuffix(net.JoinHostPort(host, port), ":443")
	target := url.URL{Scheme: "https", Host: authority, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	return target.String(), true
}
