package httpapi_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/httpapi"
)

// A framing is a way to send the same request.
type framing struct {
	name string
	want int // status, 0 for that of the plain request
	send func(t *testing.T, f *framed, r request) answer
}

// framed is a server that is reached by raw connections and by HTTP/2.
type framed struct {
	*server
	h2 *httptest.Server
}

// newFramed returns one over store.
func newFramed(t *testing.T, store store) *framed {
	t.Helper()
	s := newServer(t, store, nil)
	h2 := httptest.NewUnstartedServer(s.api)
	h2.EnableHTTP2 = true
	h2.StartTLS()
	t.Cleanup(h2.Close)
	return &framed{s, h2}
}

// raw returns what sends a request over a connection of its own, with these header lines and the body as frame writes it.
func raw(version string, frame func(body string) string, lines ...string) func(*testing.T, *framed, request) answer {
	return func(t *testing.T, f *framed, r request) answer {
		t.Helper()
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", f.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		head := fmt.Sprintf("%s %s %s\r\nHost: x\r\nConnection: close\r\n", r.method, r.path, version)
		if r.user != "" {
			head += "Authorization: Bearer " + mint(t, r.user) + "\r\n"
		}
		for _, line := range lines {
			head += line + "\r\n"
		}
		f.known.Overhear(r.body)
		if _, err := io.WriteString(conn, head+frame(r.body)); err != nil {
			t.Fatal(err)
		}
		return readAnswer(t, bufio.NewReader(conn), r.method)
	}
}

// readAnswer reads the answer to a request, and passes over those that only say to go on.
func readAnswer(t *testing.T, from *bufio.Reader, method string) answer {
	t.Helper()
	for {
		resp, err := http.ReadResponse(from, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusContinue {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{resp.StatusCode, resp.Header, string(body)}
	}
}

// These write a body behind the headers.
func withLength(body string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}
func unframed(string) string     { return "\r\n" }
func withBOM(body string) string { return withLength("\uFEFF" + body) }
func gzipped(body string) string { return withLength(compressed(body)) }
func gzippedChunks(body string) string {
	return inChunks(compressed(body))
}

// inChunks writes two chunks, or none for an empty body.
func inChunks(body string) string {
	framed := "Transfer-Encoding: chunked\r\n\r\n"
	for _, chunk := range []string{body[:len(body)/2], body[len(body)/2:]} {
		if chunk != "" {
			framed += fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)
		}
	}
	return framed + "0\r\n\r\n"
}

// compressed returns body in gzip.
func compressed(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(body))
	_ = w.Close()
	return b.String()
}

// overHTTP2 returns what sends a request by HTTP/2, with a content-length or without, and headers (pairs of name and value).
func overHTTP2(sized bool, headers ...string) func(*testing.T, *framed, request) answer {
	return func(t *testing.T, f *framed, r request) answer {
		t.Helper()
		var body io.Reader = strings.NewReader(r.body)
		if !sized {
			body = struct{ io.Reader }{body} // of unknown length
		}
		req, err := http.NewRequestWithContext(context.Background(), r.method, f.h2.URL+r.path, body)
		if err != nil {
			t.Fatal(err)
		}
		if r.user != "" {
			req.Header.Set("Authorization", "Bearer "+mint(t, r.user))
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		f.known.Overhear(r.body)
		resp, err := f.h2.Client().Transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(resp.Body)
		if err != nil || resp.ProtoMajor != 2 {
			t.Fatal(resp.Proto, err)
		}
		return answer{resp.StatusCode, resp.Header, string(data)}
	}
}

// jsonLine is the header of a body that says no more than it must.
const jsonLine = "Content-Type: application/json"

// bodiless are ways to send no body.
var bodiless = []framing{
	{"neither length nor chunks", 0, raw("HTTP/1.1", unframed)},
	{"a type and nothing else", 0, raw("HTTP/1.1", unframed, jsonLine)},
	{"length 0", 0, raw("HTTP/1.1", withLength)},
	{"length 0 of JSON", 0, raw("HTTP/1.1", withLength, jsonLine)},
	{"length 0 of text", 0, raw("HTTP/1.1", withLength, "Content-Type: text/plain;charset=latin1")},
	{"no chunks", 0, raw("HTTP/1.1", inChunks)},
	{"no chunks of JSON", 0, raw("HTTP/1.1", inChunks, jsonLine)},
	{"no chunks of text", 0, raw("HTTP/1.1", inChunks, "Content-Type: text/plain")},
	{"no chunks, compressed", 0, raw("HTTP/1.1", inChunks, "Content-Encoding: gzip")},
	{"no chunks, asking first", 0, raw("HTTP/1.1", inChunks, "Expect: 100-continue")},
	{"length 0, asking first", 0, raw("HTTP/1.1", withLength, "Expect: 100-continue")},
	{"HTTP/1.0", 0, raw("HTTP/1.0", unframed)},
	{"HTTP/1.0 and length 0", 0, raw("HTTP/1.0", withLength)},
	{"HTTP/2 without data", 0, overHTTP2(true)},
	{"HTTP/2 with empty data", 0, overHTTP2(false)},
	{"HTTP/2 with empty data of text", 0, overHTTP2(false, "Content-Type", "text/plain")},
}

// written are ways to write that there is no body, which axios has, where there need be none.
var written = []framing{
	{"null", 0, raw("HTTP/1.1", func(string) string { return withLength("null") }, jsonLine)},
	{"null in chunks", 0, raw("HTTP/1.1", func(string) string { return inChunks("null") }, jsonLine)},
	{"an empty string", 0, raw("HTTP/1.1", func(string) string { return withLength(`""`) }, jsonLine)},
}

// bodied are ways to send a body, and ways to send one that can't be read.
var bodied = []framing{
	{"length", 0, raw("HTTP/1.1", withLength, jsonLine)},
	{"chunks", 0, raw("HTTP/1.1", inChunks, jsonLine)},
	{"chunks, asking first", 0, raw("HTTP/1.1", inChunks, jsonLine, "Expect: 100-continue")},
	{"length, asking first", 0, raw("HTTP/1.1", withLength, jsonLine, "Expect: 100-continue")},
	{"HTTP/1.0", 0, raw("HTTP/1.0", withLength, jsonLine)},
	{"HTTP/2 with length", 0, overHTTP2(true, "Content-Type", "application/json")},
	{"HTTP/2 without length", 0, overHTTP2(false, "Content-Type", "application/json")},
	{"a byte order mark", 0, raw("HTTP/1.1", withBOM, jsonLine)},
	{"charset=utf8", 0, raw("HTTP/1.1", withLength, "Content-Type: application/json; charset=utf8")},
	{`charset="UTF-8"`, 0, raw("HTTP/1.1", inChunks, `Content-Type: application/json;charset="UTF-8"`)},
	{"charset=UTF_8", 0, raw("HTTP/1.1", withLength, "content-type: Application/JSON ; Charset=UTF_8 ;")},
	{"not encoded", 0, raw("HTTP/1.1", withLength, jsonLine, "Content-Encoding: identity")},
	{"charset=utf-16", 415, raw("HTTP/1.1", withLength, "Content-Type: application/json; charset=utf-16")},
	{"gzip", 415, raw("HTTP/1.1", gzipped, jsonLine, "Content-Encoding: gzip")},
	{"gzip in chunks", 415, raw("HTTP/1.1", gzippedChunks, jsonLine, "Content-Encoding: gzip")},
	{"gzip over HTTP/2", 415, overHTTP2(false, "Content-Type", "application/json", "Content-Encoding", "gzip")},
	{"no type", 415, raw("HTTP/1.1", withLength)},
	{"no type in chunks", 415, raw("HTTP/1.1", inChunks)},
	{"text", 415, raw("HTTP/1.1", inChunks, "Content-Type: text/plain")},
}

// signInBodies are bodies for the routes that need no token: what comes of them doesn't depend on who came before.
var signInBodies = map[string]string{
	"POST /api/auth/register": `{"name":"x","email":"no address","password":"long enough"}`,
	"POST /api/auth/login":    `{"email":"nobody@example.com","password":"long enough"}`,
	"POST /api/auth/refresh":  `{"refreshToken":"x"}`,
	"POST /api/auth/logout":   `{"refreshToken":"x"}`,
}

// TestARequestIsTheSameHoweverItIsFramed is generated from the router: each route that writes is sent each body it takes,
// and none, in every way there is, by somebody of its own each time.
func TestARequestIsTheSameHoweverItIsFramed(t *testing.T) {
	t.Parallel()
	f := newFramed(t, openSQLite(t))
	var someone, sent atomic.Int64
	prepare := func(t *testing.T, route httpapi.Route) request {
		t.Helper()
		r := f.prepare(t, fmt.Sprintf("somebody%d", someone.Add(1)), route).request
		if !route.Secured {
			r.user, r.body = "", signInBodies[route.Method+" "+route.Path]
		}
		return r
	}
	t.Cleanup(func() { // when all routes are through
		if n := sent.Load(); n < 500 {
			t.Errorf("only %d requests were sent", n)
		}
	})
	for _, route := range f.api.Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		t.Run(route.Method+" "+route.Path, func(t *testing.T) {
			t.Parallel() // some wait: a sign-in isn't refused at once
			for _, body := range []bool{false, true} {
				plain, framings := prepare(t, route), bodied
				if !body {
					plain.body, framings = "", bodiless
				} else if plain.body == "" {
					continue
				}
				want := f.do(t, plain)
				if !body && want.status != http.StatusBadRequest {
					framings = slices.Concat(bodiless, written)
				}
				for _, framing := range framings {
					r := prepare(t, route)
					if !body {
						r.body = ""
					}
					status := framing.want
					if status == 0 {
						status = want.status
					}
					got := framing.send(t, f, r)
					if sent.Add(1); got.status != status || got.status >= 500 {
						t.Errorf("%s, body %v: %d, want %d: %s", framing.name, body, got.status, status, got.body)
					}
				}
			}
		})
	}
}

// TestARepetitionMayBeFramedOtherwise: the same key, the same body, another connection: it is the same request.
func TestARepetitionMayBeFramedOtherwise(t *testing.T) {
	t.Parallel()
	f := newFramed(t, openSQLite(t))
	for i, lines := range [][]string{{jsonLine}, {jsonLine, "Expect: 100-continue"}} {
		key := fmt.Sprintf("Idempotency-Key: key-%d", i)
		r := request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`}
		first := raw("HTTP/1.1", withLength, append(lines, key)...)(t, f, r).want(t, http.StatusCreated)
		again := raw("HTTP/1.1", inChunks, append(lines, key)...)(t, f, r).want(t, http.StatusCreated)
		if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
	}
	task := f.createTodo(t, "ada", `{"title":"x"}`)
	toggle := request{method: "PATCH", path: fmt.Sprintf("/api/todos/%v/complete", task["id"]), user: "ada"}
	for i, frame := range []func(string) string{unframed, inChunks, withLength} {
		a := raw("HTTP/1.1", frame, "Idempotency-Key: toggle")(t, f, toggle).want(t, http.StatusOK)
		if !strings.Contains(a.body, `"completed":true`) || (a.header.Get("Idempotency-Replayed") == "true") != (i > 0) {
			t.Errorf("%d: %v %s", i, a.header, a.body)
		}
	}
}

// TestHeadIsGetWithoutABody, for every route that is read.
func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	f := newFramed(t, openSQLite(t))
	asked := 0
	for _, route := range f.api.Routes() {
		if route.Method != http.MethodGet || route.Path == "/api/v1/events" {
			continue
		}
		get := f.prepare(t, "ada", route).request
		get.path = strings.Replace(get.path, "{key}", "none", 1)
		head := get
		head.method = http.MethodHead
		get.header = maps.Clone(get.header)
		if get.header == nil {
			get.header = map[string]string{}
		}
		get.header["Accept-Encoding"] = "identity" // as the requests below, which name none
		want := f.do(t, get)
		for name, send := range map[string]func(*testing.T, *framed, request) answer{
			"HTTP/1.1": raw("HTTP/1.1", unframed), "HTTP/1.0": raw("HTTP/1.0", unframed), "HTTP/2": overHTTP2(true),
		} {
			got := send(t, f, head)
			if asked++; got.status != want.status || got.body != "" || got.header.Get("Content-Type") != want.header.Get("Content-Type") ||
				got.header.Get("ETag") != want.header.Get("ETag") {
				t.Errorf("HEAD %s by %s: %d %v %q\nGET: %d %v", head.path, name, got.status, got.header, got.body, want.status, want.header)
			}
		}
	}
	if asked < 30 {
		t.Errorf("only %d requests were sent", asked)
	}
}
