package account_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"todod/internal/account"
	"todod/internal/pgtest"
	"todod/internal/store/postgres"
	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// A house is a Local over a real store with a clock that stands still until it is told.
type house struct {
	*account.Local
	store     account.Store
	sessions  *account.Sessions
	passwords *account.Passwords

	mu  sync.Mutex
	now time.Time
}

// pass lets time pass.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// clock is the house's clock.
func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// mint makes an access token that can be read.
func mint(p account.Person, sessionID string, at time.Time) (string, error) {
	return fmt.Sprintf("%s|%s|%s|%s|%s", p.ID, p.Email, p.Name, sessionID, at.Format(time.RFC3339Nano)), nil
}

// caller returns who calls with an access token.
func caller(t *testing.T, access string) account.Caller {
	t.Helper()
	parts := strings.Split(access, "|")
	if len(parts) != 5 {
		t.Fatalf("%q is no access token", access)
	}
	return account.Caller{ID: todo.UserID(parts[0]), SessionID: parts[3]}
}

// over returns a house over store, which rotates with a grace of half a minute if it rotates.
func over(store account.Store, rotate bool) *house {
	if !rotate {
		return overWith(store, nil)
	}
	return overWith(store, rotation(30*time.Second, "a secret"))
}

// rotation returns one with these secrets, the first in front.
func rotation(grace time.Duration, all ...string) *account.Rotation {
	return &account.Rotation{Secrets: secrets(all...), Grace: grace}
}

// secrets returns what says that these are in use.
func secrets(texts ...string) func() [][]byte {
	var all [][]byte
	for _, s := range texts {
		all = append(all, []byte(s))
	}
	return func() [][]byte { return all }
}

// overWith returns a house over store with this rotation.
func overWith(store account.Store, rotation *account.Rotation) *house {
	h := &house{store: store, passwords: account.CheapPasswords(), now: time.Date(2026, 1, 15, 12, 0, 0, 123456789, time.UTC)}
	h.sessions = account.NewSessions(store, mint, h.clock, secrets("a secret"), rotation)
	h.Local = account.NewLocal(h.sessions, h.passwords)
	return h
}

// onBothStores runs a test in parallel on SQLite and on PostgreSQL, with an empty store each.
func onBothStores(t *testing.T, test func(t *testing.T, store account.FullStore)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "todod.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		test(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t, "accounts", func(ctx context.Context, url string) error {
			_, err := postgres.Migrate(ctx, url, false)
			return err
		})
		s, err := postgres.Connect(t.Context(), postgres.Config{URL: url, PoolSize: 8, PoolTimeout: 20 * time.Second, Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		test(t, s)
	})
}

// here is where everybody calls from.
var here = account.Client{Address: "192.0.2.1"}

// password is everybody's.
const password = "correct horse"

// mustRegister registers somebody.
func mustRegister(t *testing.T, h *house, email string) account.SignedIn {
	t.Helper()
	in, err := h.Register(t.Context(), account.Registration{Name: "Ada", Email: email, Password: password}, here)
	if err != nil {
		t.Fatalf("register: %v", err)
	}
	return in
}

// mustLogin signs somebody in.
func mustLogin(t *testing.T, h *house, email, password string) account.SignedIn {
	t.Helper()
	in, err := h.Login(t.Context(), email, password, here)
	if err != nil {
		t.Fatalf("log in: %v", err)
	}
	return in
}

// wantCode fails the test unless err is an Error of this code.
func wantCode(t *testing.T, err error, code todo.Code) {
	t.Helper()
	if got := todo.CodeOf(err); got != code {
		t.Fatalf("error code: got %d (%v), want %d", got, err, code)
	}
}

// wantFields fails the test unless err is Invalid for these fields.
func wantFields(t *testing.T, err error, fields ...string) {
	t.Helper()
	var invalid *todo.Error
	if !errors.As(err, &invalid) || invalid.Code != todo.Invalid {
		t.Fatalf("got %v, want Invalid", err)
	}
	var got []string
	for _, f := range invalid.Fields {
		got = append(got, f.Field)
	}
	if strings.Join(got, " ") != strings.Join(fields, " ") {
		t.Fatalf("fields at fault: %v, want %v", got, fields)
	}
}

func TestWhoRegistersIsSignedInAndCanSignInAgain(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in, err := h.Register(t.Context(), account.Registration{Name: " Ada ", Email: " Ada@Example.COM ", Password: password}, here)
		if err != nil {
			t.Fatal(err)
		}
		p := in.Person
		if p.Email != "ada@example.com" || p.Name != "Ada" || !p.CreatedAt.Equal(h.clock().Truncate(time.Microsecond)) ||
			!regexp.MustCompile(`^[A-Za-z0-9]{32}$`).MatchString(string(p.ID)) {
			t.Errorf("%+v", p)
		}
		if got := caller(t, in.Tokens.Access); got.ID != p.ID || got.SessionID == "" {
			t.Errorf("the access token is %+v's", got)
		}
		h.pass(time.Hour)
		again := mustLogin(t, h, "ADA@example.com", password)
		if !again.Person.CreatedAt.Equal(p.CreatedAt) || again.Person.ID != p.ID || again.Person.Name != "Ada" ||
			again.Tokens.Refresh == in.Tokens.Refresh || caller(t, again.Tokens.Access).SessionID == caller(t, in.Tokens.Access).SessionID {
			t.Errorf("%+v", again)
		}
		a, err := store.Account(t.Context(), p.ID)
		if err != nil || strings.Contains(a.PasswordHash, password) || !account.KnownHash(a.PasswordHash) {
			t.Errorf("stored: %+v, %v", a, err)
		}
	})
}

func TestRegistrationsThatBreakRules(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		mustRegister(t, h, "ada@example.com")
		_, err := h.Register(t.Context(), account.Registration{Name: "Eve", Email: "ADA@example.com", Password: "another one"}, here)
		wantCode(t, err, todo.Conflict)
		mustLogin(t, h, "ada@example.com", password)

		_, err = h.Register(t.Context(), account.Registration{Name: "\u200b", Email: "nobody", Password: "1234567"}, here)
		wantFields(t, err, "name", "email", "password")
		_, err = h.Register(t.Context(), account.Registration{}, here)
		wantFields(t, err, "name", "email", "password")
		if strings.Contains(err.Error(), "1234567") {
			t.Errorf("%v repeats the password", err)
		}
	})
}

// TestSignInsThatFailAreAlike: in what is said, and in what it costs: none of them is answered without a hash.
func TestSignInsThatFailAreAlike(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		mustRegister(t, h, "ada@example.com")
		attempts := map[string][2]string{
			"a wrong password": {"ada@example.com", "wrong horse"}, "no such address": {"bob@example.com", password},
			"no address": {"not an address", password}, "nothing": {"", ""}, "a long password": {"ada@example.com", strings.Repeat("x", 5000)},
			"bytes": {"ada@example.com", "\xff\x00"},
		}
		var said string
		for name, a := range attempts {
			_, err := h.Login(t.Context(), a[0], a[1], here)
			wantCode(t, err, todo.Unauthenticated)
			var refused *todo.Error
			if errors.As(err, &refused); said == "" {
				said = refused.Message
			}
			if refused.Message != said || refused.RetryAfter != 0 || len(refused.Fields) != 0 {
				t.Errorf("%s: %+v", name, refused)
			}
		}
		release := h.passwords.Occupy()
		defer release()
		for name, a := range attempts {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			_, err := h.Login(ctx, a[0], a[1], here)
			cancel()
			if todo.CodeOf(err) != todo.Unavailable {
				t.Errorf("%s is answered without a hash: %v", name, err)
			}
		}
	})
}

// oneAccount is a Store of one account, without a database: time in a test can only be made to pass without one.
type oneAccount struct {
	account.Store
	account account.Account
	known   bool // every network
}

// AccountByEmail implements account.Store. To find somebody takes longer than to find nobody.
func (s oneAccount) AccountByEmail(_ context.Context, email string) (account.Account, error) {
	if email != s.account.Email {
		return account.Account{}, account.NoAccount()
	}
	time.Sleep(100 * time.Millisecond)
	return s.account, nil
}

// NetworkKnown implements account.Store.
func (s oneAccount) NetworkKnown(context.Context, []string, time.Time) (bool, error) {
	return s.known, nil
}

// TestSignInsThatFailTakeTheSameTime: by the hash of another program, and without an account; also where the password isn't
// looked at.
func TestSignInsThatFailTakeTheSameTime(t *testing.T) {
	t.Parallel()
	hash, _ := account.ForeignHash("passlib")
	synctest.Test(t, func(t *testing.T) {
		store := oneAccount{account: account.Account{Person: account.Person{Email: "ada@example.com"}, PasswordHash: hash}}
		for _, email := range []string{"ada@example.com", "bob@example.com", "no address"} {
			for _, known := range []bool{false, true} {
				store.known = known
				local := account.NewLocal(account.NewSessions(store, mint, time.Now, secrets("a secret"), nil), account.NewPasswords())
				for name, login := range map[string]func(context.Context, string, string, account.Client) (account.SignedIn, error){
					"in general": local.Login, "from known networks": local.LoginFromKnown,
				} {
					start := time.Now()
					_, err := login(t.Context(), email, "wrong", here)
					wantCode(t, err, todo.Unauthenticated)
					if took := time.Since(start); took != account.LeastRefusal {
						t.Errorf("%s is refused %s after %v", email, name, took)
					}
				}
			}
		}
	})
}

// TestWhoSignedInBeforeGetsIn from there, by any spelling of their address, with any of the secrets in use, for 30 days,
// and nobody else.
func TestWhoSignedInBeforeGetsIn(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		mustRegister(t, h, "ada@example.com")
		mustRegister(t, h, "bob@example.com")
		try := func(email, password, address string) error {
			t.Helper()
			in, err := h.LoginFromKnown(t.Context(), email, password, account.Client{Address: address})
			if err == nil && in.Person.Email != "ada@example.com" {
				t.Errorf("%s signed in %+v", email, in.Person)
			}
			return err
		}
		unknown := func(email, address string) {
			t.Helper()
			err := try(email, password, address)
			if todo.CodeOf(err) != todo.Unauthenticated || !errors.Is(err, account.ErrUnknownNetwork) {
				t.Errorf("%s from %q: %v", email, address, err)
			}
		}
		for _, email := range []string{"ada@example.com", " ADA@Example.com"} {
			if err := try(email, password, here.Address); err != nil {
				t.Errorf("%q: %v", email, err)
			}
		}
		if err := try("ada@example.com", password, "::ffff:"+here.Address); err != nil {
			t.Error(err)
		}
		wrong := try("ada@example.com", "wrong", here.Address)
		if todo.CodeOf(wrong) != todo.Unauthenticated || errors.Is(wrong, account.ErrUnknownNetwork) {
			t.Errorf("a wrong password: %v", wrong)
		}
		for _, email := range []string{"nobody@example.com", "no address", ""} {
			unknown(email, here.Address)
		}
		for _, address := range []string{"192.0.2.2", "2001:db8::1", "", "no address"} {
			unknown("ada@example.com", address)
		}

		home := account.Client{Address: "2001:db8:0:1::1"}
		if _, err := h.Login(t.Context(), "ada@example.com", "wrong", home); todo.CodeOf(err) != todo.Unauthenticated {
			t.Fatal(err)
		}
		unknown("ada@example.com", home.Address) // nobody has got in from there
		if _, err := h.Login(t.Context(), "ada@example.com", password, home); err != nil {
			t.Fatal(err)
		}
		if err := try("ada@example.com", password, "2001:db8:0:1:2::9"); err != nil {
			t.Errorf("another address of the same /64: %v", err)
		}
		unknown("ada@example.com", "2001:db8:0:2::1")
		unknown("bob@example.com", home.Address)

		another := func(texts ...string) error {
			sessions := account.NewSessions(store, mint, h.clock, secrets(texts...), nil)
			_, err := account.NewLocal(sessions, h.passwords).LoginFromKnown(t.Context(), "ada@example.com", password, home)
			return err
		}
		wantCode(t, another("a new secret"), todo.Unauthenticated)
		if err := another("a new secret", "a secret"); err != nil { // and now it is known under the new one, too
			t.Error(err)
		}
		if err := another("a new secret"); err != nil {
			t.Error(err)
		}

		h.pass(account.NetworkKnownFor - time.Second)
		if err := try("ada@example.com", password, here.Address); err != nil {
			t.Errorf("after almost 30 days: %v", err)
		}
		h.pass(2 * time.Second)
		unknown("ada@example.com", home.Address)
		if err := try("ada@example.com", password, here.Address); err != nil {
			t.Errorf("where they signed in just now: %v", err)
		}
		kept, err := store.KnownNetworks(t.Context(), caller(t, mustLogin(t, h, "ada@example.com", password).Tokens.Access).ID)
		if err != nil || len(kept) != 1 || strings.Contains(fmt.Sprint(kept), here.Address) {
			t.Errorf("kept are %v, %v", kept, err)
		}
	})
}

func TestHashesAreUpgradedAtSignIn(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		for i, by := range []string{"passlib", "better-auth", "argon2-cffi", "passlib, wrapped", "better-auth, wrapped"} {
			other, wrapped := strings.CutSuffix(by, ", wrapped")
			hash, password := account.ForeignHash(other)
			if wrapped {
				var err error
				if hash, err = h.passwords.Wrap(t.Context(), hash); err != nil {
					t.Fatal(err)
				}
			}
			p := account.Person{ID: todo.UserID(by), Email: fmt.Sprintf("%d@example.com", i), Name: "x", CreatedAt: h.clock().Truncate(time.Microsecond)}
			if err := store.CreateAccount(t.Context(), account.Account{Person: p, PasswordHash: hash}, nil); err != nil {
				t.Fatal(err)
			}
			_, err := h.Login(t.Context(), p.Email, "wrong", here)
			wantCode(t, err, todo.Unauthenticated)
			if a, err := store.Account(t.Context(), p.ID); err != nil || a.PasswordHash != hash {
				t.Errorf("%s: a wrong password made the hash %q, %v", by, a.PasswordHash, err)
			}
			atOnce(t, 6, func() error { // all of them find an upgrade due
				_, err := h.Login(context.Background(), p.Email, password, here)
				return err
			})
			a, err := store.Account(t.Context(), p.ID)
			if err != nil || h.passwords.NeedsUpgrade(a.PasswordHash) {
				t.Errorf("%s: %q, %v", by, a.PasswordHash, err)
			}
			mustLogin(t, h, p.Email, password)
			if again, err := store.Account(t.Context(), p.ID); err != nil || again.PasswordHash != a.PasswordHash {
				t.Errorf("%s: upgraded again, %v", by, err)
			}
		}
	})
}

// atOnce runs n calls of f at the same time and fails the test with the first error.
func atOnce(t *testing.T, n int, f func() error) {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestRefreshing: the first token stays good for a week, and the access token follows the account.
func TestRefreshing(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in := mustRegister(t, h, "ada@example.com")
		who := caller(t, in.Tokens.Access)
		name, email := " Countess ", "Countess@example.com"
		if p, err := h.ChangeProfile(t.Context(), who, account.Profile{Name: &name, Email: &email}); err != nil || p.Name != "Countess" || p.Email != "countess@example.com" {
			t.Fatalf("%+v, %v", p, err)
		}
		for range 3 {
			h.pass(time.Hour)
			tokens, err := h.Refresh(t.Context(), in.Tokens.Refresh, here)
			if err != nil || tokens.Tokens.Refresh != in.Tokens.Refresh || caller(t, tokens.Tokens.Access) != who ||
				!strings.Contains(tokens.Tokens.Access, "|countess@example.com|Countess|") || !strings.HasSuffix(tokens.Tokens.Access, h.clock().Truncate(time.Microsecond).Format(time.RFC3339Nano)) {
				t.Fatalf("%+v, %v", tokens, err)
			}
		}
		h.pass(account.RefreshLifetime - 3*time.Hour - time.Microsecond)
		if _, err := h.Refresh(t.Context(), in.Tokens.Refresh, here); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Microsecond)
		_, err := h.Refresh(t.Context(), in.Tokens.Refresh, here)
		wantCode(t, err, todo.Unauthenticated)
	})
}

// TestTokensThatCannotBeRefreshed get one answer.
func TestTokensThatCannotBeRefreshed(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in, other := mustRegister(t, h, "ada@example.com"), mustRegister(t, h, "bob@example.com")
		owner, secret, _ := strings.Cut(in.Tokens.Refresh, ".")
		otherOwner, _, _ := strings.Cut(other.Tokens.Refresh, ".")
		flipped := "A"
		if strings.HasSuffix(secret[:42], "A") {
			flipped = "B"
		}
		var said string
		for name, refresh := range map[string]string{
			"nothing": "", "an access token": in.Tokens.Access, "another's secret": otherOwner + "." + secret,
			"a wrong second half": owner + "." + secret[:41] + flipped + secret[42:], "a wrong first half": owner + "." + strings.Repeat("A", 22) + secret[22:],
			"of nobody": "bm9ib2R5." + secret,
		} {
			_, err := h.Refresh(t.Context(), refresh, here)
			var refused *todo.Error
			if !errors.As(err, &refused) || refused.Code != todo.Unauthenticated {
				t.Fatalf("%s: %v", name, err)
			}
			if said == "" {
				said = refused.Message
			}
			if refused.Message != said {
				t.Errorf("%s: %q, elsewhere %q", name, refused.Message, said)
			}
		}
		if _, err := h.Refresh(t.Context(), in.Tokens.Refresh, here); err != nil {
			t.Errorf("without rotation, a bad token ended the session: %v", err)
		}
	})
}

// TestRotation: each token once, a week from its own beginning, and a second use of any of them ends the session.
func TestRotation(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, true)
		for name, reused := range map[string]int{"the last one": 2, "the first one": 0} {
			in := mustRegister(t, h, strings.ReplaceAll(name, " ", "-")+"@example.com")
			elsewhere := mustLogin(t, h, in.Person.Email, password)
			tokens := []string{in.Tokens.Refresh}
			for i := range 3 {
				h.pass(account.RefreshLifetime - time.Hour)
				next, err := h.Refresh(t.Context(), tokens[i], here)
				if err != nil || caller(t, next.Tokens.Access) != caller(t, in.Tokens.Access) || next.Tokens.Refresh == tokens[i] {
					t.Fatalf("%s: refresh %d: %+v, %v", name, i, next, err)
				}
				tokens = append(tokens, next.Tokens.Refresh)
				if i == 0 {
					if elsewhere, err = h.Refresh(t.Context(), elsewhere.Tokens.Refresh, here); err != nil {
						t.Fatal(err)
					}
				}
			}
			h.pass(30 * time.Second) // the grace of the last but one
			other := mustLogin(t, h, in.Person.Email, password)
			for _, refresh := range []string{tokens[reused], tokens[3]} {
				_, err := h.Refresh(t.Context(), refresh, here)
				wantCode(t, err, todo.Unauthenticated)
			}
			if _, err := h.Refresh(t.Context(), other.Tokens.Refresh, here); err != nil {
				t.Errorf("%s ended another session: %v", name, err)
			}
			_, err := h.Refresh(t.Context(), elsewhere.Tokens.Refresh, here)
			wantCode(t, err, todo.Unauthenticated) // more than a week old by now
		}
	})
}

// TestAUsedTokenGivesTheSameSuccessorForAWhile: as long as its successor wasn't used, and no longer than the grace; after
// that, a use ends the session.
func TestAUsedTokenGivesTheSameSuccessorForAWhile(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, true)
		refresh := func(token string) account.Tokens {
			t.Helper()
			tokens, err := h.Refresh(t.Context(), token, here)
			if err != nil {
				t.Fatal(err)
			}
			return tokens.Tokens
		}
		mustRegister(t, h, "ada@example.com")
		for name, end := range map[string]func(next string){
			"the grace is over":      func(string) { h.pass(time.Microsecond) },
			"its successor was used": func(next string) { refresh(next) },
			"and so was that one's":  func(next string) { refresh(refresh(next).Refresh) },
			"nothing":                nil,
		} {
			in := mustLogin(t, h, "ada@example.com", password)
			used := in.Tokens.Refresh
			next := refresh(used)
			h.pass(30*time.Second - time.Microsecond)
			again := refresh(used)
			if again.Refresh != next.Refresh || again.Access == next.Access || next.Refresh == used {
				t.Fatalf("%s: %+v, then %+v", name, next, again)
			}
			if end == nil {
				refresh(next.Refresh) // it lives on
				continue
			}
			end(next.Refresh)
			for _, token := range []string{used, next.Refresh} {
				_, err := h.Refresh(t.Context(), token, here)
				wantCode(t, err, todo.Unauthenticated)
			}
		}
	})
}

// TestTwentyTabs refresh with one token at the same moment: all go on, with one token.
func TestTwentyTabs(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, true)
		in := mustRegister(t, h, "ada@example.com")
		for range 5 {
			var mu sync.Mutex
			next := map[string]int{}
			atOnce(t, 20, func() error {
				tokens, err := h.Refresh(context.Background(), in.Tokens.Refresh, here)
				mu.Lock()
				defer mu.Unlock()
				next[tokens.Tokens.Refresh]++
				return err
			})
			if len(next) != 1 {
				t.Fatalf("they got %d tokens", len(next))
			}
			for token := range next {
				if token == in.Tokens.Refresh {
					t.Fatal("the token is the same")
				}
				in.Tokens.Refresh = token
			}
		}
	})
}

// TestSuccessorsSurviveAChangeOfSecrets: whichever of two replicas is asked, before, during and after, as long as the older
// secret is known.
func TestSuccessorsSurviveAChangeOfSecrets(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		before := overWith(store, rotation(time.Minute, "old", "new"))
		after := overWith(store, rotation(time.Minute, "new", "old"))
		removed := overWith(store, rotation(time.Minute, "new"))
		mustRegister(t, before, "ada@example.com")
		for _, order := range [][2]*house{{before, after}, {after, before}} {
			in := mustLogin(t, before, "ada@example.com", password)
			var next [2]account.Tokens
			for i, h := range order {
				renewed, err := h.Refresh(t.Context(), in.Tokens.Refresh, here)
				if err != nil {
					t.Fatal(err)
				}
				next[i] = renewed.Tokens
			}
			if next[0].Refresh != next[1].Refresh {
				t.Errorf("two replicas gave %q and %q", next[0].Refresh, next[1].Refresh)
			}
			if _, err := removed.Refresh(t.Context(), next[0].Refresh, here); err != nil {
				t.Errorf("without the secret it was made with, the present token is refused: %v", err)
			}
		}
	})
}

// TestRotatingAtOnce: without grace, two who use one token at the same moment can't both go on, nor can either.
func TestRotatingAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := overWith(store, rotation(0, "a secret"))
		in := mustRegister(t, h, "ada@example.com")
		for range 8 {
			in = mustLogin(t, h, in.Person.Email, password)
			var mu sync.Mutex
			var won []account.Tokens
			atOnce(t, 3, func() error {
				tokens, err := h.Refresh(context.Background(), in.Tokens.Refresh, here)
				if err == nil {
					mu.Lock()
					won = append(won, tokens.Tokens)
					mu.Unlock()
				}
				if todo.CodeOf(err) == todo.Unauthenticated {
					return nil
				}
				return err
			})
			if len(won) != 1 {
				t.Fatalf("%d got new tokens", len(won))
			}
			_, err := h.Refresh(t.Context(), won[0].Refresh, here)
			wantCode(t, err, todo.Unauthenticated)
		}
	})
}

// TestLoggingOut: by either token, that session and no other, and as often as one likes.
func TestLoggingOut(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in := mustRegister(t, h, "ada@example.com")
		for _, by := range []func(in account.SignedIn) (account.Caller, string){
			func(in account.SignedIn) (account.Caller, string) { return caller(t, in.Tokens.Access), "" },
			func(in account.SignedIn) (account.Caller, string) { return account.Caller{}, in.Tokens.Refresh },
			func(in account.SignedIn) (account.Caller, string) {
				return caller(t, in.Tokens.Access), in.Tokens.Refresh
			},
		} {
			leaving, staying := mustLogin(t, h, in.Person.Email, password), mustLogin(t, h, in.Person.Email, password)
			for range 2 {
				who, refresh := by(leaving)
				if err := h.Logout(t.Context(), who, refresh, here); err != nil {
					t.Fatal(err)
				}
			}
			_, err := h.Refresh(t.Context(), leaving.Tokens.Refresh, here)
			wantCode(t, err, todo.Unauthenticated)
			if _, err := h.Refresh(t.Context(), staying.Tokens.Refresh, here); err != nil {
				t.Error(err)
			}
		}
		for _, refresh := range []string{"", "nonsense", "bm9ib2R5." + strings.Repeat("A", 43)} {
			if err := h.Logout(t.Context(), account.Caller{ID: "nobody"}, refresh, here); err != nil {
				t.Errorf("%q: %v", refresh, err)
			}
		}
	})
}

// TestChangingThePasswordAtOnce: of two who know the same one, the second doesn't know it any more.
func TestChangingThePasswordAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in := mustRegister(t, h, "ada@example.com")
		const n = 6
		errs := make([]error, n)
		var next atomic.Int32
		atOnce(t, n, func() error {
			i := next.Add(1) - 1
			errs[i] = h.ChangePassword(context.Background(), caller(t, in.Tokens.Access), password, fmt.Sprint("battery staple ", i), here)
			return nil
		})
		for i, err := range errs {
			if err != nil {
				wantFields(t, err, "currentPassword")
			}
			_, err := h.Login(t.Context(), in.Person.Email, fmt.Sprint("battery staple ", i), here)
			if (err == nil) != (errs[i] == nil) {
				t.Errorf("%d: the change gave %v, a sign-in by it %v", i, errs[i], err)
			}
		}
	})
}

func TestChangingThePassword(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in := mustRegister(t, h, "ada@example.com")
		elsewhere := mustLogin(t, h, in.Person.Email, password)
		who := caller(t, in.Tokens.Access)
		const replacement = "battery staple"

		wantFields(t, h.ChangePassword(t.Context(), who, password, "short", here), "newPassword")
		wantFields(t, h.ChangePassword(t.Context(), who, "wrong horse", replacement, here), "currentPassword")
		wantCode(t, h.ChangePassword(t.Context(), account.Caller{ID: "stranger"}, password, replacement, here), todo.Forbidden)
		if _, err := h.Refresh(t.Context(), elsewhere.Tokens.Refresh, here); err != nil {
			t.Fatalf("what was refused ended a session: %v", err)
		}

		if err := h.ChangePassword(t.Context(), who, password, replacement, here); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Refresh(t.Context(), in.Tokens.Refresh, here); err != nil {
			t.Errorf("the session that changed it: %v", err)
		}
		_, err := h.Refresh(t.Context(), elsewhere.Tokens.Refresh, here)
		wantCode(t, err, todo.Unauthenticated)
		_, err = h.Login(t.Context(), in.Person.Email, password, here)
		wantCode(t, err, todo.Unauthenticated)
		mustLogin(t, h, in.Person.Email, replacement)
	})
}

func TestChangingTheProfile(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in := mustRegister(t, h, "ada@example.com")
		mustRegister(t, h, "bob@example.com")
		who := caller(t, in.Tokens.Access)
		bad, empty, taken, same := "nobody", "", "Bob@example.com", "ADA@example.com"
		_, err := h.ChangeProfile(t.Context(), who, account.Profile{Name: &empty, Email: &bad})
		wantFields(t, err, "name", "email")
		_, err = h.ChangeProfile(t.Context(), who, account.Profile{Email: &taken})
		wantCode(t, err, todo.Conflict)
		_, err = h.ChangeProfile(t.Context(), account.Caller{ID: "stranger"}, account.Profile{Email: &same})
		wantCode(t, err, todo.Forbidden)
		for _, p := range []account.Profile{{}, {Email: &same}} {
			if got, err := h.ChangeProfile(t.Context(), who, p); err != nil || got.Email != "ada@example.com" || got.Name != "Ada" {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
}

// TestTheErasedAreGone: from sign-in, from sessions, and by whoever comes next with the same address.
func TestTheErasedAreGone(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		in := mustRegister(t, h, "ada@example.com")
		if err := store.Erase(t.Context(), in.Person.ID, h.clock().Truncate(time.Microsecond)); err != nil {
			t.Fatal(err)
		}
		_, err := h.Refresh(t.Context(), in.Tokens.Refresh, here)
		wantCode(t, err, todo.Unauthenticated)
		_, err = h.Login(t.Context(), in.Person.Email, password, here)
		wantCode(t, err, todo.Unauthenticated)
		if again := mustRegister(t, h, "ada@example.com"); again.Person.ID == in.Person.ID {
			t.Error("the id was given out again")
		}
	})
}

// TestSealedIsKeptWithASession: what a provider gave is there at a refresh and at the end, rotated or not.
func TestSealedIsKeptWithASession(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		for _, rotate := range []bool{false, true} {
			h := over(store, rotate)
			p := account.Person{ID: todo.UserID(fmt.Sprintf("ada-%v", rotate)), Email: "ada@elsewhere.example", Name: "Ada"}
			tokens, err := h.sessions.Start(t.Context(), p, p.Email, here, func(id string) []byte { return []byte("sealed for " + id) })
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				found, err := h.sessions.Look(t.Context(), tokens.Refresh)
				v := found.Session
				if err != nil || string(v.Sealed) != "sealed for "+v.ID || v.Owner != p.ID || v.ID != caller(t, tokens.Access).SessionID {
					t.Fatalf("%+v, %v", v, err)
				}
				renewed, err := h.sessions.Renew(t.Context(), found, p)
				if err != nil || renewed.Person != p {
					t.Fatalf("%+v, %v", renewed, err)
				}
				tokens = renewed.Tokens
			}
			found, err := h.sessions.Look(t.Context(), tokens.Refresh)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.sessions.Renew(t.Context(), found, account.Person{ID: "bob"})
			wantCode(t, err, todo.Unauthenticated)
			ended, err := h.sessions.End(t.Context(), caller(t, tokens.Access), tokens.Refresh)
			if err != nil || len(ended) != 1 || string(ended[0].Sealed) != "sealed for "+ended[0].ID {
				t.Fatalf("%+v, %v", ended, err)
			}
		}
	})
}

// TestAFailingMintStartsNothing: nobody is left with half a sign-in.
func TestAFailingMintStartsNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, true)
		in := mustRegister(t, h, "ada@example.com")
		broken := errors.New("no secret")
		sessions := account.NewSessions(store, func(account.Person, string, time.Time) (string, error) { return "", broken }, h.clock, secrets("a secret"), rotation(0, "a secret"))
		local := account.NewLocal(sessions, h.passwords)
		_, registerErr := local.Register(t.Context(), account.Registration{Name: "Bob", Email: "bob@example.com", Password: password}, here)
		_, loginErr := local.Login(t.Context(), in.Person.Email, password, here)
		_, refreshErr := local.Refresh(t.Context(), in.Tokens.Refresh, here)
		for _, err := range []error{registerErr, loginErr, refreshErr} {
			if !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := h.Refresh(t.Context(), in.Tokens.Refresh, here); err != nil {
			t.Errorf("a refresh that came to nothing used the token up: %v", err)
		}
		mustRegister(t, h, "bob@example.com")
	})
}

func TestOperators(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		o := account.NewOperator(store, account.DearerPasswords(), h.clock)
		p, err := o.Create(t.Context(), account.Registration{Name: "Ada", Email: "Ada@example.com", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		in := mustLogin(t, h, "ada@example.com", password)
		for _, name := range []string{"ADA@example.com", string(p.ID)} {
			if found, err := o.Find(t.Context(), name); err != nil || found.ID != p.ID {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
		}
		for _, name := range []string{"", "bob@example.com", "nobody", "\x00"} {
			_, err := o.Find(t.Context(), name)
			wantCode(t, err, todo.NotFound)
		}
		_, err = o.Create(t.Context(), account.Registration{Name: "Ada", Email: "ada@example.com", Password: password})
		wantCode(t, err, todo.Conflict)
		_, err = o.Create(t.Context(), account.Registration{Password: password})
		wantFields(t, err, "name", "email")

		wantFields(t, o.SetPassword(t.Context(), p.ID, "short"), "password")
		wantCode(t, o.SetPassword(t.Context(), "nobody", "battery staple"), todo.NotFound)
		if err := o.SetPassword(t.Context(), p.ID, "battery staple"); err != nil {
			t.Fatal(err)
		}
		_, err = h.Refresh(t.Context(), in.Tokens.Refresh, here)
		wantCode(t, err, todo.Unauthenticated)
		mustLogin(t, h, "ada@example.com", "battery staple")

		if err := o.Erase(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		_, err = o.Find(t.Context(), string(p.ID))
		wantCode(t, err, todo.NotFound)
	})
}

// TestEachSeesEverybodyOnce: over several pages, by address, until told to stop.
func TestEachSeesEverybodyOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		o := account.NewOperator(store, h.passwords, h.clock)
		const n = 1001
		atOnceEmails := make(chan int, n)
		for i := range n {
			atOnceEmails <- i
		}
		close(atOnceEmails)
		hash := h.passwords.MustHash(password)
		atOnce(t, 8, func() error {
			for i := range atOnceEmails {
				p := account.Person{ID: todo.UserID(fmt.Sprint("p", i)), Email: fmt.Sprintf("%04d@example.com", i), Name: "x", CreatedAt: h.clock().Truncate(time.Microsecond)}
				if err := store.CreateAccount(context.Background(), account.Account{Person: p, PasswordHash: hash}, nil); err != nil {
					return err
				}
			}
			return nil
		})
		seen := 0
		err := o.Each(t.Context(), func(p account.Person) error {
			if want := fmt.Sprintf("%04d@example.com", seen); p.Email != want {
				return fmt.Errorf("person %d is %s", seen, p.Email)
			}
			seen++
			return nil
		})
		if err != nil || seen != n {
			t.Errorf("%d people, %v", seen, err)
		}
		enough := errors.New("enough")
		if err := o.Each(t.Context(), func(account.Person) error { return enough }); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
	})
}
