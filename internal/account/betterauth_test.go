package account_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// far is a stand-in for Better Auth with one person, Ada. It is for what the real one can't be made to do; test/betterauth
// holds the provider against that one.
type far struct {
	mu       sync.Mutex
	url      string
	alive    map[string]bool // sessions, by their tokens as they are asked for
	owner    string          // of all sessions
	user     string          // how it describes Ada, instead of as the real one does
	signOuts []string        // tokens
	down     bool
}

// newFar runs one.
func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{alive: map[string]bool{}, owner: "ada"}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// ServeHTTP implements http.Handler.
func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	user := fmt.Sprintf(`{"id":%q,"email":"ada@example.com","name":"Ada","createdAt":"2026-11-22T12:00:00.000Z"}`, f.owner)
	if f.user != "" {
		user = f.user
	}
	switch {
	case f.down:
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/api/auth/sign-in/email":
		f.alive["bare"], f.alive["bare.signature"] = true, true
		w.Header().Set("Set-Auth-Token", "bare.signature")
		_, _ = fmt.Fprintf(w, `{"token":"bare","user":%s}`, user)
	case r.URL.Path == "/api/auth/sign-out":
		f.signOuts = append(f.signOuts, token)
		_, _ = w.Write([]byte(`{"success":true}`))
	case !f.alive[token]:
		_, _ = w.Write([]byte(`null`))
	default:
		_, _ = fmt.Fprintf(w, `{"session":{},"user":%s}`, user)
	}
}

// do changes it.
func (f *far) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// ended returns the tokens of which it was told that their sessions end.
func (f *far) ended() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.signOuts, " ")
}

// through returns a provider over f and a store, with these secrets.
func through(t *testing.T, f *far, store account.Store, texts ...string) *account.BetterAuth {
	t.Helper()
	all := secrets(texts...)
	b, err := account.NewBetterAuth(account.BetterAuthConfig{
		URL: f.url, Secrets: all, Sessions: account.NewSessions(store, mint, time.Now, all, nil), Now: time.Now,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// signIn signs Ada in.
func signIn(t *testing.T, b *account.BetterAuth) account.SignedIn {
	t.Helper()
	s, err := b.Login(t.Context(), "ada@example.com", "secret", account.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expect fails the test unless err has this code; 0 is no error.
func expect(t *testing.T, what string, err error, want todo.Code) {
	t.Helper()
	if (err == nil) != (want == 0) || todo.CodeOf(err) != want {
		t.Errorf("%s: %v, want code %d", what, err, want)
	}
}

// TestASessionIsKnownByEitherForm of its token: the signed one where only that is taken, the bare one after the secret
// that signed it was replaced.
func TestASessionIsKnownByEitherForm(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, store, "s1")
		s := signIn(t, b)
		for name, alive := range map[string]map[string]bool{"signed": {"bare.signature": true}, "bare": {"bare": true}} {
			f.do(func() { f.alive = alive })
			got, err := b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
			if expect(t, name, err, 0); got.Tokens.Refresh != s.Tokens.Refresh || caller(t, got.Tokens.Access).ID != "ada" {
				t.Errorf("%s: got %+v, want %+v", name, got, s.Tokens)
			}
		}
		if err := b.Logout(t.Context(), account.Caller{}, s.Tokens.Refresh, account.Client{}); err != nil || f.ended() != "bare.signature bare" {
			t.Errorf("%v, told of %q", err, f.ended())
		}
	})
}

// TestAServiceThatAnswersAlmostRight: what only decorates keeps nobody out and ends nothing; while an id can't be one, the
// session waits for better answers.
func TestAServiceThatAnswersAlmostRight(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, store, "s1")
		for user, id := range map[string]todo.UserID{
			`{"id":7,"createdAt":1795348800000,"name":null}`:                                          "7",
			`{"id":"8","createdAt":"","email":7,"name":"a\u0000b","plan":[]}`:                         "8",
			`{"id":"9","createdAt":"2026-11-22 12:00:00","name":"` + strings.Repeat("😀", 4000) + `"}`: "9",
		} {
			f.do(func() { f.user = user })
			s := signIn(t, b)
			if s.Person.ID != id {
				t.Errorf("%s is %q", user, s.Person.ID)
			}
			for _, bad := range []string{`"` + strings.Repeat("x", 300) + `"`, `"a\u0000b"`, `1.5`, `null`} {
				f.do(func() { f.user = `{"id":` + bad + `}` })
				_, err := b.Login(t.Context(), "ada@example.com", "secret", account.Client{})
				expect(t, "signing in as "+bad, err, todo.Unavailable)
				_, err = b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
				expect(t, "refreshing as "+bad, err, todo.Unavailable)
			}
			f.do(func() { f.user = user })
			_, err := b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
			expect(t, "refreshing as before", err, 0)
		}
	})
}

func TestAwayIsNotOver(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, store, "s1")
		s := signIn(t, b)
		f.do(func() { f.down = true })
		_, err := b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
		expect(t, "away", err, todo.Unavailable)
		f.do(func() { f.down = false })
		_, err = b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
		expect(t, "back", err, 0)
		f.do(func() { f.down = true })
		expect(t, "logout", b.Logout(t.Context(), account.Caller{}, s.Tokens.Refresh, account.Client{}), 0)
		f.do(func() { f.down = false })
		_, err = b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
		expect(t, "after the logout", err, todo.Unauthenticated)
	})
}

// TestASessionThatIsNoneAnyMoreStaysDead: whatever ended it, it doesn't come back when that is put right.
func TestASessionThatIsNoneAnyMoreStaysDead(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		for name, c := range map[string]struct {
			secret string
			end    func(f *far)
		}{
			"ended there":     {"s1", func(f *far) { f.alive = map[string]bool{} }},
			"somebody else's": {"s1", func(f *far) { f.owner = "eve" }},
			"another secret":  {"s2", func(*far) {}},
		} {
			f := newFar(t)
			b := through(t, f, store, "s1")
			s := signIn(t, b)
			before := f.alive
			f.do(func() { c.end(f) })
			_, err := through(t, f, store, c.secret).Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
			expect(t, name, err, todo.Unauthenticated)
			f.do(func() { f.alive, f.owner = before, "ada" })
			_, err = b.Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
			expect(t, name+", put right", err, todo.Unauthenticated)
		}
	})
}

func TestSessionsSurviveARotationOfSecrets(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		s := signIn(t, through(t, f, store, "old"))
		_, err := through(t, f, store, "new", "old").Refresh(t.Context(), s.Tokens.Refresh, account.Client{})
		expect(t, "with both", err, 0)
	})
}

// TestWhoSignedInThroughBetterAuthBeforeGetsIn from there; about all others it isn't asked.
func TestWhoSignedInThroughBetterAuthBeforeGetsIn(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, store, "s1")
		if _, err := b.Login(t.Context(), " Ada@example.com", "secret", here); err != nil {
			t.Fatal(err)
		}
		_, err := b.LoginFromKnown(t.Context(), "ada@EXAMPLE.com", "secret", here)
		expect(t, "from the same network", err, 0)
		f.do(func() { f.down = true })
		_, err = b.LoginFromKnown(t.Context(), "ada@example.com", "secret", here)
		expect(t, "it is asked", err, todo.Unavailable)
		for _, email := range []string{"ada@example.com", "bob@example.com", "no address"} {
			_, err := b.LoginFromKnown(t.Context(), email, "secret", account.Client{Address: "192.0.2.2"})
			if expect(t, "from another", err, todo.Unauthenticated); !errors.Is(err, account.ErrUnknownNetwork) {
				t.Error(err)
			}
		}
	})
}

// TestSecretsChangeWhileSessionsGoOn: the provider asks for the secrets each time.
func TestSecretsChangeWhileSessionsGoOn(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		all := [][]byte{[]byte("old")}
		inUse := func() [][]byte { return all }
		b, err := account.NewBetterAuth(account.BetterAuthConfig{
			URL: f.url, Secrets: inUse, Sessions: account.NewSessions(store, mint, time.Now, inUse, nil),
			Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		before := signIn(t, b)
		all = [][]byte{[]byte("new"), []byte("old")}
		_, err = b.Refresh(t.Context(), before.Tokens.Refresh, account.Client{})
		expect(t, "with both", err, 0)
		after := signIn(t, b)
		all = [][]byte{[]byte("new")}
		_, err = b.Refresh(t.Context(), after.Tokens.Refresh, account.Client{})
		expect(t, "sealed under the new one", err, 0)
		_, err = b.Refresh(t.Context(), before.Tokens.Refresh, account.Client{})
		expect(t, "sealed under the old one, which has gone", err, todo.Unauthenticated)
	})
}

// TestASessionOfALocalAccountEnds when the accounts have moved to Better Auth: nothing there stands behind it.
func TestASessionOfALocalAccountEnds(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		session, tokens, err := account.NewSessions(store, mint, time.Now, secrets("a secret"), nil).New(account.Person{ID: "ada"})
		if err == nil {
			err = store.StartSession(t.Context(), session, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = through(t, f, store, "s1").Refresh(t.Context(), tokens.Refresh, account.Client{})
		expect(t, "refresh", err, todo.Unauthenticated)
	})
}

// full is a store that takes no sessions.
type full struct{ account.Store }

// StartSession implements account.Store.
func (full) StartSession(context.Context, account.Session, string) error {
	return todo.ServiceUnavailable(errors.New("disk full"))
}

// TestASessionThatCouldNotBeKeptEndsThere: nobody would ever use it.
func TestASessionThatCouldNotBeKeptEndsThere(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, full{store}, "s1")
		_, err := b.Login(t.Context(), "ada@example.com", "secret", account.Client{})
		expect(t, "login", err, todo.Unavailable)
		if f.ended() != "bare.signature bare" {
			t.Errorf("told of %q", f.ended())
		}
	})
}

// TestTheTokenIsNotKeptInTheClear: whoever has the database has no session of anyone.
func TestTheTokenIsNotKeptInTheClear(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		s := signIn(t, through(t, f, store, "s1"))
		session, err := store.Session(t.Context(), "ada", caller(t, s.Tokens.Access).SessionID, time.Now())
		if err != nil || len(session.Sealed) == 0 || strings.Contains(string(session.Sealed), "bare") {
			t.Errorf("%+v, %v", session, err)
		}
	})
}
