package auth

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestConcurrentFirstRequestsFetchOnceOverHTTP(t *testing.T) {
	server := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	v := newVerifier(t, Config{JWKSURL: server.URL + "/api/auth/jwks"})
	token := asymmetric(t, "EdDSA", "k", ed25519Key())
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() { wantAcceptedAside(t, v, token) })
	}
	crowd.Wait()
	server.wantHits(t, 1)
}

func TestTheAnswerMustBeASetOfAtMost64KiB(t *testing.T) {
	set := setOf(publicJWK(t, "k", ed25519Key()))
	padded := func(bytes int) string { return set + strings.Repeat(" ", bytes-len(set)) }
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	token := asymmetric(t, "EdDSA", "k", ed25519Key())
	server := newKeyServer(t, padded(64<<10))
	wantAccepted(t, newVerifier(t, Config{JWKSURL: server.URL}), token)

	for name, handler := range map[string]http.HandlerFunc{
		"too long": answer(200, padded(64<<10+1)),
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write([]byte(" ")); err != nil {
					return
				}
			}
		},
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = w.Write([]byte(set))
		},
		"no set": answer(200, "<html>"),
		"201":    answer(201, set),
		"203":    answer(203, set),
		"404":    answer(404, set),
		"500":    answer(500, set),
	} {
		t.Run(name, func(t *testing.T) {
			server.handle(handler)
			_, err := newVerifier(t, Config{JWKSURL: server.URL}).Verify(t.Context(), token)
			wantUnavailable(t, err)
		})
	}
	server.publish(setOf())
	wantRefused(t, newVerifier(t, Config{JWKSURL: server.URL}), token, "no usable key")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	mallory := newKeyServer(t, setOf(publicJWK(t, "k", ed25519Key())))
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := newKeyServer(t, "")
		server.handle(http.RedirectHandler(mallory.URL, status).ServeHTTP)
		for name, client := range map[string]*http.Client{
			"own":   nil,
			"given": {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
		} {
			_, err := newVerifier(t, Config{JWKSURL: server.URL, Client: client}).Verify(t.Context(), asymmetric(t, "EdDSA", "k", ed25519Key()))
			wantUnavailable(t, err)
			if t.Failed() {
				t.Fatalf("%d with %s client", status, name)
			}
		}
	}
	mallory.wantHits(t, 0)
}

func TestTheRequestIsAPlainGet(t *testing.T) {
	var got *http.Request
	server := newKeyServer(t, "")
	server.handle(func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write([]byte(setOf(publicJWK(t, "k", ed25519Key()))))
	})
	v := newVerifier(t, Config{JWKSURL: server.URL + "/api/auth/jwks"})
	wantAccepted(t, v, asymmetric(t, "EdDSA", "k", ed25519Key()))
	if got.Method != http.MethodGet || got.URL.Path != "/api/auth/jwks" || got.Header.Get("Accept") != "application/json" || !got.Close {
		t.Errorf("asked %s %s, %v, close %v", got.Method, got.URL, got.Header, got.Close)
	}
}

func TestAStoppedServerIsUnavailable(t *testing.T) {
	stopped := httptest.NewServer(nil)
	stopped.Close()
	var log bytes.Buffer
	v := newVerifier(t, Config{JWKSURL: stopped.URL, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	_, err := v.Verify(t.Context(), asymmetric(t, "EdDSA", "k", ed25519Key()))
	wantUnavailable(t, err)
	if !strings.Contains(log.String(), "level=WARN msg=auth.jwks_failed") {
		t.Errorf("logged %q", log.String())
	}
}
