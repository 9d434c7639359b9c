package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// week is how long sessions last here.
const week = 7 * 24 * time.Hour

// newSession returns a session of owner that isn't stored yet and began at the time at.
func newSession(owner todo.UserID, at time.Time) account.Session {
	return account.Session{
		Owner: owner, ID: rand.Text(), RefreshHash: newHash(), CreatedAt: at, ExpiresAt: at.Add(week),
	}
}

// newHash returns 32 bytes as a hash may have them.
func newHash() []byte {
	hash := make([]byte, 32)
	_, _ = rand.Read(hash)
	return hash
}

// mustStart stores a session of owner that began at noon.
func mustStart(t testing.TB, s account.Store, owner todo.UserID) account.Session {
	t.Helper()
	v := newSession(owner, noon)
	if err := s.StartSession(t.Context(), v, ""); err != nil {
		t.Fatalf("start a session: %v", err)
	}
	return v
}

// wantSession fails the test unless got is want.
func wantSession(t testing.TB, got account.Session, err error, want account.Session) {
	t.Helper()
	if err != nil || got.Owner != want.Owner || got.ID != want.ID || !bytes.Equal(got.RefreshHash, want.RefreshHash) ||
		(got.Sealed == nil) != (want.Sealed == nil) || !bytes.Equal(got.Sealed, want.Sealed) ||
		!got.CreatedAt.Equal(want.CreatedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) || got.ExpiresAt.Location() != time.UTC {
		t.Fatalf("session: got %+v, %v; want %+v", got, err, want)
	}
}

// wantLive fails the test unless the session is live a moment after noon, or isn't.
func wantLive(t testing.TB, s account.Store, v account.Session, want bool) {
	t.Helper()
	_, err := s.Session(t.Context(), v.Owner, v.ID, noon.Add(time.Second))
	switch {
	case want && err != nil:
		t.Fatalf("the session is not live: %v", err)
	case !want:
		wantCode(t, err, todo.NotFound)
	}
}

// testSessionLives: until the moment it expires, and one that has expired is forgotten at the next sign-in.
func testSessionLives(t *testing.T, s Store) {
	ada := newUser()
	plain, sealed := mustStart(t, s, ada), newSession(ada, noon)
	sealed.Sealed = []byte{0, 1, 0xff}
	if err := s.StartSession(t.Context(), sealed, ""); err != nil {
		t.Fatal(err)
	}
	for _, v := range []account.Session{plain, sealed} {
		got, err := s.Session(t.Context(), ada, v.ID, v.ExpiresAt.Add(-time.Microsecond))
		wantSession(t, got, err, v)
		_, err = s.Session(t.Context(), ada, v.ID, v.ExpiresAt)
		wantCode(t, err, todo.NotFound)
	}
	late, later := newSession(ada, noon.Add(time.Minute)), newSession(ada, plain.ExpiresAt)
	for _, v := range []account.Session{late, later} {
		if err := s.StartSession(t.Context(), v, ""); err != nil {
			t.Fatal(err)
		}
	}
	wantLive(t, s, plain, false)
	wantLive(t, s, late, true)
	wantLive(t, s, later, true)
}

// testSessionsAreApart: another person who knows a session's id and token does nothing with it.
func testSessionsAreApart(t *testing.T, s Store) {
	ada, bob := newUser(), newUser()
	v := mustStart(t, s, ada)
	_, err := s.Session(t.Context(), bob, v.ID, noon)
	wantCode(t, err, todo.NotFound)
	_, _, err = s.RotateSession(t.Context(), bob, v.ID, v.RefreshHash, newHash(), noon, noon.Add(week))
	wantCode(t, err, todo.NotFound)
	_, _, err = s.RotateSession(t.Context(), bob, v.ID, newHash(), newHash(), noon, noon.Add(week))
	wantCode(t, err, todo.NotFound)
	if ended, err := s.EndSession(t.Context(), bob, v.ID); ended != nil || err != nil {
		t.Errorf("bob ended %v, %v", ended, err)
	}
	if err := s.Erase(t.Context(), bob, noon); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(t.Context(), ada, v.ID, noon)
	wantSession(t, got, err, v)
}

// testStartChecked: with another hash than the account's, or without an account, there is no session.
func testStartChecked(t *testing.T, s Store) {
	a, other := mustSignUp(t, s), mustSignUp(t, s)
	v := newSession(a.ID, noon)
	if err := s.StartSession(t.Context(), v, a.PasswordHash); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(t.Context(), a.ID, v.ID, noon)
	wantSession(t, got, err, v)
	for _, owner := range []todo.UserID{a.ID, newUser()} {
		v := newSession(owner, noon)
		wantCode(t, s.StartSession(t.Context(), v, other.PasswordHash), todo.NotFound)
		wantLive(t, s, v, false)
	}
}

// testStartAtOnceWithNewPassword: a sign-in whose password was checked a moment before it was replaced either comes to
// nothing or is ended.
func testStartAtOnceWithNewPassword(t *testing.T, s Store) {
	for i := range 20 {
		a := mustSignUp(t, s)
		sessions := make([]account.Session, 6)
		atOnce(t, len(sessions)+1, func(j int) error {
			if j == len(sessions) {
				return s.SetPassword(context.Background(), a.ID, a.PasswordHash, "new", "")
			}
			sessions[j] = newSession(a.ID, noon)
			err := s.StartSession(context.Background(), sessions[j], a.PasswordHash)
			if todo.CodeOf(err) == todo.NotFound {
				return nil
			}
			return err
		})
		for j, v := range sessions {
			if _, err := s.Session(t.Context(), a.ID, v.ID, noon); todo.CodeOf(err) != todo.NotFound {
				t.Fatalf("round %d: session %d is live by a password that was replaced: %v", i, j, err)
			}
		}
	}
}

// testRotate: the new token is good for longer, and one that was replaced changes nothing, however old it is.
func testRotate(t *testing.T, s Store) {
	ada := newUser()
	v := newSession(ada, noon)
	v.Sealed = []byte("sealed")
	if err := s.StartSession(t.Context(), v, ""); err != nil {
		t.Fatal(err)
	}
	rotate := func(was []byte, now time.Time, hash []byte) (account.Session, bool, error) {
		return s.RotateSession(t.Context(), ada, v.ID, was, hash, now, now.Add(week))
	}
	used := [][]byte{v.RefreshHash}
	for i := range 3 {
		now := noon.Add(time.Duration(i+1) * time.Hour)
		v.RefreshHash, v.ExpiresAt = newHash(), now.Add(week)
		got, rotated, err := rotate(used[i], now, v.RefreshHash)
		wantSession(t, got, err, v)
		if !rotated {
			t.Errorf("use %d rotated nothing", i)
		}
		for _, old := range append(used, newHash()) {
			got, rotated, err := rotate(old, now, newHash())
			wantSession(t, got, err, v)
			if rotated {
				t.Error("a token that had been replaced rotated the session")
			}
		}
		used = append(used, v.RefreshHash)
	}
	got, err := s.Session(t.Context(), ada, v.ID, v.ExpiresAt.Add(-time.Microsecond))
	wantSession(t, got, err, v)
	_, rotated, err := rotate(v.RefreshHash, v.ExpiresAt, newHash())
	if wantCode(t, err, todo.NotFound); rotated {
		t.Error("a session that had expired was rotated")
	}
}

// testRotateAtOnce: never two winners, and the others are shown the winner's token.
func testRotateAtOnce(t *testing.T, s Store) {
	for n := range 12 {
		n := 2 + n%3
		v := mustStart(t, s, newUser())
		var mu sync.Mutex
		won, tokens := 0, map[string]bool{}
		atOnce(t, n, func(int) error {
			got, rotated, err := s.RotateSession(context.Background(), v.Owner, v.ID, v.RefreshHash, newHash(), noon, noon.Add(week))
			mu.Lock()
			defer mu.Unlock()
			if rotated {
				won++
			}
			tokens[string(got.RefreshHash)] = true
			return err
		})
		if won != 1 || len(tokens) != 1 || tokens[string(v.RefreshHash)] {
			t.Fatalf("%d of %d got a new token, and they saw %d", won, n, len(tokens))
		}
	}
}

// testEndSession: it is returned once.
func testEndSession(t *testing.T, s Store) {
	v := newSession(newUser(), noon)
	v.Sealed = []byte("sealed")
	if err := s.StartSession(t.Context(), v, ""); err != nil {
		t.Fatal(err)
	}
	neighbour := mustStart(t, s, v.Owner)
	ended, err := s.EndSession(t.Context(), v.Owner, v.ID)
	if ended == nil {
		t.Fatalf("nothing ended, %v", err)
	}
	wantSession(t, *ended, err, v)
	if again, err := s.EndSession(t.Context(), v.Owner, v.ID); again != nil || err != nil {
		t.Errorf("ended again: %v, %v", again, err)
	}
	wantLive(t, s, v, false)
	wantLive(t, s, neighbour, true)
}

// testSessionsAreListed: page by page, all of one person's and nobody else's.
func testSessionsAreListed(t *testing.T, s Store) {
	ada := newUser()
	mustStart(t, s, newUser())
	var want []account.Session
	for range 5 {
		v := newSession(ada, noon)
		v.Sealed = []byte(v.ID)
		if err := s.StartSession(t.Context(), v, ""); err != nil {
			t.Fatal(err)
		}
		want = append(want, v)
	}
	slices.SortFunc(want, func(a, b account.Session) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) })
	after := ""
	for _, size := range []int{2, 2, 1} {
		page, err := s.Sessions(t.Context(), ada, after, 2)
		if err != nil || len(page) != size {
			t.Fatalf("%d sessions after %q, %v; want %d", len(page), after, err, size)
		}
		for _, got := range page {
			wantSession(t, got, nil, want[0])
			after, want = got.ID, want[1:]
		}
	}
	if page, err := s.Sessions(t.Context(), ada, after, 2); err != nil || len(page) != 0 {
		t.Errorf("after the last: %v, %v", page, err)
	}
}
