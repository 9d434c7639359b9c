package docsui

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"todod/internal/httpapi/static"
)

// newServer serves Routes.
func newServer(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, handler := range Routes(`/openapi.json?a="b"`) {
		mux.Handle(pattern, handler)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// get returns the answer to GET url, its body read.
func get(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestPagesLoadOnlyWhatIsServed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	link := regexp.MustCompile(`(?:src|href)="(docs/[^"]*)"`)
	for _, page := range []string{"/docs", "/redoc"} { // which leads there
		res, body := get(t, server.URL+page)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("GET %s: %s, %s", page, res.Status, res.Header.Get("Content-Type"))
		}
		if !strings.Contains(body, `data-spec="/openapi.json?a=&#34;b&#34;"`) {
			t.Errorf("GET %s does not name the spec:\n%s", page, body)
		}
		links := link.FindAllStringSubmatch(body, -1)
		if len(links) != 5 {
			t.Errorf("GET %s links to %v, want 5 files", page, links)
		}
		for _, l := range links {
			if res, _ := get(t, server.URL+"/"+l[1]); res.StatusCode != http.StatusOK {
				t.Errorf("%s links to %s: %s", page, l[1], res.Status)
			}
		}
	}
}

func TestOwnFilesNameNoOtherServer(t *testing.T) {
	t.Parallel()
	pages := static.Files(ours)
	delete(pages, "icon.svg") // names its XML namespace
	pages["index.html"], pages["home.html"] = []byte(indexPage), []byte(homePage)
	for name, content := range pages {
		content := string(content)
		if strings.Contains(content, "//") && regexp.MustCompile(`(?i)https?:|["'(=]\s*//`).MatchString(content) {
			t.Errorf("%s loads something from elsewhere:\n%s", name, content)
		}
	}
	if !strings.Contains(string(pages["init.js"]), "validatorUrl: null") {
		t.Error("Swagger UI's validator is on: it sends the spec's address to another server")
	}
}

func TestPagesHaveNothingInline(t *testing.T) {
	t.Parallel()
	const want = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	res, body := get(t, newServer(t).URL+"/docs")
	if got := res.Header.Get("Content-Security-Policy"); got != want {
		t.Errorf("Content-Security-Policy: %s", got)
	}
	if regexp.MustCompile(`(?i)<script>|<script [^>]*>[^<]|\son[a-z]+=|javascript:|<style|\sstyle=`).MatchString(body) {
		t.Errorf("the page has something inline:\n%s", body)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for name, contentType := range map[string]string{
		"init.js":                          "text/javascript; charset=utf-8",
		"swagger-ui-bundle.js":             "text/javascript; charset=utf-8",
		"swagger-ui.css":                   "text/css; charset=utf-8",
		"docs.css":                         "text/css; charset=utf-8",
		"home.css":                         "text/css; charset=utf-8",
		"icon.svg":                         "image/svg+xml",
		"LICENSE":                          "text/plain; charset=utf-8",
		"NOTICE":                           "text/plain; charset=utf-8",
		"swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
	} {
		url := server.URL + "/docs/assets/" + name
		res, body := get(t, url)
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != contentType || body == "" {
			t.Errorf("GET %s: %s, %s, %d bytes", name, res.Status, res.Header.Get("Content-Type"), len(body))
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=3600" {
			t.Errorf("GET %s: Cache-Control: %s", name, got)
		}
		if res, _ := get(t, url, "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
			t.Errorf("GET %s with its ETag: %s, want 304", name, res.Status)
		}
		if res, _ := get(t, url, "If-None-Match", `"other"`); res.StatusCode != http.StatusOK {
			t.Errorf("GET %s with another ETag: %s, want 200", name, res.Status)
		}
	}
	for _, path := range []string{"/docs/assets/", "/docs/assets/index.html", "/docs/assets/../docsui.go", "/docs/"} {
		if res, _ := get(t, server.URL+path); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s, want 404", path, res.Status)
		}
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	state := State{Version: "v1.2.3", Ready: true, Origin: `http://"><script>`}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", Home(func(*http.Request) State { return state }))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	page, body := get(t, server.URL, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if page.Header.Get("Content-Type") != "text/html; charset=utf-8" || page.Header.Get("Content-Security-Policy") != homePolicy {
		t.Errorf("a browser gets %v", page.Header)
	}
	for _, want := range []string{"v1.2.3", ">ready<", `href="docs"`, `href="openapi.json"`, `id="security"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=`).MatchString(body) {
		t.Errorf("the page has something inline:\n%s", body)
	}
	for _, accept := range []string{"*/*", "application/json", "", "text/html;q=0"} {
		answer, body := get(t, server.URL, "Accept", accept)
		var links struct {
			Version string
			Ready   bool
			Links   map[string]string
		}
		if err := json.Unmarshal([]byte(body), &links); err != nil || !links.Ready || links.Version != "v1.2.3" || links.Links["docs"] != "/docs" {
			t.Errorf("Accept: %s gets %s (%v)", accept, body, err)
		}
		if answer.Header.Get("Vary") != "Accept" || answer.Header.Get("Content-Type") != "application/json" {
			t.Errorf("Accept: %s gets %v", accept, answer.Header)
		}
	}
	state.Ready = false
	if _, body := get(t, server.URL, "Accept", "text/html"); !strings.Contains(body, "not ready") {
		t.Error("a page says that a server is ready that isn't")
	}
}

func TestWhatIsAskedForUnasked(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for path, contentType := range map[string]string{"/favicon.ico": "image/x-icon", "/robots.txt": "text/plain; charset=utf-8"} {
		if res, body := get(t, server.URL+path); res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != contentType || body == "" {
			t.Errorf("GET %s: %s, %s", path, res.Status, res.Header.Get("Content-Type"))
		}
	}
}
