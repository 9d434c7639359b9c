//go:build heavy

package test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"todod/test/tododtest"
)

// proxiedSecret signs the tokens of those who come through a proxy.
var proxiedSecret = strings.Repeat("between", 6)

// behind returns the environment of a todod in production behind a proxy on the same machine.
func behind(env []string) []string {
	database := "DATABASE_URL=sqlite:todod.db"
	if len(env) > 0 {
		database = env[0]
	}
	return []string{
		database, "APP_ENV=production", "AUTH_PROVIDER=local", "BETTER_AUTH_SECRET=" + proxiedSecret,
		"ALLOWED_ORIGINS=https://app.example.com", "TRUSTED_PROXIES=127.0.0.1",
	}
}

// inFront are the proxies, with the configurations of deploy for a host of todod's own.
var inFront = map[string]func(t *testing.T, url string) *proxy{
	"nginx":            func(t *testing.T, url string) *proxy { return startNginx(t, url, "deploy/nginx/todod.conf", nil) },
	"Caddy":            func(t *testing.T, url string) *proxy { return startCaddy(t, url, "deploy/caddy/Caddyfile", nil) },
	"Caddy of compose": func(t *testing.T, url string) *proxy { return startCaddy(t, url, "deploy/compose/Caddyfile", nil) },
}

// throughEach runs a test through each proxy and each version of HTTP, with a person of its own.
func throughEach(t *testing.T, todod *tododtest.Process, test func(t *testing.T, p *proxy, g *guest)) {
	for name, start := range inFront {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, todod.URL)
			for _, version := range []string{"HTTP1", "HTTP2"} {
				t.Run(version, func(t *testing.T) {
					person := signed(proxiedSecret, name+version)
					test(t, p, &guest{client: p.client(version == "HTTP2"), token: person, url: "https://" + proxiedHost})
				})
			}
		})
	}
}

// TestBehindAProxy: todod keeps its promises behind nginx and Caddy as they are set up in deploy.
func TestBehindAProxy(t *testing.T) {
	onBothStores(t, func(t *testing.T, folder string, env []string) {
		todod := tododtest.Start(t, folder, behind(env)...)
		throughEach(t, todod, func(t *testing.T, p *proxy, g *guest) {
			g.writeWithCare(t)
			g.comesByHTTPS(t)
			g.isKnown(t, todod)
			g.sendsMuch(t)
			g.keepsSecrets(t)
			g.followsOverAReload(t, p)
		})
	})
}

// unpacked returns the body of an answer in gzip.
func (r reply) unpacked(t *testing.T) string {
	t.Helper()
	if r.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("not compressed: %v", r.Header)
	}
	unzip, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// writeWithCare changes a task only as it was seen, whatever compresses answers, and repeats a write.
func (g *guest) writeWithCare(t *testing.T) {
	t.Helper()
	for _, length := range []int{1, 600, 1000} { // a proxy may compress what todod finds too short
		body := fmt.Sprintf(`{"title":"x","description":%q}`, strings.Repeat("x", length))
		made := g.ask(t, http.MethodPost, "/api/v1/tasks", body).want(t, "create", http.StatusCreated)
		path := made.Header.Get("Location")
		if !strings.HasPrefix(path, "/api/v1/tasks/") {
			t.Errorf("Location is %q", path)
		}
		tag := g.ask(t, http.MethodGet, path, "", "Accept-Encoding", "gzip").want(t, "read", http.StatusOK).Header.Get("ETag")
		g.ask(t, http.MethodGet, path, "", "Accept-Encoding", "gzip", "If-None-Match", tag).want(t, "read again", http.StatusNotModified)
		g.ask(t, http.MethodPatch, path, `{"title":"y"}`, "If-Match", tag).want(t, "change as seen", http.StatusOK)
		late := g.ask(t, http.MethodPatch, path, `{"title":"z"}`, "If-Match", tag).want(t, "change as no more", http.StatusPreconditionFailed)
		if !late.ours() || !strings.Contains(late.body, `"current":{`) {
			t.Errorf("412: %s", late.body)
		}
	}
	first := g.ask(t, http.MethodPost, "/api/v1/tasks", `{"title":"once"}`, "Idempotency-Key", "k").want(t, "once", http.StatusCreated)
	second := g.ask(t, http.MethodPost, "/api/v1/tasks", `{"title":"once"}`, "Idempotency-Key", "k").want(t, "again", http.StatusCreated)
	if second.body != first.body || second.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s\n%v %s", first.body, second.Header, second.body)
	}
	page := g.ask(t, http.MethodGet, "/api/v1/tasks?limit=1", "").want(t, "list", http.StatusOK)
	if link := page.Header.Get("Link"); !strings.HasPrefix(link, "</api/v1/tasks?") {
		t.Errorf("Link is %q", link)
	}
}

// comesByHTTPS is led there by one redirect, and refused if a token came without.
func (g *guest) comesByHTTPS(t *testing.T) {
	t.Helper()
	plain := strings.Replace(g.url, "https:", "http:", 1)
	led := g.ask(t, http.MethodGet, plain+"/docs?x=1", "", "Authorization", "").want(t, "plain HTTP", http.StatusPermanentRedirect)
	if to := led.Header.Get("Location"); to != g.url+"/docs?x=1" {
		t.Errorf("led to %q", to)
	}
	page := g.ask(t, http.MethodGet, led.Header.Get("Location"), "", "Authorization", "").want(t, "HTTPS", http.StatusOK)
	if page.Header.Get("Strict-Transport-Security") == "" || !strings.Contains(page.body, "swagger-ui") {
		t.Errorf("%v\n%s", page.Header, page.body)
	}
	if seen := g.ask(t, http.MethodGet, plain+"/api/v1/tasks", "").want(t, "a token by plain HTTP", http.StatusBadRequest); !seen.ours() {
		t.Errorf("%v\n%s", seen.Header, seen.body)
	}
}

// isKnown comes from its own address, whatever it says of itself.
func (g *guest) isKnown(t *testing.T, todod *tododtest.Process) {
	t.Helper()
	id := "from-" + strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())
	g.ask(t, http.MethodGet, "/api/v1/me", "", "X-Request-ID", id, "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "http").
		want(t, "with an address of its own choice", http.StatusOK)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(todod.Out.String()) {
			if !strings.Contains(line, `"request_id":"`+id+`"`) || !strings.Contains(line, `"logger":"todod.access"`) {
				continue
			}
			if !strings.Contains(line, `"client_ip":"127.0.7.0"`) {
				t.Errorf("todod takes it for another: %s", line)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no line of %s", id)
		}
	}
}

// padded returns a batch of one operation that is size bytes long.
func padded(size int) string {
	const begin, end = `{"atomic":true,"operations":[{"op":"create","task":{"title":"x"}}`, `]}`
	return begin + strings.Repeat(" ", size-len(begin)-len(end)) + end
}

// sendsMuch as far as todod takes it, and is refused by todod beyond.
func (g *guest) sendsMuch(t *testing.T) {
	t.Helper()
	g.ask(t, http.MethodPost, "/api/v1/tasks/batch", padded(1<<20)).want(t, "a batch of 1 MiB", http.StatusOK)
	for range 3 {
		for path, sizes := range map[string][]int{"/api/v1/tasks/batch": {1<<20 + 1, 2 << 20}, "/api/v1/tasks": {64<<10 + 1, 1 << 20, 2 << 20}} {
			for _, size := range sizes {
				if r := g.ask(t, http.MethodPost, path, padded(size)).want(t, fmt.Sprint(path, size), http.StatusRequestEntityTooLarge); !r.ours() {
					t.Errorf("%s, %d bytes: %s", path, size, r.body)
				}
			}
		}
	}
	long := "Bearer a.b." + strings.Repeat("c", 8<<10-4)
	if r := g.ask(t, http.MethodGet, "/api/v1/tasks", "", "Authorization", long).want(t, "a token of 8 KiB", http.StatusUnauthorized); !r.ours() {
		t.Errorf("a token of 8 KiB: %s", r.body)
	}
}

// keepsSecrets: no answer with a token in it is compressed, as its length would tell of it.
func (g *guest) keepsSecrets(t *testing.T) {
	t.Helper()
	email := strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()) + "@example.com"
	made := g.ask(t, http.MethodPost, "/api/auth/register", `{"name":"`+strings.Repeat("Ada ", 24)+`Ada","email":"`+email+`","password":"correct horse battery"}`,
		"Accept-Encoding", "gzip, zstd", "Authorization", "")
	if made.StatusCode >= 300 || made.Header.Get("Content-Encoding") != "" || len(made.body) < 512 {
		t.Errorf("status %d, %d bytes: %v", made.StatusCode, len(made.body), made.Header)
	}
}

// stream opens an event stream, and wants its hello within a second.
func (g *guest) stream(t *testing.T, lastID string) *tododtest.Listener {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer " + g.token}, "Accept-Encoding": {"gzip, zstd"}}
	if lastID != "" {
		header.Set("Last-Event-Id", lastID)
	}
	begun := time.Now()
	l, err := tododtest.Listen(t.Context(), g.client, g.url+"/api/v1/events", header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	if l.Answer.StatusCode != http.StatusOK || l.Answer.Header.Get("Content-Encoding") != "" {
		t.Fatalf("status %d, %v", l.Answer.StatusCode, l.Answer.Header)
	}
	for {
		e, err := l.Block()
		if err != nil {
			t.Fatal(err)
		}
		if e.Name == "hello" {
			break
		}
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("hello came after %s", took)
	}
	return l
}

// create makes a task and returns its version.
func (g *guest) create(t *testing.T) string {
	t.Helper()
	var task struct{ Version int }
	made := g.ask(t, http.MethodPost, "/api/v1/tasks", `{"title":"x"}`).want(t, "create", http.StatusCreated)
	if err := json.Unmarshal([]byte(made.body), &task); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(task.Version)
}

// wantNext fails the test unless the next event is the one with this id, and comes at once.
func wantNext(t *testing.T, l *tododtest.Listener, id string) {
	t.Helper()
	begun := time.Now()
	e, err := l.Next()
	if err != nil || e.ID != id {
		t.Fatalf("event %+v, want %s: %v", e, id, err)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("event %s came after %s", id, took)
	}
}

// follows hears of each change at once.
func (g *guest) follows(t *testing.T) *tododtest.Listener {
	t.Helper()
	l := g.stream(t, "")
	for range 3 {
		wantNext(t, l, g.create(t))
	}
	return l
}

// followsOverAReload of the proxy: nginx ends the stream then, in Caddy the person does, unless that is slow to hand on what
// comes: it closes what is left after a tenth of a second. It goes on where it was.
func (g *guest) followsOverAReload(t *testing.T, p *proxy) {
	t.Helper()
	l := g.follows(t)
	p.reload(t)
	g.client.CloseIdleConnections() // the proxy is about to close them, too
	if p.reloading == nil {
		for err := error(nil); err == nil; {
			_, err = l.Next()
		}
	}
	missed := []string{g.create(t)}
	if p.reloading != nil {
		if e, err := l.Next(); err == nil && e.ID == missed[0] {
			missed = nil
		}
	}
	l.Close()
	missed = append(missed, g.create(t))
	again := g.stream(t, l.LastID)
	for _, id := range missed {
		wantNext(t, again, id)
	}
	wantNext(t, again, g.create(t))
	again.Close()
}

// alone runs a test of one person through one proxy on SQLite.
func alone(t *testing.T, front func(t *testing.T, url string) *proxy, test func(t *testing.T, g *guest)) {
	t.Parallel()
	p := front(t, tododtest.Start(t, t.TempDir(), behind(nil)...).URL)
	test(t, &guest{client: p.client(true), token: signed(proxiedSecret, "ada"), url: "https://" + proxiedHost})
}

// TestBehindNginxThatSpeaksHTTP10: as it does unless it is told, until 1.29.7.
func TestBehindNginxThatSpeaksHTTP10(t *testing.T) {
	alone(t, func(t *testing.T, url string) *proxy {
		return startNginx(t, url, "deploy/nginx/todod.conf", edits{"proxy_http_version 1.1;", "", `proxy_set_header Connection "";`, ""})
	}, func(t *testing.T, g *guest) {
		g.writeWithCare(t)
		g.follows(t)
		g.sendsMuch(t)
	})
}

// TestBehindNginxThatCompresses: it makes entity tags weak, and streams stay as they are.
func TestBehindNginxThatCompresses(t *testing.T) {
	alone(t, func(t *testing.T, url string) *proxy {
		return startNginx(t, url, "deploy/nginx/todod.conf",
			edits{"gzip off;", "gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json text/event-stream;"})
	}, func(t *testing.T, g *guest) {
		made := g.ask(t, http.MethodPost, "/api/v1/tasks", `{"title":"x"}`).want(t, "create", http.StatusCreated)
		read := g.ask(t, http.MethodGet, made.Header.Get("Location"), "", "Accept-Encoding", "gzip").want(t, "read", http.StatusOK)
		if tag := read.Header.Get("ETag"); !strings.HasPrefix(tag, `W/"v`) || !strings.Contains(read.unpacked(t), `"title":"x"`) {
			t.Errorf("entity tag %s", tag)
		}
		g.writeWithCare(t)
	})
}

// TestBehindCaddyThatCompresses: of itself it leaves streams as they are.
func TestBehindCaddyThatCompresses(t *testing.T) {
	alone(t, func(t *testing.T, url string) *proxy {
		return startCaddy(t, url, "deploy/caddy/Caddyfile", edits{"\treverse_proxy", "\tencode zstd gzip\n\treverse_proxy"})
	}, func(t *testing.T, g *guest) {
		g.writeWithCare(t)
		g.follows(t)
	})
}

// TestAProxysPatience: heartbeats keep a stream that nothing happens in, where a proxy waits for little longer than the 15 s
// between two.
func TestAProxysPatience(t *testing.T) {
	alone(t, func(t *testing.T, url string) *proxy {
		return startNginx(t, url, "deploy/nginx/todod.conf", edits{"proxy_read_timeout 90s;", "proxy_read_timeout 17s;"})
	}, func(t *testing.T, g *guest) {
		l := g.stream(t, "")
		time.Sleep(19 * time.Second)
		wantNext(t, l, g.create(t))
	})
}

// TestUnderAPrefix: what todod calls a path is one of the proxy's by then.
func TestUnderAPrefix(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T, url string) *proxy{
		"nginx": func(t *testing.T, url string) *proxy { return startNginx(t, url, "deploy/nginx/prefix.conf", nil) },
		"Caddy": func(t *testing.T, url string) *proxy {
			return startCaddy(t, url, "deploy/caddy/prefix.Caddyfile", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t, start, func(t *testing.T, g *guest) { g.findsTheWay(t) })
		})
	}
}

// findsTheWay under /todo/ by what answers say.
func (g *guest) findsTheWay(t *testing.T) {
	t.Helper()
	root := g.url
	g.url = root + "/todo"
	made := g.ask(t, http.MethodPost, "/api/v1/tasks", `{"title":"x"}`).want(t, "create", http.StatusCreated)
	g.create(t)
	path := made.Header.Get("Location")
	if !strings.HasPrefix(path, "/todo/api/v1/tasks/") {
		t.Fatalf("Location is %q", path)
	}
	g.ask(t, http.MethodGet, root+path, "").want(t, path, http.StatusOK)
	link := g.ask(t, http.MethodGet, "/api/v1/tasks?limit=1", "").want(t, "list", http.StatusOK).Header.Values("Link")
	if len(link) != 1 || !strings.HasPrefix(link[0], "</todo/api/v1/tasks?") {
		t.Fatalf("Link is %q", link)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(link[0], "<"), ">")
	if last := g.ask(t, http.MethodGet, root+next, "").want(t, next, http.StatusOK); last.Header.Values("Link") != nil {
		t.Errorf("the last page has Link %q", last.Header.Values("Link"))
	}
	led := g.ask(t, http.MethodGet, strings.Replace(g.url, "https:", "http:", 1)+"/docs", "", "Authorization", "").
		want(t, "plain HTTP", http.StatusPermanentRedirect)
	if to := led.Header.Get("Location"); to != g.url+"/docs" {
		t.Errorf("led to %q", to)
	}
	if to := g.ask(t, http.MethodGet, "/redoc", "").Header.Get("Location"); to != "docs" {
		t.Errorf("redoc leads to %q", to)
	}
	page := g.ask(t, http.MethodGet, "/docs", "").want(t, "docs", http.StatusOK)
	for _, file := range []string{"docs/assets/swagger-ui-bundle.js", "docs/assets/init.js", "openapi.json"} {
		if !strings.Contains(page.body, `"`+file+`"`) {
			t.Errorf("the page doesn't name %s", file)
		}
		g.ask(t, http.MethodGet, "/"+file, "").want(t, file, http.StatusOK)
	}
	g.follows(t)
}

// TestATododThatIsAway: what todod says of itself arrives as it is; when it is gone the proxy speaks.
func TestATododThatIsAway(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	env := append(behind([]string{"DATABASE_URL=postgres://todod@127.0.0.1:1/todod"}), "API_PORT="+port)
	todod := tododtest.Run(t, tododtest.Command(t, t.TempDir(), env))
	guests := map[string]*guest{}
	for name, start := range inFront {
		p := start(t, "http://127.0.0.1:"+port)
		g := &guest{client: p.client(true), token: signed(proxiedSecret, "ada"), url: "https://" + proxiedHost}
		for deadline := time.Now().Add(10 * time.Second); g.ask(t, http.MethodGet, "/health", "").StatusCode != http.StatusOK; {
			if time.Sleep(50 * time.Millisecond); time.Now().After(deadline) {
				t.Fatalf("todod does not answer:\n%s", todod.Out)
			}
		}
		if r := g.ask(t, http.MethodGet, "/api/v1/tasks", "").want(t, name, http.StatusServiceUnavailable); !r.ours() || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v\n%s", name, r.Header, r.body)
		}
		guests[name] = g
	}
	todod.Signal(t, syscall.SIGTERM)
	for name, g := range guests {
		if r := g.ask(t, http.MethodGet, "/api/v1/tasks", "").want(t, name, http.StatusBadGateway); r.ours() {
			t.Errorf("%s: %s", name, r.body)
		}
	}
}
