package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/audit"
	"todod/internal/httpapi"
	"todod/internal/ratelimit"
)

// form sends a form to the route that answers a token for it.
func (s *server) form(t *testing.T, body string) answer {
	t.Helper()
	return s.do(t, request{
		method: "POST", path: "/api/auth/token", body: body,
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic Og=="},
	})
}

const adasForm = "grant_type=password&username=Ada%40example.com&password=ada%27s+long+password"

func TestAFormGetsAToken(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.do(t, request{
			method: "POST", path: "/api/auth/register", body: `{"name":"Ada","email":"ada@example.com","password":"ada's long password"}`,
		}).want(t, http.StatusCreated)
		for _, body := range []string{adasForm, adasForm + "&scope=&client_id=", strings.TrimPrefix(adasForm, "grant_type=password&")} {
			a := s.form(t, body).want(t, http.StatusOK)
			got := decode[struct {
				AccessToken  string `json:"access_token"`
				TokenType    string `json:"token_type"`
				ExpiresIn    int    `json:"expires_in"`
				RefreshToken string `json:"refresh_token"`
			}](t, a)
			if got.TokenType != "bearer" || got.ExpiresIn != 900 || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %v", a.body, a.header)
			}
			s.do(t, request{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": "Bearer " + got.AccessToken}}).
				want(t, http.StatusOK)
			s.do(t, request{method: "POST", path: "/api/auth/refresh", body: `{"refreshToken":"` + got.RefreshToken + `"}`}).want(t, http.StatusOK)
		}
	})
}

// TestAFormIsRefusedAsALoginIs: one answer for an unknown address and a wrong password, and the same as login's.
func TestAFormIsRefusedAsALoginIs(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	login := s.do(t, request{method: "POST", path: "/api/auth/login", body: `{"email":"ada@example.com","password":"wrong password"}`})
	a := s.form(t, "username=ada@example.com&password=wrong+password").want(t, http.StatusUnauthorized)
	if withoutPassing(a) != withoutPassing(login) {
		t.Errorf("%s\nlogin answers %s", a.body, login.body)
	}
	for body, field := range map[string]string{
		"": "body", "username=a": "password", "username=a&username=b&password=c": "username", "%zz": "body",
		adasForm + "&grant_type=refresh_token": "grant_type", "grant_type=refresh_token&username=a&password=b": "grant_type",
	} {
		if a := s.form(t, body).want(t, http.StatusBadRequest); !strings.Contains(a.body, `"field":"`+field+`"`) {
			t.Errorf("%q: %s", body, a.body)
		}
	}
	s.do(t, request{method: "POST", path: "/api/auth/token", body: `{"username":"a","password":"b"}`}).want(t, http.StatusUnsupportedMediaType)
	s.do(t, request{
		method: "POST", path: "/api/auth/login", body: adasForm, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
	}).want(t, http.StatusUnsupportedMediaType)
}

// TestAFormCountsAsALogin: who may try no more passwords by one route may try none by the other.
func TestAFormCountsAsALogin(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), func(cfg *httpapi.Config) {
		rate := ratelimit.Rate{Quota: 2, Window: time.Hour}
		cfg.Limits = httpapi.Limits{Source: ratelimit.NewMemory(time.Now, 1000), Authenticated: rate, Anonymous: rate, SignIn: rate}
	})
	s.form(t, adasForm).want(t, http.StatusUnauthorized)
	s.do(t, request{method: "POST", path: "/api/auth/login", body: `{"email":"ada@example.com","password":"wrong password"}`}).
		want(t, http.StatusUnauthorized)
	s.form(t, adasForm).want(t, http.StatusTooManyRequests)
	if n := strings.Count(s.log.String(), string(audit.SignInRefused)); n != 2 {
		t.Errorf("%d refused sign-ins in the log, want 2: %s", n, s.log.String())
	}
}
