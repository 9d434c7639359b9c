package httpapi_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/httpapi"
)

// appRoutes are the routes of the app's session, which no document has.
var appRoutes = []httpapi.Route{
	{Method: "POST", Path: "/app/session"}, {Method: "POST", Path: "/app/session/register"},
	{Method: "POST", Path: "/app/session/refresh"}, {Method: "DELETE", Path: "/app/session"},
}

// A browser keeps the app's cookie, as it would be sent with the next request.
type browser struct {
	s      *server
	cookie string
	header map[string]string // that it sends with each request
}

// asks sends a request of the app's page, with the cookie, and keeps the one that comes back.
func (b *browser) asks(t testing.TB, method, path, body string) answer {
	t.Helper()
	header := map[string]string{"Sec-Fetch-Site": "same-origin"}
	for name, value := range b.header {
		header[name] = value
	}
	if b.cookie != "" {
		header["Cookie"] = b.cookie
	}
	a := b.s.do(t, request{method: method, path: path, body: body, header: header})
	if c := cookieOf(t, a); c != nil {
		b.cookie = c.Name + "=" + c.Value
		if c.MaxAge < 0 {
			b.cookie = ""
		}
	}
	return a
}

// token returns the refresh token in the cookie.
func (b *browser) token() string {
	_, token, _ := strings.Cut(b.cookie, "=")
	return token
}

// cookieOf returns the one cookie that an answer sets, nil for none.
func cookieOf(t testing.TB, a answer) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: a.header}).Cookies()
	switch len(cookies) {
	case 0:
		return nil
	case 1:
		return cookies[0]
	}
	t.Fatalf("several cookies: %v", cookies)
	return nil
}

// newcomer is the body of a registration.
func newcomer(email string) string {
	return fmt.Sprintf(`{"name":"Ada","email":%q,"password":%q}`, email, goodPassword)
}

// joins makes an account in the app of s and returns its person's browser and access token.
func joins(t testing.TB, s *server, email string) (*browser, string) {
	t.Helper()
	b := &browser{s: s}
	made := decode[signedIn](t, b.asks(t, "POST", "/app/session/register", newcomer(email)).want(t, http.StatusCreated))
	if b.cookie == "" || made.Token == "" {
		t.Fatalf("cookie %q, token %q", b.cookie, made.Token)
	}
	return b, made.Token
}

// rotatingOver serves s once more with refresh tokens that are rotated, of which a used one gives the next one for grace.
func rotatingOver(t *testing.T, s *server, grace time.Duration) *server {
	t.Helper()
	secrets := func() [][]byte { return [][]byte{secret} }
	return newServer(t, s.store, func(cfg *httpapi.Config) {
		rotation := &account.Rotation{Secrets: secrets, Grace: grace}
		cfg.Accounts = account.NewLocal(account.NewSessions(s.store, tokenMaker, time.Now, secrets, rotation), passwords)
	})
}

// TestASessionOfTheApp from the registration to its end, with the refresh token in the cookie and nowhere else.
func TestASessionOfTheApp(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		b := &browser{s: s}
		first := b.asks(t, "POST", "/app/session/register", newcomer("ada@example.com")).want(t, http.StatusCreated)
		made := decode[signedIn](t, first)
		all := map[string]any(decode[object](t, first))
		if got := keysOf(t, all["user"]); got != "id email name createdAt created_at" {
			t.Errorf("user has %s", got)
		}
		if got := keysOf(t, all); got != "user token" || first.header.Get("Cache-Control") != "no-store" || first.header.Get("Content-Encoding") != "" {
			t.Errorf("the answer has %s, %v", got, first.header)
		}
		s.with(t, made.Token, "GET", "/api/v1/me", "").want(t, http.StatusOK)

		registered := b.token()
		again := b.asks(t, "POST", "/app/session", credentials("Ada@example.com", goodPassword)).want(t, http.StatusOK)
		if got := decode[signedIn](t, again); got.User != made.User || b.token() == registered || strings.Contains(again.body, b.token()) {
			t.Errorf("signed in as %+v, %s", got, again.body)
		}

		signed := b.token()
		fresh := b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)
		if got := decode[signedIn](t, fresh); got.User != made.User || cookieOf(t, fresh) != nil || strings.Contains(fresh.body, signed) {
			t.Errorf("refreshed: %s, %v", fresh.body, fresh.header)
		}
		s.with(t, decode[signedIn](t, fresh).Token, "GET", "/api/v1/me", "").want(t, http.StatusOK)

		b.asks(t, "DELETE", "/app/session", "").want(t, http.StatusNoContent)
		if b.cookie != "" {
			t.Errorf("the cookie is still there: %s", b.cookie)
		}
		b.asks(t, "DELETE", "/app/session", "").want(t, http.StatusNoContent) // there is none
		gone := b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		b.cookie = "todod_refresh=" + signed
		ended := b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		if b.cookie != "" || cookieOf(t, gone) != nil {
			t.Errorf("kept %q; without one, %v", b.cookie, gone.header)
		}
		api := s.post(t, "/api/auth/refresh", refreshBody(signed)).want(t, http.StatusUnauthorized)
		for _, a := range []answer{gone, ended} {
			if p := decode[object](t, a); p["detail"] != decode[object](t, api)["detail"] || p["error_code"] != "INVALID_CREDENTIALS" {
				t.Errorf("got %s, from the API %s", a.body, api.body)
			}
		}
	})
}

// TestTheCookieOfTheApp goes to one path, to no script, with no request of another site, and by HTTPS alone where that is
// known or required.
func TestTheCookieOfTheApp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		adjust func(*httpapi.Config)
		scheme string
		secure bool
	}{
		"plain":                      {func(*httpapi.Config) {}, "", false},
		"HTTPS, by a stranger":       {func(*httpapi.Config) {}, "https", false},
		"HTTPS, by a proxy":          {func(cfg *httpapi.Config) { cfg.TrustedProxies = loopback }, "https", true},
		"plain, by a proxy":          {func(cfg *httpapi.Config) { cfg.TrustedProxies = loopback }, "http", false},
		"HTTPS is required":          {strictly, "https", true},
		"required, and nothing said": {strictly, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, openSQLite(t), c.adjust)
			b := &browser{s: s, header: map[string]string{"X-Forwarded-Proto": c.scheme}}
			want := http.Cookie{Name: "todod_refresh", Path: "/app/session", MaxAge: 7 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteStrictMode}
			if c.secure {
				want.Name, want.Secure = "__Secure-todod_refresh", true
			}
			check := func(a answer) {
				t.Helper()
				got := cookieOf(t, a)
				if got == nil {
					t.Fatalf("no cookie: %v", a.header)
				}
				sent := *got
				sent.Value, sent.Raw = "", ""
				if sent.String() != want.String() {
					t.Errorf("got %s, want %s", sent.String(), want.String())
				}
			}
			check(b.asks(t, "POST", "/app/session/register", newcomer("ada@example.com")).want(t, http.StatusCreated))
			check(b.asks(t, "POST", "/app/session", credentials("ada@example.com", goodPassword)).want(t, http.StatusOK))
			b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)

			other := "__Secure-" + b.cookie
			if c.secure {
				other = strings.TrimPrefix(b.cookie, "__Secure-")
			}
			for _, wrong := range []string{other, b.cookie + "; " + want.Name + "=another", want.Name + "="} {
				tossed := &browser{s: s, cookie: wrong, header: b.header}
				tossed.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
			}
			want.MaxAge = -1
			check(b.asks(t, "DELETE", "/app/session", "").want(t, http.StatusNoContent))
		})
	}
}

// TestACookieIsRotated as refresh tokens are: for a while a used one gives the same next one, and after that ends the session.
func TestACookieIsRotated(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		b, _ := joins(t, rotatingOver(t, s, 30*time.Second), "ada@example.com")
		first, tab := b.token(), *b
		b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)
		tab.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)
		if b.token() == first || b.cookie != tab.cookie {
			t.Fatalf("from %s, one tab went on with %s, the other with %s", first, b.cookie, tab.cookie)
		}
		b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)
		late := browser{s: b.s, cookie: "todod_refresh=" + first}
		late.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		if late.cookie != "" || b.cookie != "" {
			t.Errorf("they keep %q and %q", late.cookie, b.cookie)
		}

		b, _ = joins(t, rotatingOver(t, s, 0), "eve@example.com") // without a grace
		tab = *b
		b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)
		tab.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		b.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		if !strings.Contains(b.s.log.String(), "auth.refresh_reused") {
			t.Error("nobody hears of it")
		}
	})
}

// TestWhatEndsASessionEndsTheApps, wherever it was asked for.
func TestWhatEndsASessionEndsTheApps(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada, token := joins(t, s, "ada@example.com")
		phone := &browser{s: s}
		phone.asks(t, "POST", "/app/session", credentials("ada@example.com", goodPassword)).want(t, http.StatusOK)
		s.with(t, token, "POST", "/api/auth/change-password", credentialsChange(goodPassword, "another password")).want(t, http.StatusOK)
		phone.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		ada.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)

		s.with(t, token, "POST", "/api/auth/logout", "").want(t, http.StatusOK)
		ada.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)

		eve, token := joins(t, s, "eve@example.com")
		s.with(t, token, "DELETE", "/api/v1/me", "").want(t, http.StatusNoContent)
		eve.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
		if phone.cookie != "" || ada.cookie != "" || eve.cookie != "" {
			t.Errorf("they keep %q, %q, %q", phone.cookie, ada.cookie, eve.cookie)
		}
	})
}

// TestPagesOfOtherOriginsHaveNoSession: a cookie that a browser sends along helps them nothing, they learn of no answer, and
// use up nobody's sign-ins.
func TestPagesOfOtherOriginsHaveNoSession(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		fewSignIns(1)(cfg)
		cfg.Limits.Anonymous.Quota = 1000
	})
	ada, _ := joins(t, s, "ada@example.com")
	host := strings.TrimPrefix(s.URL, "http://")
	for name, header := range map[string]map[string]string{
		"another site":                       {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		"another server of the site":         {"Sec-Fetch-Site": "same-site", "Origin": "http://x." + host},
		"another port, in an old browser":    {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:1"},
		"a sandbox, in an old browser":       {"Sec-Fetch-Site": "", "Origin": "null"},
		"a listed origin, in an old browser": {"Sec-Fetch-Site": "", "Origin": "https://app.example.com"},
	} {
		foreign := &browser{s: s, cookie: ada.cookie, header: header}
		for _, route := range appRoutes {
			a := foreign.asks(t, route.Method, route.Path, credentials("ada@example.com", goodPassword)).want(t, http.StatusForbidden)
			if p := decode[object](t, a); p["error_code"] != "INSUFFICIENT_PERMISSIONS" || cookieOf(t, a) != nil {
				t.Errorf("%s: %s %s answers %s, %v", name, route.Method, route.Path, a.body, a.header)
			}
			for header := range a.header {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s: %s %s has %s", name, route.Method, route.Path, header)
				}
			}
		}
	}
	for _, route := range appRoutes {
		a := s.do(t, request{method: "OPTIONS", path: route.Path, header: map[string]string{
			"Origin": "https://app.example.com", "Access-Control-Request-Method": route.Method, "Access-Control-Request-Headers": "content-type",
		}}).want(t, http.StatusMethodNotAllowed)
		if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("a preflight of %s is answered with %v", route.Path, a.header)
		}
	}
	own := &browser{s: s, cookie: ada.cookie, header: map[string]string{"Sec-Fetch-Site": "", "Origin": s.URL}} // an old browser's
	own.asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusOK)
	if !strings.Contains(s.log.String(), `"reason":"asked by another origin"`) {
		t.Error("operators don't see it")
	}
}

// TestTheAppTakesJSONOnly, read as strictly as that of /api/auth, and no more of it.
func TestTheAppTakesJSONOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for _, path := range []string{"/app/session", "/app/session/register"} {
		for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			s.do(t, request{method: "POST", path: path, body: newcomer("ada@example.com"), header: map[string]string{"Content-Type": contentType}}).
				want(t, http.StatusUnsupportedMediaType)
		}
		for body, want := range map[string]int{
			"": 400, "{": 400, `{}`: 400, `{"email":1}`: 400, `{"email":"a","email":"b"}`: 400, strings.Repeat(" ", 70_000): 413,
		} {
			s.post(t, path, body).want(t, want)
		}
	}
	s.do(t, request{method: "POST", path: "/app/session?x=1", body: newcomer("a@example.com")}).want(t, http.StatusBadRequest)
}

// TestBothDoorsHaveOneLimit: who has tried enough at one is refused at the other.
func TestBothDoorsHaveOneLimit(t *testing.T) {
	t.Parallel()
	wrong := credentials("ada@example.com", "not the password")
	for _, doors := range [][2]string{{"/app/session", "/api/auth/login"}, {"/api/auth/login", "/app/session"}} {
		s := newServer(t, openSQLite(t), fewSignIns(3))
		for range 3 {
			s.from(t, "192.0.2.1", doors[0], wrong).want(t, http.StatusUnauthorized)
		}
		for _, path := range []string{doors[1], doors[0]} {
			a := s.from(t, "192.0.2.1", path, wrong).want(t, http.StatusTooManyRequests)
			if a.header.Get("RateLimit-Policy") != `"sign-in";q=3;w=3600` || a.header.Get("Retry-After") == "" {
				t.Errorf("%s after %s: %v", path, doors[0], a.header)
			}
		}
		s.from(t, "192.0.2.1", "/app/session/register", newcomer("ada@example.com")).want(t, http.StatusTooManyRequests)
		s.from(t, "192.0.2.2", "/app/session", wrong).want(t, http.StatusUnauthorized)
	}
	s := newServer(t, openSQLite(t), fewSignIns(1))
	for i := range 10 {
		s.from(t, "192.0.2.1", []string{"/app/session", "/api/auth/login"}[i%2], credentials(fmt.Sprint(i), "x")).want(t, http.StatusUnauthorized)
	}
	for _, path := range []string{"/app/session", "/app/session/register", "/api/auth/login"} {
		a := s.from(t, "192.0.2.1", path, "{").want(t, http.StatusTooManyRequests) // before it is read
		if a.header.Get("RateLimit-Policy") != `"sign-in-address";q=10;w=3600` {
			t.Errorf("%s: %v", path, a.header)
		}
	}
	for range 5 {
		s.from(t, "192.0.2.3", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
	}
	s.from(t, "192.0.2.3", "/app/session/refresh", "").want(t, http.StatusTooManyRequests)
}

// TestWhoWatchesForMisuseSeesTheApp under the same names as the API. That somebody comes without a cookie is nothing.
func TestWhoWatchesForMisuseSeesTheApp(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	b, _ := joins(t, s, "ada@example.com")
	(&browser{s: s}).asks(t, "POST", "/app/session", credentials("ada@example.com", "not the password")).want(t, http.StatusUnauthorized)
	(&browser{s: s}).asks(t, "POST", "/app/session/register", newcomer("ada@example.com")).want(t, http.StatusConflict)
	(&browser{s: s}).asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
	(&browser{s: s, cookie: "todod_refresh=another"}).asks(t, "POST", "/app/session/refresh", "").want(t, http.StatusUnauthorized)
	b.asks(t, "POST", "/app/session", credentials("ada@example.com", goodPassword)).want(t, http.StatusOK)
	b.asks(t, "DELETE", "/app/session", "").want(t, http.StatusNoContent)
	var events []string
	for line := range strings.Lines(s.log.String()) {
		if _, rest, ok := strings.Cut(line, `"logger":"todod.security","message":"`); ok {
			event, _, _ := strings.Cut(rest, `"`)
			events = append(events, event)
		}
	}
	want := "auth.registered, auth.sign_in_refused, auth.registration_refused, auth.refresh_refused, auth.signed_in, auth.signed_out"
	if got := strings.Join(events, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTheAppIsNoPartOfTheDocument: it is the same with and without.
func TestTheAppIsNoPartOfTheDocument(t *testing.T) {
	t.Parallel()
	document := func(app bool) []byte {
		return httpapi.New(httpapi.Config{Logger: slog.New(slog.DiscardHandler), Version: "test", App: app}).OpenAPI()
	}
	if with, without := document(true), document(false); !bytes.Equal(with, without) || bytes.Contains(with, []byte("/app/")) {
		t.Error("it has the app's routes")
	}
}
