package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"todod/internal/logtest"
	"todod/internal/redistest"
)

// ask sends a GET with these headers, pairs of name and value, and returns the answer without its body.
func ask(t *testing.T, url string, headers ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

// TestTheSettingsOfTheAPIAreUsed: what the configuration says is what the server does.
func TestTheSettingsOfTheAPIAreUsed(t *testing.T) {
	t.Parallel()
	env := isolated(t, environment{
		"ALLOWED_ORIGINS": "https://app.example.com", "MAX_TASKS_PER_USER": "1", "TRUSTED_PROXIES": "127.0.0.0/8",
		"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_AUTHENTICATED": "5/h", "RATE_LIMIT_ANONYMOUS": "2/m",
	})
	p := start(t, env)
	token := tokenOf(t, env, "alice")
	tasks := p.url + "/api/v1/tasks"

	for want, wanted := range []int{http.StatusCreated, http.StatusConflict} {
		if code, body := call(t, "POST", tasks, token, `{"title":"x"}`); code != wanted {
			t.Errorf("create %d: status %d, %s", want+1, code, body)
		}
	}
	known := ask(t, tasks, "Authorization", "Bearer "+token, "Origin", "https://app.example.com")
	if got := known.Header.Get("Access-Control-Allow-Origin"); got != "https://app.example.com" {
		t.Errorf("Access-Control-Allow-Origin %q", got)
	}
	if got := known.Header.Get("RateLimit-Policy"); got != `"user";q=5;w=3600` {
		t.Errorf("RateLimit-Policy of a user: %q", got)
	}
	if got := ask(t, tasks, "Origin", "https://evil.example.com").Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("Access-Control-Allow-Origin of another origin: %q", got)
	}
	for _, c := range []struct {
		from string
		want int
	}{{"192.0.2.1", 401}, {"192.0.2.1", 401}, {"192.0.2.1", 429}, {"192.0.2.2", 401}} {
		resp := ask(t, tasks, "X-Forwarded-For", c.from)
		if resp.StatusCode != c.want || resp.Header.Get("RateLimit-Policy") != `"address";q=2;w=60` {
			t.Errorf("from %s: status %d, %v", c.from, resp.StatusCode, resp.Header)
		}
	}
}

// TestTheRedisIsUsed: while todod runs. Where there is none it runs, too.
func TestTheRedisIsUsed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	clients := func() int {
		list, err := redis.String(server.Do(t, "CLIENT", "LIST"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(list, "\n")
	}
	p := start(t, isolated(t, environment{"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_ANONYMOUS": "10/h", "REDIS_URL": server.URL}))

	waitFor(t, "a caller in Redis", func() bool { // a busy machine may do without at first
		ask(t, p.url+"/nothing")
		keys, err := redis.Strings(server.Do(t, "KEYS", "todod:limit:*"))
		return err == nil && len(keys) == 1
	})
	if n := clients(); n < 2 {
		t.Errorf("%d clients", n)
	}
	p.end(t)
	waitFor(t, "the connections to be given back", func() bool { return clients() == 1 })

	server.Kill(t)
	alone := start(t, isolated(t, environment{"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_ANONYMOUS": "1/h", "REDIS_URL": server.URL}))
	for _, want := range []int{http.StatusNotFound, http.StatusTooManyRequests} {
		if got := ask(t, alone.url+"/nothing").StatusCode; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
	err := run(t.Context(), nil, isolated(t, environment{"REDIS_URL": "redis://:hunter2@redis:port"}).get, &logtest.Output{})
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "REDIS_URL must be") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with a bad URL: %v", err)
	}
}

// sign returns an HS256 token of these claims.
func sign(secret, claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(`{"alg":"HS256"}`)) + "." + b64([]byte(claims))
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

// TestTheSettingsOfTokensAreUsed: one server for each setting, and a token that tells whether it is used.
func TestTheSettingsOfTokensAreUsed(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int64
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched.Add(1)
		_, _ = w.Write([]byte(`{"keys":[]}`))
	}))
	defer keys.Close()
	secret, old := strings.Repeat("s", 32), strings.Repeat("o", 32)
	now := time.Now().Unix()
	plain := fmt.Sprintf(`{"sub":"ada","exp":%d}`, now+600)
	with := func(iss, aud string) string {
		return fmt.Sprintf(`{"sub":"ada","exp":%d,"iss":%q,"aud":%q}`, now+600, iss, aud)
	}
	session := fmt.Sprintf(`{"exp":%d,"user":{"id":"ada"},"session":{"userId":"ada","expiresAt":%q}}`, now+600,
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	justExpired := fmt.Sprintf(`{"sub":"ada","exp":%d}`, now-10)
	expect := environment{"AUTH_ISSUER": "https://i", "AUTH_AUDIENCE": "https://a"}
	for name, c := range map[string]struct {
		env    environment
		claims string
		key    string
		want   int
	}{
		"nothing set":                      {nil, plain, secret, 200},
		"another secret":                   {nil, plain, old, 401},
		"a rotated secret":                 {environment{"BETTER_AUTH_SECRETS": "2:" + secret + ",1:" + old}, plain, old, 200},
		"the issuer and audience":          {expect, with("https://i", "https://a"), secret, 200},
		"another issuer":                   {expect, with("https://x", "https://a"), secret, 401},
		"another audience":                 {expect, with("https://i", "https://x"), secret, 401},
		"required iss and aud":             {environment{"AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a", "AUTH_REQUIRE_ISS_AUD": "true"}, plain, secret, 401},
		"the issuer of Better Auth":        {environment{"BETTER_AUTH_URL": keys.URL}, with(keys.URL, keys.URL), secret, 200},
		"not the issuer of Better Auth":    {environment{"BETTER_AUTH_URL": keys.URL}, with("https://x", keys.URL), secret, 401},
		"the leeway":                       {environment{"AUTH_LEEWAY": "10m"}, justExpired, secret, 200},
		"no leeway":                        {environment{"AUTH_LEEWAY": "0s"}, justExpired, secret, 401},
		"a session":                        {nil, session, secret, 401},
		"a session that is to be accepted": {environment{"AUTH_ACCEPT_SESSION_JWT": "true"}, session, secret, 200},
		"an algorithm that isn't allowed":  {environment{"AUTH_ALLOWED_ALGS": "EdDSA"}, plain, secret, 401},
		"too long":                         {environment{"AUTH_MAX_TOKEN_BYTES": "50"}, plain, secret, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, isolated(t, c.env))
			if got := ask(t, p.url+"/api/v1/tasks", "Authorization", "Bearer "+sign(c.key, c.claims)).StatusCode; got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
	t.Run("the key server", func(t *testing.T) {
		t.Parallel()
		elsewhere := httptest.NewServer(keys.Config.Handler)
		defer elsewhere.Close()
		p := start(t, isolated(t, environment{"BETTER_AUTH_URL": "http://127.0.0.1:1", "AUTH_JWKS_URL": elsewhere.URL + "/keys"}))
		before := fetched.Load()
		token := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"k"}`)) + ".e30." + strings.Repeat("A", 86)
		resp := ask(t, p.url+"/api/v1/tasks", "Authorization", "Bearer "+token)
		if resp.StatusCode != http.StatusUnauthorized || fetched.Load() == before {
			t.Errorf("status %d, %d fetches", resp.StatusCode, fetched.Load()-before)
		}
	})
}

// post sends a body and returns the status and the answer's members.
func post(t *testing.T, url, body string, headers ...string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var members map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&members); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, members
}

// TestTheSettingsOfSignInAreUsed: one server for each setting, and a sign-in that tells whether it is used.
func TestTheSettingsOfSignInAreUsed(t *testing.T) {
	t.Parallel()
	const register = `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`
	var asked atomic.Int64
	betterAuth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer betterAuth.Close()
	for name, c := range map[string]struct {
		env   environment
		want  int
		asks  bool   // Better Auth
		start string // in the line of the start
	}{
		"nothing set":             {nil, 201, false, "sign-in with accounts of its own"},
		"a Better Auth":           {environment{"BETTER_AUTH_URL": betterAuth.URL}, 401, true, "sign-in through Better Auth at " + betterAuth.URL},
		"a Better Auth, unused":   {environment{"BETTER_AUTH_URL": betterAuth.URL, "AUTH_PROVIDER": "local"}, 201, false, "or tokens of " + betterAuth.URL},
		"a Better Auth, no HS256": {environment{"BETTER_AUTH_URL": betterAuth.URL, "AUTH_ALLOWED_ALGS": "EdDSA"}, 403, false, "sign-in at " + betterAuth.URL + " only"},
		"no HS256":                {environment{"AUTH_ALLOWED_ALGS": "EdDSA"}, 403, false, "no sign-in"},
		"required iss and aud":    {environment{"AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a", "AUTH_REQUIRE_ISS_AUD": "true"}, 201, false, "accounts of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			before := asked.Load()
			p := start(t, isolated(t, c.env))
			code, members := post(t, p.url+"/api/auth/register", register)
			if code != c.want || (asked.Load() > before) != c.asks || !strings.Contains(p.out.String(), c.start) {
				t.Errorf("status %d, %v, Better Auth asked: %v\n%s", code, members, asked.Load() > before, p.out)
			}
			if code == http.StatusCreated {
				if got := ask(t, p.url+"/api/v1/tasks", "Authorization", "Bearer "+members["token"].(string)).StatusCode; got != http.StatusOK {
					t.Errorf("its token gets %d", got)
				}
			}
		})
	}
	for rotation, same := range map[string]bool{"false": true, "true": false} {
		p := start(t, isolated(t, environment{"AUTH_REFRESH_ROTATION": rotation}))
		_, first := post(t, p.url+"/api/auth/register", register)
		code, next := post(t, p.url+"/api/auth/refresh", fmt.Sprintf(`{"refreshToken":%q}`, first["refreshToken"]))
		if code != http.StatusOK || (first["refreshToken"] == next["refreshToken"]) != same {
			t.Errorf("rotation %s: %d, %v, then %v", rotation, code, first, next)
		}
	}
	for grace, want := range map[string]int{"": http.StatusOK, "0": http.StatusUnauthorized} {
		p := start(t, isolated(t, environment{"AUTH_REFRESH_ROTATION": "true", "AUTH_REFRESH_GRACE": grace}))
		_, first := post(t, p.url+"/api/auth/register", register)
		body := fmt.Sprintf(`{"refreshToken":%q}`, first["refreshToken"])
		_, next := post(t, p.url+"/api/auth/refresh", body)
		if code, again := post(t, p.url+"/api/auth/refresh", body); code != want || code == http.StatusOK && next["refreshToken"] != again["refreshToken"] {
			t.Errorf("with a grace of %q a second use got %d %v after %v", grace, code, again, next)
		}
	}
	p := start(t, isolated(t, environment{"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_SIGNIN": "2/h"}))
	for _, want := range []int{401, 401, 429} {
		if code, members := post(t, p.url+"/api/auth/login", `{"email":"ada@example.com","password":"x"}`); code != want {
			t.Errorf("%d %v, want %d", code, members, want)
		}
	}
}
