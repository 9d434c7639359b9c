package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/auth"
	"todod/internal/httpapi"
)

// goodPassword is everyone's.
const goodPassword = "correct horse battery"

// tokenMaker makes the access tokens of these tests.
func tokenMaker(p account.Person, sessionID string, at time.Time) (string, error) {
	return auth.Mint(secret, auth.Claims{
		Subject: string(p.ID), Email: p.Email, Name: p.Name, SessionID: sessionID,
		IssuedAt: at, ExpiresAt: at.Add(account.AccessLifetime),
	})
}

// post sends a body without a token.
func (s *server) post(t testing.TB, path, body string) answer {
	t.Helper()
	return s.do(t, request{method: "POST", path: path, body: body})
}

// with sends a request with a token.
func (s *server) with(t testing.TB, token, method, path, body string) answer {
	t.Helper()
	return s.do(t, request{method: method, path: path, body: body, header: map[string]string{"Authorization": "Bearer " + token}})
}

// A signedIn is what lets somebody in.
type signedIn struct {
	User struct {
		ID, Email, Name, CreatedAt string
	}
	Token, RefreshToken string
}

// register makes an account and returns what came back.
func (s *server) register(t testing.TB, email string) signedIn {
	t.Helper()
	body := fmt.Sprintf(`{"name":"Ada","email":%q,"password":%q}`, email, goodPassword)
	return decode[signedIn](t, s.post(t, "/api/auth/register", body).want(t, http.StatusCreated))
}

// credentials is the body of a sign-in.
func credentials(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

// refreshBody is the body of a refresh.
func refreshBody(token string) string { return fmt.Sprintf(`{"refresh_token":%q}`, token) }

// keysOf returns the members of an object in the body.
func keysOf(t testing.TB, o any) string {
	t.Helper()
	m, ok := o.(map[string]any)
	if !ok {
		t.Fatalf("%v is no object", o)
	}
	var keys []string
	for _, k := range []string{"user", "token", "refreshToken", "refresh_token", "id", "email", "name", "createdAt", "created_at", "message"} {
		if v, ok := m[k]; ok && v != nil && v != "" {
			keys = append(keys, k)
			delete(m, k)
		}
	}
	for k := range m {
		keys = append(keys, "unexpected: "+k)
	}
	return strings.Join(keys, " ")
}

func TestRegisterAndSignIn(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		first := s.do(t, request{
			method: "POST", path: "/api/auth/register", header: map[string]string{"Authorization": "Bearer stale"},
			body: `{"name":" José Müller ~?> ","email":" JOSE@Example.com","password":"` + goodPassword + `","remember":true}`,
		}).want(t, http.StatusCreated)
		made := decode[signedIn](t, first)
		if made.User.Email != "jose@example.com" || made.User.Name != "José Müller ~?>" || made.User.ID == "" {
			t.Errorf("got %s", first.body)
		}
		all := map[string]any(decode[object](t, first))
		if got := keysOf(t, all["user"]); got != "id email name createdAt created_at" {
			t.Errorf("user has %s", got)
		}
		if got := keysOf(t, all); got != "user token refreshToken refresh_token" {
			t.Errorf("the answer has %s", got)
		}
		if first.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", first.header)
		}
		_, payload, _ := strings.Cut(made.Token, ".")
		payload, _, _ = strings.Cut(payload, ".")
		if strings.ContainsAny(payload, "-_") {
			t.Errorf("atob can't read %s", payload)
		}
		claims, err := base64.RawStdEncoding.DecodeString(payload)
		var said struct {
			Sub, Email, Name, Sid string
			Iat, Exp              int64
		}
		if err != nil || json.Unmarshal(claims, &said) != nil || said.Sub != made.User.ID || said.Email != made.User.Email ||
			said.Name != made.User.Name || said.Sid == "" || said.Exp-said.Iat != 900 {
			t.Errorf("claims %s, %v", claims, err)
		}
		s.with(t, made.Token, "POST", "/api/todos", `{"title":"x"}`).want(t, http.StatusCreated)

		again := s.do(t, request{
			method: "POST", path: "/auth/login/", header: map[string]string{"Authorization": "Bearer stale"},
			body: credentials("Jose@EXAMPLE.com", goodPassword),
		}).want(t, http.StatusOK)
		if got := decode[signedIn](t, again); got.User != made.User || got.RefreshToken == made.RefreshToken {
			t.Errorf("made %+v, then %+v", made, got)
		}
		taken := s.post(t, "/api/auth/register", `{"name":"x","email":"Jose@example.com","password":"another password"}`)
		if p := decode[object](t, taken.want(t, http.StatusConflict)); p["error_code"] != "CONFLICT_DETECTED" || p["message"] != p["detail"] {
			t.Errorf("got %s", taken.body)
		}
	})
}

// TestOneAnswerToWrongCredentials: nobody learns from it which addresses have accounts.
func TestOneAnswerToWrongCredentials(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		s.register(t, "ada@example.com")
		var first string
		for _, body := range []string{
			credentials("ada@example.com", "not the password"), credentials("eve@example.com", goodPassword),
			credentials("no address", goodPassword), credentials("ada@example.com", ""), credentials("", ""),
			credentials("ada@example.com", strings.Repeat("x", 200)),
		} {
			a := s.post(t, "/api/auth/login", body).want(t, http.StatusUnauthorized)
			if first == "" {
				first = withoutPassing(a)
			}
			if got := withoutPassing(a); got != first || !strings.Contains(got, "Invalid email or password") ||
				!strings.Contains(got, "INVALID_CREDENTIALS") || a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: %s\nwant %s", body, got, first)
			}
		}
	})
}

func TestBadRegistrationsAndSignIns(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	long := strings.Repeat("x", 129)
	for _, c := range []struct{ path, body, field string }{
		{"register", `{"name":"x","email":"x@example.com","password":"1234567"}`, "password"},
		{"register", `{"name":"x","email":"x@example.com","password":"` + long + `"}`, "password"},
		{"register", `{"name":"x","email":"x","password":"12345678"}`, "email"},
		{"register", `{"name":"x","email":"x@example.com"}`, "password"},
		{"register", `{"email":"x@example.com","password":"12345678"}`, "name"},
		{"register", `{"name":" ","email":"x@example.com","password":"12345678"}`, "name"},
		{"register", `{"name":5,"email":"x@example.com","password":"12345678"}`, "name"},
		{"register", `{"name":"x","email":null,"password":"12345678"}`, "email"},
		{"register", `{"name":"x","name":"y","email":"x@example.com","password":"12345678"}`, "name"},
		{"register", `[]`, "body"},
		{"register", `{"name":"x`, "name"},
		{"login", `{}`, "email"},
		{"login", `{"email":"x@example.com"}`, "password"},
		{"login", `{"email":["x@example.com"],"password":"12345678"}`, "email"},
		{"refresh", `{"refreshToken":5}`, "refreshToken"},
		{"refresh", `"x"`, "body"},
		{"logout", `{"refresh_token":{}}`, "refresh_token"},
	} {
		a := s.post(t, "/api/auth/"+c.path, c.body)
		wantInvalid(t, c.path+" "+c.body, a, c.field)
		if strings.Contains(a.body, "1234567") {
			t.Errorf("the answer has the password: %s", a.body)
		}
	}
	empty := map[string]string{"Content-Type": "application/json"}
	for _, path := range []string{"register", "login", "refresh"} {
		wantInvalid(t, path, s.do(t, request{method: "POST", path: "/api/auth/" + path, header: empty}), "body")
		s.do(t, request{method: "POST", path: "/api/auth/" + path, body: "{}", header: map[string]string{"Content-Type": "text/plain"}}).
			want(t, http.StatusUnsupportedMediaType)
		s.do(t, request{method: "GET", path: "/api/auth/" + path}).want(t, http.StatusMethodNotAllowed)
	}
	for _, password := range []string{"12345678", strings.Repeat("é", 128)} {
		s.post(t, "/api/auth/register", fmt.Sprintf(`{"name":"x","email":"%d@example.com","password":%q}`, len(password), password)).
			want(t, http.StatusCreated)
	}
}

func TestRefreshAndLogout(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		ada := s.register(t, "ada@example.com")
		other := decode[signedIn](t, s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword)).want(t, http.StatusOK))
		for _, body := range []string{
			refreshBody(ada.RefreshToken), fmt.Sprintf(`{"refreshToken":%q,"x":1}`, ada.RefreshToken),
			fmt.Sprintf(`{"refreshToken":%q,"refresh_token":null}`, ada.RefreshToken),
		} {
			a := s.post(t, "/api/auth/refresh/", body).want(t, http.StatusOK)
			if got := keysOf(t, map[string]any(decode[object](t, a))); got != "token refreshToken refresh_token" {
				t.Errorf("%s", got)
			}
			got := decode[signedIn](t, a)
			if got.RefreshToken != ada.RefreshToken || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("the frontend keeps its first token, and got %s", a.body)
			}
			s.with(t, got.Token, "GET", "/api/todos", "").want(t, http.StatusOK)
		}
		for _, body := range []string{
			`{}`, refreshBody(""), refreshBody("x"), refreshBody(ada.Token), refreshBody(ada.RefreshToken + "x"), `{"refresh_token":null}`,
			refreshBody(strings.Repeat("x", 10_000)),
		} {
			s.post(t, "/api/auth/refresh", body).want(t, http.StatusUnauthorized)
		}
		s.with(t, ada.RefreshToken, "GET", "/api/todos", "").want(t, http.StatusUnauthorized)

		if a := s.with(t, ada.Token, "POST", "/auth/logout", "").want(t, http.StatusOK); keysOf(t, map[string]any(decode[object](t, a))) != "message" {
			t.Errorf("got %s", a.body)
		}
		s.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusUnauthorized)
		s.with(t, ada.Token, "POST", "/api/auth/logout", "").want(t, http.StatusOK)

		s.post(t, "/api/auth/refresh", refreshBody(other.RefreshToken)).want(t, http.StatusOK)
		s.with(t, "bad.token.", "POST", "/api/auth/logout", refreshBody(other.RefreshToken)).want(t, http.StatusOK)
		s.post(t, "/api/auth/refresh", refreshBody(other.RefreshToken)).want(t, http.StatusUnauthorized)
		s.post(t, "/api/auth/logout", refreshBody(other.RefreshToken)).want(t, http.StatusOK)
	})
}

// TestAnExpiredTokenSignsOut, and nothing else that is wrong with one does.
func TestAnExpiredTokenSignsOut(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada, eve := s.register(t, "ada@example.com"), s.register(t, "eve@example.com")
		sid := claim(t, ada.Token, "sid")
		yesterday := time.Now().Add(-24 * time.Hour)
		forge := func(key []byte, user, session string) string {
			token, err := auth.Mint(key, auth.Claims{Subject: user, SessionID: session, IssuedAt: yesterday, ExpiresAt: yesterday.Add(time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		for what, token := range map[string]string{
			"another key": forge([]byte(strings.Repeat("x", 32)), ada.User.ID, sid), "nonsense": "x.y.z",
		} {
			a := s.with(t, token, "POST", "/api/auth/logout", "").want(t, http.StatusUnauthorized)
			if a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
				t.Errorf("%s: %v", what, a.header)
			}
		}
		s.post(t, "/api/auth/logout", "").want(t, http.StatusUnauthorized)
		s.with(t, forge(secret, eve.User.ID, sid), "POST", "/api/auth/logout", "").want(t, http.StatusOK) // it is none of hers
		s.with(t, forge(secret, ada.User.ID, ""), "POST", "/api/auth/logout", "").want(t, http.StatusOK)  // it names none
		s.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusOK)

		s.with(t, forge(secret, ada.User.ID, sid), "GET", "/api/todos", "").want(t, http.StatusUnauthorized)
		s.with(t, forge(secret, ada.User.ID, sid), "POST", "/api/auth/logout", "").want(t, http.StatusOK)
		s.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusUnauthorized)
		s.post(t, "/api/auth/refresh", refreshBody(eve.RefreshToken)).want(t, http.StatusOK)
	})
}

// claim returns a claim of a token that is a string.
func claim(t *testing.T, token, name string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var claims map[string]any
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	s, _ := claims[name].(string)
	return s
}

// TestRotatedRefreshTokensAreGoodOnce: two tabs that use one at once go on with the same next one; a use after that tells
// that two have it who shouldn't, and neither keeps the session.
func TestRotatedRefreshTokensAreGoodOnce(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		rotating := newServer(t, s.store, func(cfg *httpapi.Config) { cfg.Accounts = local(s.store, true) })
		ada := rotating.register(t, "ada@example.com")
		next := decode[signedIn](t, rotating.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusOK))
		if next.RefreshToken == ada.RefreshToken {
			t.Fatal("the token is the same")
		}
		again := decode[signedIn](t, rotating.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusOK))
		if again.RefreshToken != next.RefreshToken || again.Token == "" {
			t.Fatalf("one tab got %+v, the other %+v", next, again)
		}
		last := decode[signedIn](t, rotating.post(t, "/api/auth/refresh", refreshBody(next.RefreshToken)).want(t, http.StatusOK))
		rotating.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusUnauthorized)
		rotating.post(t, "/api/auth/refresh", refreshBody(last.RefreshToken)).want(t, http.StatusUnauthorized)
	})
}

func TestChangingThePasswordEndsTheOtherSessions(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada := s.register(t, "ada@example.com")
		other := decode[signedIn](t, s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword)).want(t, http.StatusOK))
		change := func(current, replacement string) string {
			return fmt.Sprintf(`{"currentPassword":%q,"new_password":%q}`, current, replacement)
		}
		s.post(t, "/api/auth/change-password", change(goodPassword, "another password")).want(t, http.StatusUnauthorized)
		if a := s.with(t, ada.Token, "POST", "/auth/change-password/", change("not the password", "another password")); a.status < 400 || a.status >= 500 {
			t.Errorf("%d %s", a.status, a.body)
		}
		wantInvalid(t, "short", s.with(t, ada.Token, "POST", "/api/auth/change-password", change(goodPassword, "short")), "newPassword")
		wantInvalid(t, "two spellings", s.with(t, ada.Token, "POST", "/api/auth/change-password",
			`{"currentPassword":"a","newPassword":"another password","new_password":"yet another"}`), "new_password")
		wantInvalid(t, "nothing", s.with(t, ada.Token, "POST", "/api/auth/change-password", `{}`), "currentPassword")

		a := s.with(t, ada.Token, "POST", "/api/auth/change-password", change(goodPassword, "another password")).want(t, http.StatusOK)
		if keysOf(t, map[string]any(decode[object](t, a))) != "message" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %v", a.body, a.header)
		}
		s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword)).want(t, http.StatusUnauthorized)
		s.post(t, "/api/auth/login", credentials("ada@example.com", "another password")).want(t, http.StatusOK)
		s.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusOK)
		s.post(t, "/api/auth/refresh", refreshBody(other.RefreshToken)).want(t, http.StatusUnauthorized)
	})
}

func TestChangingTheProfile(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada := s.register(t, "ada@example.com")
		s.register(t, "eve@example.com")
		a := s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"name":" Ada Lovelace ","email":"Ada.L@example.com"}`).want(t, http.StatusOK)
		if got := decode[object](t, a); got["name"] != "Ada Lovelace" || got["email"] != "ada.l@example.com" || got["id"] != ada.User.ID ||
			got["created_at"] != ada.User.CreatedAt || len(got) != 8 {
			t.Errorf("got %s", a.body)
		}
		fresh := decode[signedIn](t, s.post(t, "/api/auth/refresh", refreshBody(ada.RefreshToken)).want(t, http.StatusOK))
		if claim(t, fresh.Token, "name") != "Ada Lovelace" || claim(t, fresh.Token, "email") != "ada.l@example.com" {
			t.Error("the next token says as before")
		}
		s.with(t, ada.Token, "PATCH", "/api/v1/me", `{"email":"EVE@example.com"}`).want(t, http.StatusConflict)
		for body, field := range map[string]string{
			`{"name":null}`: "name", `{"name":""}`: "name", `{"email":"x"}`: "email", `{"id":"x"}`: "id", `{"Name":"x"}`: "Name",
		} {
			wantInvalid(t, body, s.with(t, ada.Token, "PATCH", "/api/v1/me", body), field)
		}
		s.post(t, "/api/auth/login", credentials("ada.l@example.com", goodPassword)).want(t, http.StatusOK)
		s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword)).want(t, http.StatusUnauthorized)
	})
}

// TestWhoWatchesForMisuseSeesIt under names that stay, without any address in clear.
func TestWhoWatchesForMisuseSeesIt(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		ada := s.register(t, "ada@example.com")
		s.post(t, "/api/auth/register", `{"name":"x","email":"ada@example.com","password":"long enough"}`)
		s.post(t, "/api/auth/login", credentials("ada@example.com", "not the password"))
		s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword))
		s.with(t, ada.Token, "POST", "/api/auth/change-password", `{"currentPassword":"x","newPassword":"another password"}`)
		s.with(t, ada.Token, "POST", "/api/auth/change-password", credentialsChange(goodPassword, "another password"))
		s.with(t, ada.Token, "POST", "/api/auth/logout", "")
		var events []string
		hashes := map[string]bool{}
		for line := range strings.Lines(s.log.String()) {
			var e struct{ Logger, Message, Level, Email_hash, User_id, Request_id, Client_ip string }
			if json.Unmarshal([]byte(line), &e) == nil && e.Logger == "todod.security" {
				events = append(events, e.Level+" "+e.Message)
				if e.Email_hash != "" {
					hashes[e.Email_hash] = true
				} else if e.User_id != ada.User.ID {
					t.Errorf("whose? %s", line)
				}
				if e.Request_id == "" || e.Client_ip != "127.0.0.0" {
					t.Errorf("where from? %s", line)
				}
			}
		}
		want := "INFO auth.registered, WARNING auth.registration_refused, WARNING auth.sign_in_refused, INFO auth.signed_in, " +
			"WARNING auth.password_change_refused, INFO auth.password_changed, INFO auth.signed_out"
		if got := strings.Join(events, ", "); got != want || len(hashes) != 1 {
			t.Errorf("got %s, %v", got, hashes)
		}
		for _, secret := range []string{"ada@", goodPassword, "not the password", "another password", ada.Token, ada.RefreshToken} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	})
}

// credentialsChange is the body of a change of password.
func credentialsChange(current, replacement string) string {
	return fmt.Sprintf(`{"current_password":%q,"newPassword":%q}`, current, replacement)
}

// TestTheSignInRoutesAreDocumentedOnce, under /api alone.
func TestTheSignInRoutesAreDocumentedOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, openSQLite(t), nil)
	found := map[string]bool{}
	for _, r := range s.api.Routes() {
		if strings.Contains(r.Path, "auth") {
			found[fmt.Sprintf("%s %s %v", r.Method, r.Path, r.Secured)] = true
		}
	}
	for _, want := range []string{
		"POST /api/auth/register false", "POST /api/auth/login false", "POST /api/auth/refresh false",
		"POST /api/auth/token false", "POST /api/auth/logout false", "POST /api/auth/change-password true",
	} {
		if !found[want] {
			t.Errorf("no %s", want)
		}
		delete(found, want)
	}
	if len(found) > 0 {
		t.Errorf("also %v", found)
	}
}
