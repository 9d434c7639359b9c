package httpapi_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"todod/internal/auth"
	"todod/internal/httpapi"
	"todod/internal/pgtest"
	"todod/internal/ratelimit"
)

// loopback are the proxies that tests believe.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// fewSignIns returns what makes an API take n sign-ins an hour and believe in where requests say they come from.
func fewSignIns(n int) func(*httpapi.Config) {
	hourly := func(n int) ratelimit.Rate { return ratelimit.Rate{Quota: n, Window: time.Hour} }
	return func(cfg *httpapi.Config) {
		cfg.Limits = httpapi.Limits{
			Source: ratelimit.NewMemory(time.Now, 1000), Authenticated: hourly(1000), Anonymous: hourly(5), SignIn: hourly(n),
		}
		cfg.TrustedProxies = loopback
	}
}

// from sends a sign-in of an address from a machine.
func (s *server) from(t *testing.T, machine, path, body string) answer {
	t.Helper()
	return s.do(t, request{method: "POST", path: path, body: body, header: map[string]string{"X-Forwarded-For": machine}})
}

func TestSignInsAreLimited(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(3))
	ada := credentials("ada@example.com", "not the password")
	for i := range 3 {
		a := s.from(t, "192.0.2.1", "/api/auth/login", ada).want(t, http.StatusUnauthorized)
		if got := a.header.Get("RateLimit"); !strings.HasPrefix(got, fmt.Sprintf(`"sign-in";r=%d;`, 2-i)) {
			t.Errorf("RateLimit %s", got)
		}
	}
	for _, spelling := range []string{"ada@example.com", " ADA@example.com"} {
		a := s.from(t, "192.0.2.1", "/auth/login/", credentials(spelling, "not the password")).want(t, http.StatusTooManyRequests)
		if a.header.Get("Retry-After") == "" || a.header.Get("RateLimit-Policy") != `"sign-in";q=3;w=3600` {
			t.Errorf("headers %v", a.header)
		}
		if p := decode[object](t, a); p["error_code"] != "RATE_LIMIT_EXCEEDED" || p["message"] == "" {
			t.Errorf("got %s", a.body)
		}
	}
	body := `{"name":"x","email":"ada@example.com","password":"long enough"}`
	s.from(t, "192.0.2.1", "/api/auth/register", body).want(t, http.StatusTooManyRequests) // one limit for both

	s.from(t, "192.0.2.1", "/api/auth/login", credentials("eve@example.com", "x")).want(t, http.StatusUnauthorized)
	s.from(t, "192.0.2.2", "/api/auth/login", ada).want(t, http.StatusUnauthorized) // nobody is locked out by another
	if log := s.log.String(); strings.Contains(log, "ada@") || strings.Contains(log, "not the password") {
		t.Errorf("the log tells too much: %s", log)
	}
}

// TestOneMachineTriesManyAddresses: ten times as many as one, and then none.
func TestOneMachineTriesManyAddresses(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	for i := range 10 {
		s.from(t, "192.0.2.1", "/api/auth/login", credentials(fmt.Sprintf("%d", i), "x")).want(t, http.StatusUnauthorized)
	}
	a := s.from(t, "192.0.2.1", "/api/auth/login", credentials("another", "x")).want(t, http.StatusTooManyRequests)
	if a.header.Get("RateLimit-Policy") != `"sign-in-address";q=10;w=3600` {
		t.Errorf("headers %v", a.header)
	}
	// What is read of it doesn't matter: it isn't.
	s.from(t, "192.0.2.1", "/api/auth/login", "{").want(t, http.StatusTooManyRequests)
	s.from(t, "192.0.2.1", "/api/auth/refresh", refreshBody("x")).want(t, http.StatusUnauthorized)
}

// TestManyMachinesTryOneAddress: ten times as many as one, and what one of them is refused doesn't count.
func TestManyMachinesTryOneAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	ada := credentials("ada", "x")
	for machine := range 10 {
		for try := range 2 {
			want := http.StatusUnauthorized
			if try >= 1 {
				want = http.StatusTooManyRequests
			}
			s.from(t, fmt.Sprintf("192.0.2.%d", machine), "/api/auth/login", ada).want(t, want)
		}
	}
	a := s.from(t, "198.51.100.1", "/api/auth/login", ada).want(t, http.StatusTooManyRequests)
	if a.header.Get("RateLimit-Policy") != `"sign-in-email";q=10;w=3600` || a.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", a.header)
	}
	s.from(t, "198.51.100.1", "/api/auth/login", credentials("eve", "x")).want(t, http.StatusUnauthorized)
}

// TestNobodyIsLockedOutAtHome: when an e-mail address has been tried from everywhere, who signed in by it before still gets
// in from where they did, by a server that was just started. Everybody else is answered as if there were no such network,
// whether or not they know the password, and so is whoever guesses it at that place.
func TestNobodyIsLockedOutAtHome(t *testing.T) {
	t.Parallel()
	for name, open := range everyStore {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			const ada, home, wrong = "ada@example.com", "198.51.100.1", "not the password"
			before := newServer(t, store, fewSignIns(3))
			body := fmt.Sprintf(`{"name":"Ada","email":%q,"password":%q}`, ada, goodPassword)
			before.from(t, home, "/api/auth/register", body).want(t, http.StatusCreated)
			s := newServer(t, store, fewSignIns(3))
			tries := make(chan int, 60)
			for i := range cap(tries) {
				tries <- i
			}
			close(tries)
			var all sync.WaitGroup
			var tooMany atomic.Int32
			for range 10 {
				all.Go(func() {
					for i := range tries {
						a := s.from(t, fmt.Sprintf("10.0.%d.1", i%30), "/api/auth/login", credentials(ada, wrong))
						if a.status == http.StatusTooManyRequests {
							tooMany.Add(1)
						}
					}
				})
			}
			all.Wait()
			if tooMany.Load() != 30 {
				t.Errorf("%d of 60 tries were too many", tooMany.Load())
			}
			s.from(t, home, "/api/auth/login", credentials(" ADA@example.com", goodPassword)).want(t, http.StatusOK)
			form := request{
				method: "POST", path: "/api/auth/token", body: "username=ada%40example.com&password=" + url.QueryEscape(goodPassword),
				header: map[string]string{"X-Forwarded-For": home, "Content-Type": "application/x-www-form-urlencoded"},
			}
			s.do(t, form).want(t, http.StatusOK)

			var answers []string
			for _, c := range []struct{ machine, password string }{{home, wrong}, {"198.51.100.2", wrong}, {"198.51.100.3", goodPassword}} {
				a := s.from(t, c.machine, "/api/auth/login", credentials(ada, c.password)).want(t, http.StatusTooManyRequests)
				p := decode[object](t, a)
				if a.header.Get("RateLimit-Policy") != `"sign-in-email";q=30;w=3600` {
					t.Errorf("%s: headers %v", c.machine, a.header)
				}
				answers = append(answers, fmt.Sprint(p["detail"], p["error_code"], p["title"], slices.Sorted(maps.Keys(p))))
			}
			if answers[0] != answers[1] || answers[1] != answers[2] {
				t.Errorf("the answers are\n%s", strings.Join(answers, "\n"))
			}
			a := s.from(t, home, "/api/auth/login", credentials(ada, goodPassword)).want(t, http.StatusTooManyRequests)
			if a.header.Get("RateLimit-Policy") != `"sign-in";q=3;w=3600` {
				t.Errorf("the limit of the pair doesn't hold: %v", a.header)
			}
		})
	}
}

// TestATokenAsksForNoMoreAddressesThanARegistration: whether one is taken shows in a change of it, too. A name is free.
func TestATokenAsksForNoMoreAddressesThanARegistration(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	machine := map[string]string{"X-Forwarded-For": "192.0.2.1"}
	ada := s.register(t, "ada@example.com")
	change := func(body string) answer {
		machine["Authorization"] = "Bearer " + ada.Token
		return s.do(t, request{method: "PATCH", path: "/api/v1/me", body: body, header: machine})
	}
	for i := range 10 {
		change(fmt.Sprintf(`{"email":"%d@example.com"}`, i)).want(t, http.StatusOK)
	}
	a := change(`{"email":"another@example.com"}`).want(t, http.StatusTooManyRequests)
	if a.header.Get("RateLimit-Policy") != `"sign-in-address";q=10;w=3600` {
		t.Errorf("headers %v", a.header)
	}
	s.from(t, "192.0.2.1", "/api/auth/login", credentials("eve@example.com", "x")).want(t, http.StatusTooManyRequests) // one limit for both
	change(`{"name":"Countess"}`).want(t, http.StatusOK)

	machine["X-Forwarded-For"] = "192.0.2.2"
	change(`{"email":"one@example.com"}`).want(t, http.StatusOK)
	change(`{"email":"One@example.com"}`).want(t, http.StatusTooManyRequests)
}

// TestAPasswordIsNotFoundOutWithAToken: whoever has found one has three tries, from wherever they come.
func TestAPasswordIsNotFoundOutWithAToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(3))
	ada := s.register(t, "ada@example.com")
	for i := range 4 {
		a := s.with(t, ada.Token, "POST", "/api/auth/change-password", `{"currentPassword":"x","newPassword":"another password"}`)
		if (a.status == http.StatusTooManyRequests) != (i == 3) {
			t.Errorf("try %d: %d", i, a.status)
		}
	}
}

// TestEveryAnswerTellsWhereItsCallerStands: good, bad, unmatched, pages; also the refusal itself. Health counts against
// nobody, and a preflight is the browser's own and asks for nothing.
func TestEveryAnswerTellsWhereItsCallerStands(t *testing.T) {
	t.Parallel()
	minutely := func(n int) ratelimit.Rate { return ratelimit.Rate{Quota: n, Window: time.Minute} }
	serve := func(requests int) *server {
		return newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
			cfg.Limits = httpapi.Limits{
				Source:        ratelimit.NewMemory(newClock().Now, 1000), // nothing comes back
				Authenticated: minutely(requests), Anonymous: minutely(requests), SignIn: minutely(requests),
			}
		})
	}
	const bad, origin = "Bearer x.y.z", "https://app.example.com"
	for _, c := range []struct {
		request
		status int
		policy string // "": none
	}{
		{request{method: "GET", path: "/api/v1/tasks", user: "ada"}, 200, "user"},
		{request{method: "HEAD", path: "/api/v1/tasks", user: "ada"}, 200, "user"},
		{request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`}, 201, "user"},
		{request{method: "POST", path: "/api/v1/tasks", user: "ada", body: `{`}, 400, "user"},
		{request{method: "POST", path: "/api/v1/tasks", user: "ada", body: "x", header: map[string]string{"Content-Type": "text/plain"}}, 415, "user"},
		{request{method: "POST", path: "/api/v1/tasks", user: "ada", body: strings.Repeat("x", 70_000)}, 413, "user"},
		{request{method: "GET", path: "/api/v1/tasks?x=1", user: "ada"}, 400, "user"},
		{request{method: "GET", path: "/api/v1/tasks/99", user: "ada"}, 404, "user"},
		{request{method: "GET", path: "/api/v1/sync?since=x", user: "ada"}, 410, "user"},
		{request{method: "GET", path: "/api/v1/events", user: "ada"}, 200, "user"},
		{request{method: "GET", path: "/api/v1/me/export", user: "ada"}, 200, "user"},
		{request{method: "GET", path: "/todos/", user: "ada"}, 200, "user"},
		{request{method: "GET", path: "/api/v1/tasks"}, 401, "address"},
		{request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": bad}}, 401, "address"},
		{request{method: "GET", path: "/api/v1/events?ticket=x"}, 401, "address"},
		{request{method: "DELETE", path: "/api/v1/tasks"}, 405, "address"},
		{request{method: "OPTIONS", path: "/api/v1/tasks"}, 405, "address"},
		{request{method: "GET", path: "/nothing"}, 404, "address"},
		{request{method: "GET", path: "//x"}, 404, "address"},
		{request{method: "GET", path: "/docs"}, 200, "address"},
		{request{method: "GET", path: "/redoc"}, 308, "address"},
		{request{method: "GET", path: "/"}, 200, "address"},
		{request{method: "GET", path: "/docs/assets/swagger-ui.css"}, 200, "address"},
		{request{method: "GET", path: "/openapi.json"}, 200, "address"},
		{request{method: "GET", path: "/openapi-3.0.json"}, 200, "address"},
		{request{method: "POST", path: "/api/auth/login", body: credentials("ada@example.com", "x")}, 401, "sign-in"},
		{request{method: "POST", path: "/api/auth/login", body: `{}`}, 400, "sign-in-address"},
		{request{method: "POST", path: "/api/auth/register", body: `{"name":"x","email":"x","password":"x"}`}, 400, "sign-in-address"},
		{request{method: "POST", path: "/api/auth/refresh", body: refreshBody("x")}, 401, "address"},
		{request{method: "POST", path: "/api/auth/logout", body: refreshBody("x")}, 200, "address"},
		{request{method: "GET", path: "/health"}, 200, ""},
		{request{method: "GET", path: "/api/v1/health/readiness"}, 200, ""},
		{request{method: "OPTIONS", path: "/api/v1/tasks", header: map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "GET",
		}}, 204, ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			t.Parallel()
			s := serve(1)
			a := s.do(t, c.request).want(t, c.status)
			wantStanding(t, a, c.policy)
			if refused := s.do(t, c.request); c.policy == "" {
				wantStanding(t, refused.want(t, c.status), "")
			} else if refused.status == http.StatusTooManyRequests || c.policy != "sign-in-address" { // which comes ten times
				wantStanding(t, refused.want(t, http.StatusTooManyRequests), c.policy)
			}
		})
	}
}

// wantStanding wants an answer to have every header of the limits, for this policy; none if that is "".
func wantStanding(t *testing.T, a answer, policy string) {
	t.Helper()
	for _, name := range []string{"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
		values := a.header.Values(name)
		switch {
		case policy == "" && len(values) == 0:
		case len(values) != 1, strings.HasPrefix(name, "RateLimit") && !strings.HasPrefix(values[0], fmt.Sprintf("%q;", policy)):
			t.Errorf("%d: %s is %q, want that of %q", a.status, name, values, policy)
		}
	}
	if retry := a.header.Get("Retry-After"); (retry != "") != (a.status == http.StatusTooManyRequests) {
		t.Errorf("%d: Retry-After is %q", a.status, retry)
	}
}

// TestARefusedTokenTakesNoDatabaseConnection: nor does anything else that is refused at the door. What goes to the database
// passes a proxy that counts it.
func TestARefusedTokenTakesNoDatabaseConnection(t *testing.T) {
	t.Parallel()
	direct := pgtest.Database(t, "httpapi", migrate)
	through, sent := counted(t, direct)
	s := newServer(t, openURL(t, through), func(cfg *httpapi.Config) {
		limited(100, 20, newClock().Now)(cfg)
		cfg.TrustedProxies = loopback
	})
	list := func(from, authorization string) answer {
		return s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{
			"X-Forwarded-For": from, "Authorization": authorization,
		}})
	}
	s.as(t, "bob", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
	now := time.Now()
	made := func(secret []byte, expires time.Time) string {
		token, err := auth.Mint(secret, auth.Claims{Subject: "ada", IssuedAt: now.Add(-2 * time.Hour), ExpiresAt: expires})
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	good, expired := made(secret, now.Add(time.Hour)), made(secret, now.Add(-time.Hour))
	foreign := made([]byte(strings.Repeat("x", 32)), now.Add(time.Hour))

	before := sent.Load()
	for _, authorization := range []string{"", "Basic x", "Bearer", "Bearer x.y.z", expired, foreign} {
		list("192.0.2.1", authorization).want(t, http.StatusUnauthorized)
	}
	for range 14 {
		list("192.0.2.1", foreign).want(t, http.StatusUnauthorized)
	}
	list("192.0.2.1", foreign).want(t, http.StatusTooManyRequests)
	list("192.0.2.1", good).want(t, http.StatusTooManyRequests) // not known yet, from an address that has nothing left
	if n := sent.Load() - before; n != 0 {
		t.Errorf("refused requests sent %d bytes to the database", n)
	}
	list("192.0.2.2", good).want(t, http.StatusOK)
	if sent.Load() == before {
		t.Error("nothing is counted here")
	}
}

// counted returns the URL of a proxy in front of the PostgreSQL at url, and how many bytes clients have sent through it.
func counted(t *testing.T, url string) (through string, sent *atomic.Int64) {
	t.Helper()
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	sent = &atomic.Int64{}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			database, err := new(net.Dialer).DialContext(t.Context(), "tcp", net.JoinHostPort(config.Host, fmt.Sprint(config.Port)))
			if err != nil {
				_ = client.Close()
				continue
			}
			go func() { _, _ = io.Copy(client, database); _ = client.Close() }()
			go func() { _, _ = io.Copy(io.MultiWriter(tally{sent}, database), client); _ = database.Close() }()
		}
	}()
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", config.User, config.Password, l.Addr(), config.Database), sent
}

// tally is a writer that counts.
type tally struct{ n *atomic.Int64 }

// Write implements io.Writer.
func (w tally) Write(p []byte) (int, error) {
	w.n.Add(int64(len(p)))
	return len(p), nil
}

// TestOneNetworkLocksNobodyOut: whoever has a whole IPv6 network has twice what one address has in each /56, and four times
// in a /48, of which an e-mail address takes ten.
func TestOneNetworkLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	ada := credentials("ada", "x")
	for i, c := range []struct {
		machine string
		quota   int // that refuses; 0 for none
	}{
		{"2001:db8:0:1::1", 0}, {"2001:db8:0:1::2", 1}, {"2001:db8:0:2::1", 0}, {"2001:db8:0:3::1", 2}, {"2001:db8:0:ff::1", 2},
		{"2001:db8:0:100::1", 0}, {"2001:db8:0:200::1", 0}, {"2001:db8:0:300::1", 4}, {"2001:db8:0:ff00::1", 4}, {"2001:db8:1::1", 0}, {"192.0.2.1", 0},
	} {
		a := s.from(t, c.machine, "/api/auth/login", ada)
		status, policy := http.StatusTooManyRequests, fmt.Sprintf(`"sign-in";q=%d;w=3600`, c.quota)
		if c.quota == 0 {
			status, policy = http.StatusUnauthorized, `"sign-in";q=1;w=3600`
		}
		if got := a.header.Get("RateLimit-Policy"); a.status != status || got != policy {
			t.Errorf("%d: %s: %d, %s, want %d, %s", i, c.machine, a.status, got, status, policy)
		}
	}
}

// TestNonsenseLocksNobodyOut: a registration of which nothing can come counts against the address it comes from alone.
func TestNonsenseLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), fewSignIns(1))
	for machine := range 30 {
		body := `{"name":"x","email":"ada@example.com","password":"short"}`
		s.from(t, fmt.Sprintf("192.0.2.%d", machine), "/api/auth/register", body).want(t, http.StatusBadRequest)
	}
	s.from(t, "192.0.2.1", "/api/auth/login", credentials("ada@example.com", "x")).want(t, http.StatusUnauthorized)
}
