package storetest

import (
	"slices"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// Sweep tests the sweep of s, in which there must be nothing else: of two people, one of them in a second life, what is too old goes: from the trash for good, from the log,
// and the keys. What is young enough stays, and so does everything of somebody who has nothing old.
func Sweep(t *testing.T, s Store) {
	const day = 24 * time.Hour
	now := noon.Add(100 * day)
	rules := todo.Rules{Quota: plenty, TrashRemembered: 30 * day, LogRemembered: 90 * day, KeysRemembered: day}
	service := todo.NewService(s, func() time.Time { return now }, rules)
	ada, bob := newUser(), newUser()
	old, young := at(ada, noon), at(ada, now.Add(-time.Hour))
	create := func(w todo.Write, key string) todo.Task {
		w.Idempotency = &todo.Idempotency{Key: key, Fingerprint: []byte("x"), Status: 201}
		out, err := s.Create(t.Context(), w.By.ID, titled(key), plenty, w)
		if err != nil {
			t.Fatal(err)
		}
		return out.Task
	}
	thrown, kept := create(old, "thrown"), create(old, "kept")
	_, err := s.Delete(t.Context(), ada, thrown.ID, at(ada, noon.Add(day)))
	wantCode(t, err, 0)
	recent, untouched := create(young, "recent"), create(at(bob, now), "bob's")
	_, err = s.Delete(t.Context(), ada, recent.ID, young)
	wantCode(t, err, 0)

	swept, err := service.Sweep(t.Context())

	// The log loses its two creations at noon and the deletion a day later; the deletion for good is new.
	if want := (todo.Swept{Tasks: 1, Others: 5}); err != nil || swept != want {
		t.Errorf("swept %+v, %v; want %+v", swept, err, want)
	}
	trash := mustList(t, s, ada, todo.Filter{Trash: true, Order: todo.LatestDeletedFirst()})
	if got := titles(trash.Tasks); !slices.Equal(got, []string{"recent"}) || trash.State.Rev != 6 {
		t.Errorf("the trash has %q, at revision %d", got, trash.State.Rev)
	}
	wantTask(t, mustRead(t, s, ada, kept.ID), kept)
	log, _, err := s.Changes(t.Context(), ada, 0, 100)
	var revs []todo.Rev
	for _, c := range log {
		revs = append(revs, c.Rev)
		if c.Task.ID == thrown.ID && !c.Blank() {
			t.Errorf("the log still has %+v", c)
		}
	}
	slices.Sort(revs)
	if err != nil || len(revs) != 3 || revs[2] != 6 {
		t.Errorf("the log has the revisions %v, %v", revs, err)
	}
	for key, want := range map[string]todo.Code{"thrown": todo.NotFound, "kept": todo.NotFound, "recent": 0} {
		_, err := s.Operation(t.Context(), ada, key, noon.Add(-day))
		wantCode(t, err, want)
	}
	wantTask(t, mustRead(t, s, bob, untouched.ID), untouched)
	if swept, err := service.Sweep(t.Context()); err != nil || swept != (todo.Swept{}) {
		t.Errorf("a second time: %+v, %v", swept, err)
	}
}

// testSweepPeople: sessions that nobody can refresh any more go, networks that nobody signed in from of late, and so does what is left of an erasure when no token from
// before can be good any more. Neither goes from under somebody who is there.
func testSweepPeople(t *testing.T, s Store) {
	const day = 24 * time.Hour
	now := noon
	rules := todo.Rules{Quota: plenty, TrashRemembered: 30 * day, LogRemembered: 90 * day, KeysRemembered: day}
	service := todo.NewService(s, func() time.Time { return now }, rules)
	sweep := func(at time.Time, want int) {
		t.Helper()
		now = at
		if swept, err := service.Sweep(t.Context()); err != nil || swept != (todo.Swept{Others: want}) {
			t.Errorf("at %s: swept %+v, %v; want %d", at, swept, err, want)
		}
	}
	erased := func(owner todo.UserID) bool {
		t.Helper()
		state, err := s.State(t.Context(), owner)
		if err != nil {
			t.Fatal(err)
		}
		return !state.ErasedAt.IsZero()
	}

	ada := newUser()
	old, young := newSession(ada, noon), newSession(ada, noon.Add(day))
	old.ExpiresAt = noon.Add(day)
	for _, v := range []account.Session{old, young} {
		if err := s.StartSession(t.Context(), v, ""); err != nil {
			t.Fatal(err)
		}
	}
	// StartSession forgets what has expired, too: so the one that is about to expire is stored last.
	lasting := newSession(newUser(), noon)
	brief := newSession(lasting.Owner, noon)
	brief.ExpiresAt = noon.Add(day + time.Microsecond)
	for _, v := range []account.Session{lasting, brief} {
		if err := s.StartSession(t.Context(), v, ""); err != nil {
			t.Fatal(err)
		}
	}
	sweep(noon.Add(day), 0)
	sweep(noon.Add(day+time.Microsecond), 1)
	left, err := s.Sessions(t.Context(), lasting.Owner, "", 10)
	if err != nil || len(left) != 1 || left[0].ID != lasting.ID {
		t.Errorf("left: %v, %v", left, err)
	}
	sweep(noon.Add(8*day), 2)

	network := newNetwork()
	mustStartFrom(t, s, newUser(), network, noon)
	sweep(noon.Add(account.NetworkKnownFor-time.Microsecond), 1) // the session
	wantKnown(t, s, network, noon.Add(-time.Hour), true)
	sweep(noon.Add(account.NetworkKnownFor), 1)
	wantKnown(t, s, network, noon.Add(-time.Hour), false)

	gone, back, here, signedIn := newUser(), newUser(), mustSignUp(t, s), newUser()
	for _, owner := range []todo.UserID{gone, back, here.ID, signedIn} {
		if err := s.Erase(t.Context(), owner, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CreateAccount(t.Context(), here, nil); err != nil {
		t.Fatal(err)
	}
	session := newSession(signedIn, noon.Add(30*day))
	if err := s.StartSession(t.Context(), session, ""); err != nil {
		t.Fatal(err)
	}
	w := at(back, noon.Add(29*day))
	w.By.AsOf = w.At
	again, err := taskOf(s.Create(t.Context(), back, titled("again"), plenty, w))
	if err != nil {
		t.Fatal(err)
	}
	sweep(noon.Add(30*day-time.Microsecond), 0)
	sweep(noon.Add(30*day), 1)
	for owner, want := range map[todo.UserID]bool{gone: false, back: true, here.ID: true, signedIn: true} {
		if got := erased(owner); got != want {
			t.Errorf("what says that somebody was erased is there: %v, want %v", got, want)
		}
	}
	wantTask(t, mustList(t, s, back, todo.Filter{}).Tasks[0], again)
	if _, err := s.Account(t.Context(), here.ID); err != nil {
		t.Errorf("the account: %v", err)
	}
	if _, err := s.Session(t.Context(), signedIn, session.ID, noon.Add(30*day)); err != nil {
		t.Errorf("the session: %v", err)
	}
	sweep(session.ExpiresAt, 2) // the session, and then what it kept
	if erased(signedIn) {
		t.Error("it stays though the session has gone")
	}
}
