package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"todod/internal/auth"
	"todod/internal/httpapi"
	"todod/internal/ratelimit"
)

// mintAs returns a good token with these claims that was issued so long from now.
func mintAs(t testing.TB, c auth.Claims, from time.Duration) string {
	t.Helper()
	c.IssuedAt = time.Now().Add(from)
	c.ExpiresAt = time.Now().Add(time.Hour)
	token, err := auth.Mint(secret, c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// without returns a body without the values of these members, which differ from time to time.
func without(t testing.TB, a answer, names ...string) string {
	t.Helper()
	o := decode[object](t, a)
	for _, name := range names {
		if o[name] == nil {
			t.Fatalf("no %s in %s", name, a.body)
		}
		delete(o, name)
	}
	rest, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(rest)
}

func TestMe(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		const nothing = `"rev":0,"tasks":{"completed":0,"open":0,"overdue":0,"total":0},"time_zone":"UTC","trash":0}`
		a := s.as(t, "ada", "GET", "/api/v1/me", "").want(t, http.StatusOK)
		if got, want := without(t, a), `{"created_at":null,"email":null,"id":"ada","name":null,`+nothing; got != want {
			t.Errorf("who never wrote: got %s, want %s", got, want)
		}
		if cache := a.header.Get("Cache-Control"); cache != "private, no-cache" || !slices.Contains(a.header.Values("Vary"), "Authorization") {
			t.Errorf("headers %v", a.header)
		}
		token := mintAs(t, auth.Claims{Subject: "eve", Email: "eve@example.com", Name: "Eve"}, 0)
		if got, want := without(t, s.with(t, token, "GET", "/api/v1/me", "")), `{"created_at":null,"email":"eve@example.com","id":"eve","name":"Eve",`+nothing; got != want {
			t.Errorf("as the token says: got %s, want %s", got, want)
		}

		bob := s.register(t, "bob@example.com")
		s.with(t, bob.Token, "POST", "/api/v1/tasks", `{"title":"a","due_date":"2001-01-01"}`).want(t, http.StatusCreated)
		s.with(t, bob.Token, "POST", "/api/v1/tasks", `{"title":"b","completed":true,"due_date":"2001-01-01"}`).want(t, http.StatusCreated)
		s.with(t, bob.Token, "POST", "/api/v1/tasks", `{"title":"c"}`).want(t, http.StatusCreated)
		thrown := s.with(t, bob.Token, "POST", "/api/v1/tasks", `{"title":"d"}`).want(t, http.StatusCreated)
		s.with(t, bob.Token, "DELETE", path(decode[object](t, thrown)), "").want(t, http.StatusNoContent)
		a = s.with(t, bob.Token, "GET", "/api/v1/me", "").want(t, http.StatusOK)
		want := `{"email":"bob@example.com","name":"Ada","rev":5,"tasks":{"completed":1,"open":2,"overdue":1,"total":3},"time_zone":"UTC","trash":1}`
		if got := without(t, a, "id", "created_at"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if me := decode[object](t, a); me["id"] != bob.User.ID || me["created_at"] != bob.User.CreatedAt {
			t.Errorf("got %s, registered as %+v", a.body, bob.User)
		}
		changed := s.with(t, bob.Token, "PATCH", "/api/v1/me", `{"name":"Bob"}`).want(t, http.StatusOK)
		if again := s.with(t, bob.Token, "GET", "/api/v1/me", ""); changed.body != again.body || decode[object](t, again)["name"] != "Bob" {
			t.Errorf("PATCH answers %s, GET %s", changed.body, again.body)
		}
		s.with(t, bob.Token, "GET", "/api/v1/me?x=1", "").want(t, http.StatusBadRequest)
	})
}

// TestErasure: nothing is left, every token from before is refused everywhere, and a later one starts from nothing.
func TestErasure(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s *server) {
		others := s.create(t, "eve", `{"title":"hers"}`)
		token := mintAs(t, auth.Claims{Subject: "ada", Email: "ada@example.com"}, 0)
		later := mintAs(t, auth.Claims{Subject: "ada"}, 20*time.Second) // within the leeway
		made := s.with(t, token, "POST", "/api/v1/tasks", `{"title":"secret"}`).want(t, http.StatusCreated)
		id := strings.TrimPrefix(made.header.Get("Location"), "/api/v1/tasks/")
		s.do(t, request{method: "PUT", path: "/api/v1/tasks/" + id, body: `{"title":"secret 2"}`, header: map[string]string{
			"Authorization": "Bearer " + token, "Idempotency-Key": "key",
		}}).want(t, http.StatusOK)
		since := decode[object](t, s.with(t, token, "GET", "/api/v1/sync", ""))["next"].(string)

		gone := s.with(t, token, "DELETE", "/api/v1/me", "").want(t, http.StatusNoContent)
		if gone.body != "" {
			t.Errorf("body %q", gone.body)
		}
		for _, route := range securedRoutes(t, s) {
			path := strings.NewReplacer("{id}", id, "{key}", "key").Replace(route.Path)
			a := s.with(t, token, route.Method, path, bodies[route.Method+" "+route.Path])
			if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` ||
				!strings.Contains(a.body, "Invalid or expired authentication token") {
				t.Errorf("%s %s: %d %s %v", route.Method, route.Path, a.status, a.body, a.header)
			}
		}

		if got, want := without(t, s.with(t, later, "GET", "/api/v1/me", "")),
			`{"created_at":null,"email":null,"id":"ada","name":null,"rev":0,"tasks":{"completed":0,"open":0,"overdue":0,"total":0},"time_zone":"UTC","trash":0}`; got != want {
			t.Errorf("a later token: got %s, want %s", got, want)
		}
		for _, path := range []string{"/api/v1/tasks", "/api/v1/trash"} {
			if a := s.with(t, later, "GET", path, "").want(t, http.StatusOK); a.body != "[]" {
				t.Errorf("%s: %s", path, a.body)
			}
		}
		for _, path := range []string{"/api/v1/tasks/" + id, "/api/v1/tasks/" + id + "/history", "/api/v1/operations/key"} {
			s.with(t, later, "GET", path, "").want(t, http.StatusNotFound)
		}
		s.with(t, later, "GET", "/api/v1/sync?since="+since, "").want(t, http.StatusGone)
		again := decode[object](t, s.with(t, later, "POST", "/api/v1/tasks", `{"title":"new"}`).want(t, http.StatusCreated))
		if again["version"] != json.Number("1") {
			t.Errorf("the first task of another life: %v", again)
		}
		s.with(t, token, "DELETE", "/api/v1/me", "").want(t, http.StatusUnauthorized)
		s.with(t, later, "GET", path(again), "").want(t, http.StatusOK)
		s.as(t, "eve", "GET", path(others), "").want(t, http.StatusOK)
		if n := strings.Count(s.log.String(), `"account.erased"`); n != 1 {
			t.Errorf("logged %d times", n)
		}
	})
}

// TestErasingAnAccount ends its sessions and sets its address free.
func TestErasingAnAccount(t *testing.T) {
	onEveryPlace(t, func(t *testing.T, s *server) {
		ada := s.register(t, "ada@example.com")
		other := decode[signedIn](t, s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword)).want(t, http.StatusOK))
		s.with(t, ada.Token, "DELETE", "/api/v1/me", "").want(t, http.StatusNoContent)
		for _, token := range []string{ada.Token, other.Token} {
			s.with(t, token, "GET", "/api/v1/me", "").want(t, http.StatusUnauthorized)
		}
		for _, token := range []string{ada.RefreshToken, other.RefreshToken} {
			s.post(t, "/api/auth/refresh", refreshBody(token)).want(t, http.StatusUnauthorized)
		}
		s.post(t, "/api/auth/login", credentials("ada@example.com", goodPassword)).want(t, http.StatusUnauthorized)
		if again := s.register(t, "ada@example.com"); again.User.ID == ada.User.ID {
			t.Error("the same person is back")
		}
	})
}

// TestErasuresAreLimited like tries of a password, for each person.
func TestErasuresAreLimited(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	rate := ratelimit.Rate{Quota: 2, Window: time.Hour}
	plenty := ratelimit.Rate{Quota: 1000, Window: time.Hour}
	s := newServer(t, store, func(cfg *httpapi.Config) {
		cfg.Limits = httpapi.Limits{
			Source: ratelimit.NewMemory(time.Now, 100), Authenticated: plenty, Anonymous: plenty, SignIn: rate,
		}
	})
	for i, want := range []int{http.StatusNoContent, http.StatusNoContent, http.StatusTooManyRequests} {
		token := mintAs(t, auth.Claims{Subject: "ada"}, time.Duration(2*i)*time.Second)
		a := s.with(t, token, "DELETE", "/api/v1/me", "").want(t, want)
		if want == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Errorf("headers %v", a.header)
		}
	}
	s.as(t, "eve", "DELETE", "/api/v1/me", "").want(t, http.StatusNoContent)
}
