package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"todod/internal/certtest"
)

// withTLS returns an environment that serves HTTPS with the files in folder.
func withTLS(t *testing.T, folder string, more environment) environment {
	t.Helper()
	env := isolated(t, more)
	env["TLS_CERT_FILE"], env["TLS_KEY_FILE"] = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	return env
}

// browser returns a client that trusts nobody's word, on connections of its own.
func browser(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// fetch returns the answer to a GET, read to its end.
func fetch(t *testing.T, client *http.Client, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp
}

// serial returns the serial number of the certificate that a new client is shown.
func serial(t *testing.T, url string) int64 {
	t.Helper()
	return fetch(t, browser(t), url+"/health").TLS.PeerCertificates[0].SerialNumber.Int64()
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certtest.New(t, 1).Put(t, folder)
	env := withTLS(t, folder, nil)
	p := start(t, env)
	if !strings.Contains(p.out.String(), "docs at https://") {
		t.Errorf("the start doesn't say https: %s", p.out)
	}
	resp := fetch(t, browser(t), p.url+"/health/readiness")
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%s %s, %v", resp.Proto, resp.Status, resp.Header)
	}
	address := strings.TrimPrefix(p.url, "https://")
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}}
	if conn, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
	env["API_PORT"] = address[strings.LastIndex(address, ":")+1:]
	if err := run(t.Context(), []string{"healthcheck"}, env.get, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestABadPairStopsTheStart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pair := certtest.New(t, 1)
	certtest.KeyPair{Cert: pair.Cert, Key: certtest.New(t, 2).Key}.Put(t, folder)
	err := run(t.Context(), nil, withTLS(t, folder, nil).get, io.Discard)
	if err == nil || exitCode(err) != exitUsage || !strings.Contains(err.Error(), "TLS_KEY_FILE") {
		t.Errorf("%v, exit code %d", err, exitCode(err))
	}
}

// free returns a port that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// TestInProductionPlainHTTPLeadsToHTTPS, by a port of its own, while HTTPS goes on being HTTP/2.
func TestInProductionPlainHTTPLeadsToHTTPS(t *testing.T) {
	t.Parallel()
	folder, port, plain := t.TempDir(), free(t), free(t)
	certtest.New(t, 1).Put(t, folder)
	p := start(t, withTLS(t, folder, environment{
		"APP_ENV": "production", "API_PORT": port, "TLS_REDIRECT_PORT": plain, "AUTH_PROVIDER": "local",
		"ALLOWED_ORIGINS": "https://app.example.com",
	}))
	resp := fetch(t, browser(t), "http://127.0.0.1:"+plain+"/docs?x=1")
	if resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") != "https://127.0.0.1:"+port+"/docs?x=1" {
		t.Errorf("%s, %v", resp.Status, resp.Header)
	}
	if resp := fetch(t, browser(t), "http://127.0.0.1:"+plain+"/health"); resp.StatusCode != http.StatusOK {
		t.Errorf("health: %s", resp.Status)
	}
	resp = fetch(t, browser(t), p.url+"/docs")
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s %s, %v", resp.Proto, resp.Status, resp.Header)
	}
	p.end(t) // both listeners
}

// TestTheCertificateIsReadAgain: written in place, renamed, or linked anew, while a client goes on over its connection.
func TestTheCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	mounted := t.TempDir() // as Kubernetes mounts secrets: links into a folder that is itself a link
	swap := func(version string, pair certtest.KeyPair) {
		t.Helper()
		folder := filepath.Join(mounted, version)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		pair.Put(t, folder)
		if err := os.Symlink(version, filepath.Join(mounted, "..new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(mounted, "..new"), filepath.Join(mounted, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	swap("1", certtest.New(t, 1))
	for _, name := range []string{"cert.pem", "key.pem"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(mounted, name)); err != nil {
			t.Fatal(err)
		}
	}
	p := start(t, withTLS(t, mounted, nil))
	first := serial(t, p.url)

	var dialled, answered atomic.Int64
	busy := browser(t)
	busy.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	over := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, p.url+"/health", nil)
			resp, err := busy.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			answered.Add(1)
		}
	})
	becomes := func(want int64) {
		t.Helper()
		waitFor(t, "certificate "+strconv.FormatInt(want, 10), func() bool { return serial(t, p.url) == want })
	}
	swap("2", certtest.New(t, 2))
	becomes(2)
	third := certtest.New(t, 3)
	third.Put(t, filepath.Join(mounted, "2")) // in place
	becomes(3)

	swap("4", certtest.KeyPair{Cert: certtest.New(t, 4).Cert, Key: third.Key})
	waitFor(t, "the complaint", func() bool {
		if got := serial(t, p.url); got != 3 {
			t.Fatalf("certificate %d, whose key is another", got)
		}
		return strings.Contains(p.out.String(), "the old one stays")
	})
	swap("5", certtest.New(t, 5))
	becomes(5)
	close(over)
	working.Wait()
	if n := len(told(p.out, "certificate.reloaded")); n != 3 {
		t.Errorf("told of %d changes", n)
	}
	if first != 1 || dialled.Load() != 1 || answered.Load() == 0 {
		t.Errorf("first certificate %d; %d connections, %d answers", first, dialled.Load(), answered.Load())
	}
	if n := strings.Count(p.out.String(), "the old one stays"); n > 2 { // a moment between two writes may be another fault
		t.Errorf("told of %d times", n)
	}
}
