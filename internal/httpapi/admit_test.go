package httpapi_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"todod/internal/auth"
	"todod/internal/httpapi"
	"todod/internal/ratelimit"
	"todod/internal/todo"
)

// signed returns a token of these claims as JSON, signed by sign.
func signed(header, claims string, sign func(input []byte) []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(header)) + "." + b64([]byte(claims))
	return input + "." + b64(sign([]byte(input)))
}

func TestEveryRefusedTokenGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	good := mint(t, "ada")
	expired, err := auth.Mint(secret, auth.Claims{Subject: "ada", ExpiresAt: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := auth.Mint([]byte(strings.Repeat("x", 32)), auth.Claims{Subject: "ada", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	none := signed(`{"alg":"none"}`, `{"sub":"ada","exp":9999999999}`, func([]byte) []byte { return nil })
	var first string
	for name, header := range map[string]string{
		"expired": "Bearer " + expired, "of another secret": "Bearer " + foreign, "alg none": "Bearer " + none,
		"altered": "Bearer " + good[:len(good)-4] + "AAAA", "not a token": "Bearer abc", "empty": "Bearer ",
		"basic": "Basic YTpi", "token only": good, "with white space": "Bearer " + good + " x",
		"far too long": "Bearer " + strings.Repeat("a", 10000),
	} {
		a := s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": header}})
		wantProblem(t, name, a, http.StatusUnauthorized, "INVALID_CREDENTIALS")
		if got := a.header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
			t.Errorf("%s: WWW-Authenticate %q", name, got)
		}
		if first == "" {
			first = withoutPassing(a)
		} else if got := withoutPassing(a); got != first {
			t.Errorf("%s is answered\n%s\nothers\n%s", name, got, first)
		}
	}
	s.Close()
	for _, token := range []string{good, expired, foreign} {
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(s.log.String(), part) {
				t.Errorf("the log has a part of a token: %s", part)
			}
		}
	}
	for _, logger := range []string{"todod.access", "todod.security"} {
		why := regexp.MustCompile(`"level":"WARNING","logger":"` + logger + `".*"reason":".`)
		if n := len(why.FindAllString(s.log.String(), -1)); n != 10 {
			t.Errorf("%s says why %d times at WARNING, not ten: %s", logger, n, s.log)
		}
	}
}

// countingStore counts what reaches the database.
type countingStore struct {
	store
	calls atomic.Int64
}

// Tasks implements todo.Store.
func (c *countingStore) Tasks(context.Context, todo.UserID, todo.Filter) (todo.Page, error) {
	c.calls.Add(1)
	return todo.Page{}, nil
}

// Ready implements todo.Store.
func (c *countingStore) Ready(context.Context) error { return nil }

func TestARefusedRequestCostsNoDatabase(t *testing.T) {
	t.Parallel()
	counting := &countingStore{}
	s := newServer(t, counting, nil)
	s.do(t, request{method: "GET", path: "/api/v1/tasks"}).want(t, 401)
	s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer x.y.z"}}).want(t, 401)
	s.as(t, "ada", "GET", "/api/v1/tasks?limit=0", "").want(t, 400)
	if n := counting.calls.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// A keyServer is a JWKS that a test fills.
type keyServer struct {
	*httptest.Server
	mu   sync.Mutex
	keys []string
	down atomic.Bool
}

// newKeyServer serves an empty JWKS.
func newKeyServer(t *testing.T) *keyServer {
	t.Helper()
	k := &keyServer{}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if k.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		_, _ = fmt.Fprintf(w, `{"keys":[%s]}`, strings.Join(k.keys, ","))
	}))
	t.Cleanup(k.Close)
	return k
}

// add makes an Ed25519 key, publishes it as kid and returns what mints tokens with it.
func (k *keyServer) add(t *testing.T, kid string) (mint func(sub, issuer string) string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.keys = append(k.keys, fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, kid, base64.RawURLEncoding.EncodeToString(public)))
	k.mu.Unlock()
	return func(sub, issuer string) string {
		return signed(fmt.Sprintf(`{"alg":"EdDSA","kid":%q}`, kid),
			fmt.Sprintf(`{"sub":%q,"iss":%q,"aud":%q,"exp":%d}`, sub, issuer, issuer, time.Now().Add(time.Hour).Unix()),
			func(input []byte) []byte { return ed25519.Sign(private, input) })
	}
}

// withKeys returns what makes an API trust the tokens of an issuer whose keys k serves.
func withKeys(t *testing.T, k *keyServer, issuer string) func(*httpapi.Config) {
	t.Helper()
	verifier, err := auth.New(auth.Config{
		JWKSURL: k.URL, Issuer: issuer, Audience: issuer, AllowedAlgs: []string{"EdDSA"}, Leeway: 30 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(cfg *httpapi.Config) { cfg.Verifier = verifier }
}

func TestAKeyThatAppearsLaterIsFound(t *testing.T) {
	t.Parallel()
	const issuer = "https://auth.example.com"
	keys := newKeyServer(t)
	s := newServer(t, openSQLite(t), withKeys(t, keys, issuer))
	token := keys.add(t, "later")
	list := func(token string) answer {
		return s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer " + token}})
	}
	list(token("ada", issuer)).want(t, http.StatusOK)
	list(token("ada", "https://evil.example.com")).want(t, http.StatusUnauthorized)
	list(token("", issuer)).want(t, http.StatusUnauthorized)
}

func TestAKeyServerThatIsDownIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	const issuer = "https://auth.example.com"
	keys := newKeyServer(t)
	keys.down.Store(true)
	s := newServer(t, openSQLite(t), withKeys(t, keys, issuer))
	token := keys.add(t, "a")("ada", issuer)
	a := s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer " + token}})
	wantProblem(t, "key server down", a, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// limited returns what makes an API let users and addresses make so many requests a minute, by a clock.
func limited(user, address int, now func() time.Time) func(*httpapi.Config) {
	return func(cfg *httpapi.Config) {
		cfg.Limits = httpapi.Limits{
			Source:        ratelimit.NewMemory(now, 1000),
			Authenticated: ratelimit.Rate{Quota: user, Window: time.Minute},
			Anonymous:     ratelimit.Rate{Quota: address, Window: time.Minute},
		}
		cfg.Now = now
	}
}

// fakeClock is a clock that a test moves.
type fakeClock struct{ now atomic.Int64 }

// newClock returns a clock at some moment.
func newClock() *fakeClock {
	c := &fakeClock{}
	c.now.Store(time.Now().UnixNano())
	return c
}

// Now returns the clock's time.
func (c *fakeClock) Now() time.Time { return time.Unix(0, c.now.Load()) }

// Advance moves the clock.
func (c *fakeClock) Advance(d time.Duration) { c.now.Add(int64(d)) }

func TestAUserHasALimit(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newServer(t, openSQLite(t), limited(3, 100, clock.Now))
	for remaining := 2; remaining >= 0; remaining-- {
		a := s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
		reset := 20 * (3 - remaining)
		for name, want := range map[string]string{
			"RateLimit":             fmt.Sprintf(`"user";r=%d;t=%d`, remaining, reset),
			"RateLimit-Policy":      `"user";q=3;w=60`,
			"X-RateLimit-Limit":     "3",
			"X-RateLimit-Remaining": fmt.Sprint(remaining),
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}

	a := s.as(t, "ada", "GET", "/api/v1/tasks", "")
	wantProblem(t, "one too many", a, http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED")
	if got := a.header.Get("Retry-After"); got != "20" {
		t.Errorf("Retry-After %q, want 20", got)
	}
	s.as(t, "bob", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
	s.do(t, request{method: "GET", path: "/health"}).want(t, http.StatusOK)
	clock.Advance(20 * time.Second)
	s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
	s.as(t, "ada", "GET", "/api/v1/tasks", "").want(t, http.StatusTooManyRequests)
}

func TestBadTokensCountAgainstTheirAddress(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newServer(t, openSQLite(t), limited(100, 3, clock.Now))
	known, unknown := mint(t, "ada"), mint(t, "bob")
	list := func(token string) answer {
		return s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer " + token}})
	}
	list(known).want(t, http.StatusOK)
	for range 3 {
		a := list("x.y.z").want(t, http.StatusUnauthorized)
		if got := a.header.Get("RateLimit-Policy"); got != `"address";q=3;w=60` {
			t.Errorf("RateLimit-Policy %q", got)
		}
	}

	wantProblem(t, "a fourth bad token", list("x.y.z"), http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED")
	list(unknown).want(t, http.StatusTooManyRequests) // nothing is verified for this address now
	list(known).want(t, http.StatusOK)                // but a token that is known to be good is not held back
	s.do(t, request{method: "GET", path: "/docs"}).want(t, http.StatusTooManyRequests)
	s.do(t, request{method: "GET", path: "/nothing"}).want(t, http.StatusTooManyRequests)
	for _, path := range []string{"/health", "/health/liveness", "/health/readiness", "/api/v1/health"} {
		s.do(t, request{method: "GET", path: path}).want(t, http.StatusOK)
	}
	clock.Advance(time.Minute)
	list(unknown).want(t, http.StatusOK)
}

// TestAKnownTokenIsNotHeldBackByItsNeighbours: not even after it had to be verified again.
func TestAKnownTokenIsNotHeldBackByItsNeighbours(t *testing.T) {
	t.Parallel()
	clock := newClock()
	verifier, err := auth.New(auth.Config{Secrets: [][]byte{secret}, Now: clock.Now, Leeway: time.Minute}) // tokens are minted by the real clock
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		limited(100, 3, clock.Now)(cfg)
		cfg.Verifier = verifier
	})
	known := map[string]string{"Authorization": "Bearer " + mint(t, "ada")}
	list := func() answer { return s.do(t, request{method: "GET", path: "/api/v1/tasks", header: known}) }
	list().want(t, http.StatusOK)
	for range 3 {
		clock.Advance(61 * time.Second) // longer than a token is remembered
		for range 4 {
			s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer x.y.z"}})
		}
		list().want(t, http.StatusOK)
	}
}

// TestTokensThatCantBeVerifiedCountAgainstTheirAddress: while the key server is away, asking costs us as much.
func TestTokensThatCantBeVerifiedCountAgainstTheirAddress(t *testing.T) {
	t.Parallel()
	keys := newKeyServer(t)
	keys.down.Store(true)
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		withKeys(t, keys, "https://auth.example.com")(cfg)
		limited(100, 2, newClock().Now)(cfg)
	})
	token := keys.add(t, "a")("ada", "https://auth.example.com")
	for _, want := range []int{503, 503, 429} {
		s.do(t, request{method: "GET", path: "/api/v1/tasks", header: map[string]string{"Authorization": "Bearer " + token}}).want(t, want)
	}
}

// TestNoHeaderBreaksAnAnswer: what huma would make of them, a panic among others, no client gets to see.
func TestNoHeaderBreaksAnAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	for _, accept := range []string{"text/html;,*/*", "application/json; ,text/html", ";;;/,,", "json", "application/merge-patch+json", ",", "*"} {
		for _, r := range []request{
			{method: "GET", path: "/health"}, {method: "GET", path: "/api/v1/tasks", user: "ada"},
			{method: "GET", path: "/docs"}, {method: "POST", path: "/api/v1/tasks", user: "ada", body: `{"title":"x"}`},
		} {
			r.header = map[string]string{"Accept": accept}
			a := s.do(t, r)
			if a.status >= 300 || r.path != "/docs" && a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s with Accept %q: status %d, %s", r.method, r.path, accept, a.status, a.header.Get("Content-Type"))
			}
		}
	}
	for _, header := range []map[string]string{{"Range": "bytes=9999999-"}, {"If-Match": `"x"`}, {"If-Unmodified-Since": "Mon, 01 Jan 1990 00:00:00 GMT"}} {
		s.do(t, request{method: "GET", path: "/docs", header: header}).want(t, http.StatusOK)
	}
}

func TestGoodTokensDoNotCountAgainstTheirAddress(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), limited(100, 2, newClock().Now))
	for i := range 10 {
		s.as(t, fmt.Sprintf("user%d", i), "GET", "/api/v1/tasks", "").want(t, http.StatusOK)
	}
}

func TestOnlyTrustedProxiesSayWhereARequestComesFrom(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), limited(100, 1, newClock().Now))
	for i, want := range []int{404, 429, 429} {
		a := s.do(t, request{method: "GET", path: "/nothing", header: map[string]string{"X-Forwarded-For": fmt.Sprintf("192.0.2.%d", i)}})
		a.want(t, want)
	}
}
