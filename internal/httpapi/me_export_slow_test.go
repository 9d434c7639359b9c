package httpapi_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/httpapi"
	"todod/internal/pgtest"
	"todod/internal/store/postgres"
)

// TestOneExportAtATime: for each person; one that was given up makes room.
func TestOneExportAtATime(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	held, release := make(chan string), make(chan error)
	var holding atomic.Bool
	s := newServer(t, &interrupted{store, func(what string) error {
		if what == "tasks" && holding.CompareAndSwap(true, false) {
			held <- what
			return <-release
		}
		return nil
	}}, nil)
	for _, err := range []error{nil, errors.New("bug")} {
		holding.Store(true)
		first := make(chan answer)
		go func() { first <- s.as(t, "ada", "GET", "/api/v1/me/export", "") }()
		<-held
		a := s.as(t, "ada", "GET", "/api/v1/me/export", "").want(t, http.StatusTooManyRequests)
		if a.header.Get("Retry-After") != "10" || decode[object](t, a)["error_code"] != "RATE_LIMIT_EXCEEDED" {
			t.Errorf("%s %v", a.body, a.header)
		}
		s.as(t, "eve", "GET", "/api/v1/me/export", "").want(t, http.StatusOK)
		release <- err
		if a := <-first; (a.status == http.StatusOK) != (err == nil) {
			t.Errorf("the first: %d %s", a.status, a.body)
		}
		s.as(t, "ada", "GET", "/api/v1/me/export", "").want(t, http.StatusOK)
	}
}

// TestAnExportOutlastsTheServersTimeouts, which are for the others: a connection that was late once goes on.
func TestAnExportOutlastsTheServersTimeouts(t *testing.T) {
	t.Parallel()
	const timeout = 500 * time.Millisecond
	store := openSQLite(t)
	withTasks(t, store, 100)
	s := newServer(t, &interrupted{store, func(what string) error {
		if what == "sessions" {
			time.Sleep(2 * timeout)
		}
		return nil
	}}, nil)
	strict := httptest.NewUnstartedServer(s.api)
	strict.Config.ReadTimeout, strict.Config.WriteTimeout = timeout, timeout
	strict.Start()
	t.Cleanup(strict.Close)
	for range 2 { // over one connection
		mustExport(t, &server{Server: strict, api: s.api}, mint(t, "ada"))
	}
}

// smallBuffers is a listener whose connections take little that nobody reads.
type smallBuffers struct{ net.Listener }

// Accept implements net.Listener.
func (l smallBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
	}
	return conn, err
}

// withSmallBuffers serves a handler over smallBuffers.
func withSmallBuffers(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Listener = smallBuffers{s.Listener}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// ask sends a GET and returns the connection, of which nothing has been read.
func ask(t *testing.T, s *httptest.Server, path, token string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", path, token); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestWhoDoesNotReadHoldsNothing: no page beyond the one that is being sent, and no connection to the database, of which
// there is one.
func TestWhoDoesNotReadHoldsNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t, "httpapi", migrate)
	withTasks(t, openURL(t, url), 1200)
	store, err := postgres.Connect(t.Context(), postgres.Config{URL: url, AsIs: true, PoolSize: 1, PoolTimeout: time.Second, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	var pages atomic.Int32
	s := newServer(t, &interrupted{store, func(string) error {
		pages.Add(1)
		return nil
	}}, nil)
	small := withSmallBuffers(t, s.api)
	conn := ask(t, small, "/api/v1/me/export", mint(t, "ada"))
	for stuckAt, since := int32(0), time.Now(); time.Since(since) < 300*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		if n := pages.Load(); n != stuckAt || n == 0 {
			stuckAt, since = n, time.Now()
		}
	}
	for range 20 {
		s.as(t, "ada", "GET", "/api/v1/tasks?limit=1", "").want(t, http.StatusOK)
	}
	if n := pages.Load(); n > 3 { // of 13
		t.Errorf("%d pages were read for nobody", n)
	}
	s.as(t, "ada", "GET", "/api/v1/me/export", "").want(t, http.StatusTooManyRequests)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if a := s.as(t, "ada", "GET", "/api/v1/me/export", ""); a.status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("who has gone away still has their export")
		}
	}
}

// TestNoWriteTakesForEver: each has a time of its own, however many there are.
func TestNoWriteTakesForEver(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	small := withSmallBuffers(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		out, err := httpapi.NewPatientWriter(w, 100*time.Millisecond), error(nil)
		for chunk := make([]byte, 32<<10); err == nil; {
			_, err = out.Write(chunk)
		}
		ended <- err
	}))
	ask(t, small, "/", "")
	select {
	case err := <-ended:
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for ever")
	}
}
