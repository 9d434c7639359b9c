//go:build heavy

package test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"todod/test/tododtest"
)

const (
	proxiedHost = "todo.example.com" // as the configurations in deploy have it
	visitor     = "127.0.7.2"        // where the proxies' clients come from; the proxies themselves are at 127.0.0.1
)

// A proxy is nginx or Caddy in front of a todod, with a configuration of deploy.
type proxy struct {
	*tododtest.Process
	plain, secure string // where it listens
	trusts        *x509.CertPool
	reloading     []string // the command that has it load its configuration anew, nil for a SIGHUP
}

// edits are what a test changes in a configuration of deploy, each a text and what takes its place.
type edits []string

// apply changes text. Each edit has to find something.
func (e edits) apply(t *testing.T, file, text string) string {
	t.Helper()
	for i := 0; i < len(e); i += 2 {
		if !strings.Contains(text, e[i]) {
			t.Fatalf("%s has no %q", file, e[i])
		}
		text = strings.ReplaceAll(text, e[i], e[i+1])
	}
	return text
}

// nginxMain is what stands around a site's configuration.
const nginxMain = `daemon off;
pid nginx.pid;
worker_processes 2;
worker_shutdown_timeout 1s;
error_log stderr notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include site.conf;
}
`

// startNginx starts nginx with a file of deploy in front of the todod at url.
func startNginx(t *testing.T, url, file string, changes edits) *proxy {
	t.Helper()
	folder := t.TempDir()
	p := &proxy{plain: "127.0.0.1:" + freePort(t), secure: "127.0.0.1:" + freePort(t)}
	put := p.home(t, &folder)
	site := edits{
		"127.0.0.1:8000", strings.TrimPrefix(url, "http://"), "listen 80;", "listen " + p.plain + ";", "listen 443 ", "listen " + p.secure + " ",
		"/etc/nginx/todod.crt", folder + "/crt", "/etc/nginx/todod.key", folder + "/key",
	}
	put("site.conf", append(site, changes...).apply(t, file, mustRead(t, file)))
	put("nginx.conf", nginxMain)
	p.start(t, folder, "nginx", "-p", folder, "-c", folder+"/nginx.conf")
	return p
}

// replicasByName is how compose.yaml's Caddy finds the replicas.
var replicasByName = regexp.MustCompile(`(?s)dynamic a \{.*?\n\t\t\}`)

// startCaddy starts Caddy with a file of deploy in front of the todod at url.
func startCaddy(t *testing.T, url, file string, changes edits) *proxy {
	t.Helper()
	folder := t.TempDir()
	p := &proxy{plain: "127.0.0.1:" + freePort(t), secure: "127.0.0.1:" + freePort(t)}
	put := p.home(t, &folder)
	_, plain, _ := net.SplitHostPort(p.plain)
	_, secure, _ := net.SplitHostPort(p.secure)
	admin := "localhost:" + freePort(t)
	text := mustRead(t, file)
	if strings.Contains(text, "$DOMAIN") { // the one of compose.yaml
		text = replicasByName.ReplaceAllString(strings.ReplaceAll(text, "{$DOMAIN:localhost}", proxiedHost), "to 127.0.0.1:8000")
	}
	site := edits{
		"127.0.0.1:8000", strings.TrimPrefix(url, "http://"),
		"\tgrace_period 10s", "\tgrace_period 1s\n\tadmin " + admin + "\n\thttp_port " + plain + "\n\thttps_port " + secure,
		"https://" + proxiedHost + " {", "https://" + proxiedHost + " {\n\tbind 127.0.0.1\n\ttls " + folder + "/crt " + folder + "/key",
		"http://" + proxiedHost + " {", "http://" + proxiedHost + " {\n\tbind 127.0.0.1",
	}
	put("Caddyfile", append(site, changes...).apply(t, file, text))
	p.start(t, folder, "caddy", "run", "--config", folder+"/Caddyfile")
	p.reloading = []string{"caddy", "reload", "--force", "--config", folder + "/Caddyfile", "--address", admin}
	return p
}

// home makes the folder of a proxy, with a certificate, and returns what puts a file there. The user that the proxy runs as
// may not be able to enter the test's own.
func (p *proxy) home(t *testing.T, folder *string) (put func(name, text string)) {
	t.Helper()
	var err error
	if *folder, err = os.MkdirTemp("", "todod-proxy-"); err != nil { //nolint:usetesting // in a folder that only root may enter
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(*folder) })
	put = func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(*folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{proxiedHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	crt := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	put("crt", string(crt))
	put("key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	p.trusts = x509.NewCertPool()
	p.trusts.AppendCertsFromPEM(crt)
	return put
}

// program returns where a proxy's program is, as scripts/ensure-proxies.sh brings it.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, folder := range []string{"/usr/sbin", "../bin"} {
		path, err := filepath.Abs(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("there is no %s: run scripts/ensure-proxies.sh, or make test", name)
	return ""
}

// start runs a proxy until the test ends, as nobody if the test is root's, and returns when it answers.
func (p *proxy) start(t *testing.T, folder, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), program(t, name), args...)
	cmd.Dir = folder
	cmd.Env = []string{"HOME=" + folder, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() == 0 {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(nobody.Uid) // numbers on this system
		gid, _ := strconv.Atoi(nobody.Gid)
		if err := os.Chown(folder, uid, gid); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		cmd.Path = filepath.Join(folder, name) // a repository in root's home is closed to nobody
		// Not by this process: what it starts meanwhile would hold the file open, which could not be executed then.
		if out, err := exec.CommandContext(t.Context(), "cp", program(t, name), cmd.Path).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	running := make(chan *tododtest.Process)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // Pdeathsig counts from the end of the thread that started it
		running <- tododtest.Run(t, cmd)
		<-t.Context().Done()
	}()
	select {
	case p.Process = <-running:
	case <-ended:
		t.FailNow()
	}
	t.Cleanup(func() {
		p.Signal(t, syscall.SIGTERM) // and nginx its workers
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.Out)
		}
	})
	client := p.client(false)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		resp, err := send(client, http.MethodGet, "https://"+proxiedHost+"/", "", "")
		if err == nil && resp.StatusCode > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v\n%s", name, err, p.Out)
		}
	}
}

// reload has the proxy load its configuration anew.
func (p *proxy) reload(t *testing.T) {
	t.Helper()
	if p.reloading == nil {
		if err := p.Process.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), program(t, p.reloading[0]), p.reloading[1:]...)
	cmd.Env = []string{"HOME=" + filepath.Dir(p.reloading[4])}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// client returns a client of the host that the configurations name, from the visitor's address, by HTTP/1.1 or HTTP/2. It
// follows no redirects and unpacks nothing.
func (p *proxy) client(http2 bool) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(visitor)}}
	return &http.Client{
		Timeout: 40 * time.Second,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to := p.plain
				if strings.HasSuffix(address, ":443") {
					to = p.secure
				}
				return dialer.DialContext(ctx, network, to)
			},
			TLSClientConfig:    &tls.Config{RootCAs: p.trusts, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:  http2,
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// A guest is a person who uses todod through a proxy.
type guest struct {
	client *http.Client
	token  string
	url    string // https://todo.example.com, and a prefix
}

// A reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

// ask sends a request with these headers, pairs of name and value.
func (g *guest) ask(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = g.url + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	resp, err := g.client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp, string(text)}
}

// want fails the test unless the answer has this status.
func (r reply) want(t *testing.T, what string, status int) reply {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("%s: status %d, want %d: %v\n%.500s", what, r.StatusCode, status, r.Header, r.body)
	}
	return r
}

// ours reports whether an answer is a refusal in todod's form.
func (r reply) ours() bool {
	return r.Header.Get("X-Request-Id") != "" && strings.Contains(r.body, `"error_code":"`) && strings.Contains(r.body, `"request_id":"`)
}
