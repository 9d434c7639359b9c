package account_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/store/storetest"
	"todod/internal/todo"
)

// personalDataOver returns PersonalData over a store and a provider, whose clock stands at now, and whom it says were
// erased.
func personalDataOver(
	store account.FullStore, p account.Provider, now time.Time,
) (d *account.PersonalData, erased *[]todo.UserID) {
	erased = &[]todo.UserID{}
	d = account.NewPersonalData(account.PersonalDataConfig{
		Store: store, Provider: p, Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
		Erased: func(owner todo.UserID) { *erased = append(*erased, owner) },
	})
	return d, erased
}

// TestWhoSomebodyIs: as their account says, or else the newest of their tokens.
func TestWhoSomebodyIs(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		h := over(store, false)
		d, _ := personalDataOver(store, h.Local, h.clock())
		see := func(by todo.User, email, name string, rev todo.Rev, since time.Time) {
			t.Helper()
			o, err := d.Overview(t.Context(), by, time.UTC)
			if err != nil || o.ID != by.ID || o.Email != email || o.Name != name || o.Rev != rev || !o.CreatedAt.Equal(since) {
				t.Errorf("%+v, %v", o, err)
			}
		}
		at := h.clock().Truncate(time.Microsecond)
		ada := mustRegister(t, h, "ada@example.com").Person
		see(todo.User{ID: ada.ID, Email: "old@example.com", Name: "Old", AsOf: at}, "ada@example.com", "Ada", 0, at)

		bob := todo.User{ID: "bob", Email: "bob@example.com", AsOf: at}
		see(bob, "bob@example.com", "", 0, time.Time{})
		w := todo.Write{At: at, By: bob}
		w.By.Name = "Bob"
		p := todo.Patch{Title: todo.Some("x")}
		if _, err := storetest.Of(store).Create(t.Context(), "bob", p, 10, w); err != nil {
			t.Fatal(err)
		}
		see(bob, "bob@example.com", "Bob", 1, at)
		see(todo.User{ID: "bob", AsOf: at}, "bob@example.com", "Bob", 1, at)
		see(todo.User{ID: "bob", Name: "Robert", AsOf: at.Add(time.Second)}, "bob@example.com", "Robert", 1, at)
		see(todo.User{ID: "bob", Name: "Bobby", AsOf: at.Add(-time.Second)}, "bob@example.com", "Bob", 1, at)
	})
}

// TestErasingEndsTheSessionsThere, all of them, once, and says so to whoever wants to know.
func TestErasingEndsTheSessionsThere(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, store, "s1")
		now := time.Now().UTC().Truncate(time.Microsecond)
		d, erased := personalDataOver(store, b, now)
		signIn(t, b)
		last := signIn(t, b)
		by := todo.User{ID: "ada", AsOf: now}
		if err := d.Erase(t.Context(), by, here); err != nil {
			t.Fatal(err)
		}
		if got := f.ended(); got != "bare.signature bare bare.signature bare" {
			t.Errorf("ended there: %q", got)
		}
		if len(*erased) != 1 || (*erased)[0] != "ada" {
			t.Errorf("told of %v", *erased)
		}
		_, err := b.Refresh(t.Context(), last.Tokens.Refresh, here)
		expect(t, "refresh", err, todo.Unauthenticated)
		for what, err := range map[string]error{"erase": d.Erase(t.Context(), by, here), "admit": d.Admit(t.Context(), by)} {
			expect(t, what+" again", err, todo.Unauthenticated)
		}

		signIn(t, b) // the account there is as before: a later life
		f.do(func() { f.signOuts = nil })
		expect(t, "erase by the old token", d.Erase(t.Context(), by, here), todo.Unauthenticated)
		if left, err := store.Sessions(t.Context(), "ada", "", 10); len(left) != 1 || err != nil || f.ended() != "" || len(*erased) != 1 {
			t.Errorf("the old token ended a session of a later life: %v, %v, %q", left, err, f.ended())
		}
	})
}

// TestErasingDoesNotNeedTheService, nor any that is another than before.
func TestErasingDoesNotNeedTheService(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		f := newFar(t)
		b := through(t, f, store, "s1")
		now := time.Now()
		for _, p := range []account.Provider{b, account.Elsewhere{}} {
			signIn(t, b)
			f.do(func() { f.down = true })
			d, erased := personalDataOver(store, p, now)
			if err := d.Erase(t.Context(), todo.User{ID: "ada", AsOf: now}, here); err != nil || len(*erased) != 1 {
				t.Errorf("%T: %v, told of %v", p, err, *erased)
			}
			if left, err := store.Sessions(t.Context(), "ada", "", 10); len(left) != 0 || err != nil {
				t.Errorf("%T: left %v, %v", p, left, err)
			}
			f.do(func() { f.down = false })
			b = through(t, f, store, "s1") // whose breaker knows nothing
			now = now.Add(time.Minute)
		}
	})
}

// TestATokenOfAClockThatIsAheadErasesItself: otherwise it would be good for another life.
func TestATokenOfAClockThatIsAheadErasesItself(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		now := time.Now()
		d, _ := personalDataOver(store, account.Elsewhere{}, now)
		by := todo.User{ID: "ada", AsOf: now.Add(20 * time.Second).Truncate(time.Second)}
		if err := d.Erase(t.Context(), by, here); err != nil {
			t.Fatal(err)
		}
		expect(t, "the same token", d.Admit(t.Context(), by), todo.Unauthenticated)
		by.AsOf = by.AsOf.Add(time.Second)
		expect(t, "a later one", d.Admit(t.Context(), by), 0)
	})
}

// unerasing is a store that is full.
type unerasing struct{ account.FullStore }

// EraseOwn implements account.Store.
func (unerasing) EraseOwn(context.Context, todo.User, time.Time) error {
	return todo.ServiceUnavailable(errors.New("disk full"))
}

// TestWhoWasNotErasedIsNotSaidToBe.
func TestWhoWasNotErasedIsNotSaidToBe(t *testing.T) {
	onBothStores(t, func(t *testing.T, store account.FullStore) {
		d, erased := personalDataOver(unerasing{store}, account.Elsewhere{}, time.Now())
		expect(t, "erase", d.Erase(t.Context(), todo.User{ID: "ada"}, here), todo.Unavailable)
		if len(*erased) != 0 {
			t.Errorf("told of %v", *erased)
		}
	})
}
