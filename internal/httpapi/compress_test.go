package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// asking sends a request of ada's that takes these encodings, and returns the answer as it was sent.
func (s *server) asking(t testing.TB, method, path, encodings string, header ...string) answer {
	t.Helper()
	r := request{method: method, path: path, user: "ada", header: map[string]string{"Accept-Encoding": encodings}}
	for i := 0; i+1 < len(header); i += 2 {
		r.header[header[i]] = header[i+1]
	}
	return s.do(t, r)
}

// decompressed returns the body of an answer.
func decompressed(t testing.TB, a answer) string {
	t.Helper()
	var r io.Reader = strings.NewReader(a.body)
	switch a.header.Get("Content-Encoding") {
	case "gzip":
		unzip, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = unzip
	case "zstd":
		decoder, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		r = decoder
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fill gives ada n tasks with descriptions.
func (s *server) fill(t testing.TB, n int) {
	t.Helper()
	for first := 0; first < n; first += 100 {
		var body bytes.Buffer
		for i := first; i < min(first+100, n); i++ {
			fmt.Fprintf(&body, `,{"op":"create","task":{"title":"Task number %d of many","description":"%s"}}`, i, words(i))
		}
		a := s.as(t, "ada", "POST", "/api/v1/tasks/batch", `{"atomic":true,"operations":[`+body.String()[1:]+`]}`)
		a.want(t, http.StatusOK)
	}
}

// words returns a sentence, another one for each i.
func words(i int) string {
	vocabulary := strings.Fields("pay rent call mother buy milk fix bicycle read book write letter water plants clean kitchen")
	var sentence []string
	for n := range 12 {
		sentence = append(sentence, vocabulary[(i*7+n*(i%5+1))%len(vocabulary)])
	}
	return strings.Join(sentence, " ")
}

// TestAnswersAreCompressed: in what the client takes, from a kilobyte on, each with an entity tag of its own that is as good
// as any other in a condition.
func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.fill(t, 30)
	plain := s.asking(t, "GET", "/api/v1/tasks", "identity").want(t, http.StatusOK)
	tag := strings.TrimSuffix(plain.header.Get("ETag"), `"`)
	if got := s.asking(t, "GET", "/api/v1/tasks", "").want(t, http.StatusOK).header.Get("Content-Length"); got != fmt.Sprint(len(plain.body)) {
		t.Errorf("not complete before it is sent: Content-Length %q", got)
	}
	if tag == "" || plain.header.Get("Content-Encoding") != "" {
		t.Fatalf("plain: %v", plain.header)
	}
	for accepted, want := range map[string]string{
		"gzip": "gzip", "zstd": "zstd", "gzip, deflate, br, zstd": "zstd", "gzip;q=1, zstd;q=0.5": "gzip", "GZIP": "gzip",
		"br": "", "identity": "", "gzip;q=0": "", "zstd;q=0, gzip;q=0.1": "gzip",
	} {
		a := s.asking(t, "GET", "/api/v1/tasks", accepted).want(t, http.StatusOK)
		wantTag := tag + `"`
		if want != "" {
			wantTag = tag + "-" + want + `"`
		}
		if got := a.header.Get("Content-Encoding"); got != want || a.header.Get("ETag") != wantTag {
			t.Errorf("%s: Content-Encoding %q, ETag %s, want %q, %s", accepted, got, a.header.Get("ETag"), want, wantTag)
		}
		if decompressed(t, a) != plain.body || want != "" && len(a.body)*3 > len(plain.body) {
			t.Errorf("%s: %d of %d bytes, as they were: %v", accepted, len(a.body), len(plain.body), decompressed(t, a) == plain.body)
		}
		if !slices.Contains(a.header.Values("Vary"), "Accept-Encoding") || a.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
			t.Errorf("%s: %v", accepted, a.header)
		}
		again := s.asking(t, "GET", "/api/v1/tasks", accepted, "If-None-Match", a.header.Get("ETag")).want(t, http.StatusNotModified)
		if again.header.Get("ETag") != wantTag || again.header.Get("Content-Encoding") != "" || again.body != "" {
			t.Errorf("%s, again: %v", accepted, again.header)
		}
	}
	for _, accepted := range []string{"zstd;q=0", "gzip, zstd; q=0.0"} {
		named := tag + `-zstd"`
		again := s.asking(t, "GET", "/api/v1/tasks", accepted, "If-None-Match", named).want(t, http.StatusNotModified)
		if got := again.header.Get("ETag"); got == named {
			t.Errorf("%s: ETag %s", accepted, got)
		}
	}
	if head := s.asking(t, "HEAD", "/api/v1/tasks", "gzip").want(t, http.StatusOK); head.header.Get("Content-Encoding") != "" {
		t.Errorf("HEAD: %v", head.header)
	}
}

// TestAWriteTakesTheTagOfACompressedAnswer.
func TestAWriteTakesTheTagOfACompressedAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	task := s.create(t, "ada", `{"title":"x","description":"`+strings.Repeat("long ", 190)+`"}`)
	for _, encoding := range []string{"gzip", "zstd"} {
		a := s.asking(t, "GET", path(task), encoding).want(t, http.StatusOK)
		tag := a.header.Get("ETag")
		if !strings.HasSuffix(tag, "-"+encoding+`"`) {
			t.Fatalf("ETag %s", tag)
		}
		s.asking(t, "PATCH", path(task)+"/toggle", encoding, "If-Match", tag).want(t, http.StatusOK)
		late := s.asking(t, "PATCH", path(task)+"/toggle", encoding, "If-Match", tag).want(t, http.StatusPreconditionFailed)
		if late.header.Get("Content-Encoding") != encoding || !strings.Contains(decompressed(t, late), `"current"`) {
			t.Errorf("412: %v", late.header)
		}
	}
}

// TestWhatIsNotCompressed: what is short, secret, or a stream.
func TestWhatIsNotCompressed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	s.fill(t, 30)
	for _, c := range []struct{ method, path string }{
		{"GET", "/api/v1/tasks?limit=1"}, {"GET", "/health"}, {"GET", "/api/v1/events?since=0"}, {"GET", "/api/v1/me/export"},
		{"POST", "/api/v1/events/ticket"}, {"GET", "/nothing"}, {"DELETE", "/docs"},
	} {
		a := s.asking(t, c.method, c.path, "gzip, zstd")
		if got := a.header.Get("Content-Encoding"); got != "" || a.body == "" {
			t.Errorf("%s %s: Content-Encoding %q, %d bytes", c.method, c.path, got, len(a.body))
		}
	}
	register := s.do(t, request{
		method: "POST", path: "/api/auth/register", header: map[string]string{"Accept-Encoding": "gzip"},
		body: `{"name":"` + strings.Repeat("Ada", 60) + `","email":"ada@example.com","password":"correct horse"}`,
	}).want(t, http.StatusCreated)
	if len(register.body) < 1024 || register.header.Get("Content-Encoding") != "" {
		t.Errorf("a token in %d bytes: %v", len(register.body), register.header)
	}
}

// TestFilesComeCompressed: the documentation's, of which the largest has more than a megabyte.
func TestFilesComeCompressed(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for _, file := range []string{"/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css", "/openapi.json", "/openapi-3.0.json"} {
		plain, zipped := s.asking(t, "GET", file, "identity").want(t, http.StatusOK), s.asking(t, "GET", file, "gzip, zstd").want(t, http.StatusOK)
		if zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body)*3 > len(plain.body) || decompressed(t, zipped) != plain.body {
			t.Errorf("%s: %d of %d bytes, %v", file, len(zipped.body), len(plain.body), zipped.header)
		}
		for _, a := range []answer{plain, zipped} {
			if !slices.Contains(a.header.Values("Vary"), "Accept-Encoding") || a.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
				t.Errorf("%s: %v", file, a.header)
			}
		}
		if plain.header.Get("ETag") == zipped.header.Get("ETag") {
			t.Errorf("%s has one tag: %v", file, plain.header)
		}
		again := s.asking(t, "GET", file, "gzip", "If-None-Match", zipped.header.Get("ETag")).want(t, http.StatusNotModified)
		if again.header.Get("ETag") != zipped.header.Get("ETag") {
			t.Errorf("%s, again: %v", file, again.header)
		}
	}
}
