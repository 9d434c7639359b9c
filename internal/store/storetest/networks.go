package storetest

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// newNetwork returns what may be remembered of a network: 43 characters.
func newNetwork() string { return (rand.Text() + rand.Text())[:43] }

// mustStartFrom stores a session of owner that began at the time at from a network.
func mustStartFrom(t testing.TB, s account.Store, owner todo.UserID, network string, at time.Time) {
	t.Helper()
	v := newSession(owner, at)
	v.Network = network
	if err := s.StartSession(t.Context(), v, ""); err != nil {
		t.Fatalf("start a session: %v", err)
	}
}

// wantKnown fails the test unless a network is known since a time, or isn't.
func wantKnown(t testing.TB, s account.Store, network string, since time.Time, want bool) {
	t.Helper()
	got, err := s.NetworkKnown(t.Context(), []string{newNetwork(), network}, since)
	if err != nil || got != want {
		t.Fatalf("known since %s: %v, %v; want %v", since, got, err, want)
	}
}

// testNetworksAreKnown: from each sign-in on, until the time since which they are asked for, and by nothing else.
func testNetworksAreKnown(t *testing.T, s Store) {
	ada, bob, home, work := newUser(), newUser(), newNetwork(), newNetwork()
	mustStartFrom(t, s, ada, home, noon)
	mustStartFrom(t, s, ada, "", noon)
	wantKnown(t, s, home, noon.Add(-time.Microsecond), true)
	wantKnown(t, s, home, noon, false)
	wantKnown(t, s, work, noon.Add(-time.Hour), false)
	for _, networks := range [][]string{nil, {}, {""}, {newNetwork()}} {
		if known, err := s.NetworkKnown(t.Context(), networks, time.Time{}); known || err != nil {
			t.Errorf("%q are known: %v", networks, err)
		}
	}

	mustStartFrom(t, s, ada, home, noon.Add(time.Hour))
	mustStartFrom(t, s, ada, home, noon.Add(time.Minute)) // by a clock that is behind
	wantKnown(t, s, home, noon.Add(time.Hour-time.Microsecond), true)
	mustStartFrom(t, s, bob, work, noon)
	for owner, want := range map[todo.UserID]account.KnownNetwork{
		ada: {Network: home, SeenAt: noon.Add(time.Hour)}, bob: {Network: work, SeenAt: noon},
	} {
		got, err := s.KnownNetworks(t.Context(), owner)
		if err != nil || len(got) != 1 || got[0].Network != want.Network || !got[0].SeenAt.Equal(want.SeenAt) {
			t.Errorf("%s signed in from %+v, %v; want %+v", owner, got, err, want)
		}
	}
	if err := s.Erase(t.Context(), ada, noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantKnown(t, s, home, noon.Add(-time.Hour), false)
	wantKnown(t, s, work, noon.Add(-time.Hour), true)
}

// testNetworksAreBounded: the latest stay, and none for longer than it may.
func testNetworksAreBounded(t *testing.T, s Store) {
	ada, bob := newUser(), newUser()
	mustStartFrom(t, s, bob, newNetwork(), noon)
	var networks []string
	for i := range 2 * account.MostKnownNetworks {
		networks = append(networks, newNetwork())
		mustStartFrom(t, s, ada, networks[i], noon.Add(time.Duration(i)*time.Hour))
	}
	known := func() (all []string) {
		got, err := s.KnownNetworks(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range got {
			all = append(all, n.Network)
		}
		slices.Sort(all)
		return all
	}
	want := slices.Sorted(slices.Values(networks[account.MostKnownNetworks:]))
	if got := known(); !slices.Equal(got, want) {
		t.Errorf("known are %q, want %q", got, want)
	}
	last := newNetwork()
	oldest := noon.Add(account.MostKnownNetworks * time.Hour)
	mustStartFrom(t, s, ada, last, oldest.Add(account.NetworkKnownFor+5*time.Hour))
	want = slices.Concat(networks[2*account.MostKnownNetworks-2:], []string{last})
	slices.Sort(want)
	if got := known(); !slices.Equal(got, want) {
		t.Errorf("after a while known are %q, want %q", got, want)
	}
	if got, err := s.KnownNetworks(t.Context(), bob); err != nil || len(got) != 1 {
		t.Errorf("bob's are %v, %v", got, err)
	}
}

// testNetworksAtOnce: sign-ins at once from everywhere get in, and leave no more than there may be after the next one.
func testNetworksAtOnce(t *testing.T, s Store) {
	ada := newUser()
	networks := make([]string, 3*account.MostKnownNetworks)
	for i := range networks {
		networks[i] = newNetwork()
	}
	for range 3 {
		atOnce(t, len(networks), func(i int) error {
			v := newSession(ada, noon.Add(time.Duration(i)*time.Second))
			v.Network = networks[i]
			return patiently(func() error { return s.StartSession(t.Context(), v, "") })
		})
	}
	mustStartFrom(t, s, ada, newNetwork(), noon.Add(time.Hour))
	if got, err := s.KnownNetworks(t.Context(), ada); err != nil || len(got) != account.MostKnownNetworks {
		t.Errorf("%d are known, %v", len(got), err)
	}
}

// testNoNetworkWithoutASession: who isn't let in makes nothing known, and a registration does.
func testNoNetworkWithoutASession(t *testing.T, s Store) {
	a := newAccount()
	first, refused := newSession(a.ID, noon), newSession(a.ID, noon)
	first.Network, refused.Network = newNetwork(), newNetwork()
	if err := s.CreateAccount(t.Context(), a, &first); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.StartSession(t.Context(), refused, "another hash"), todo.NotFound)
	wantKnown(t, s, first.Network, noon.Add(-time.Hour), true)
	wantKnown(t, s, refused.Network, noon.Add(-time.Hour), false)
	refused.ID = first.ID // of a session that is there
	if err := s.StartSession(t.Context(), refused, ""); err == nil {
		t.Error("a session started twice")
	}
	wantKnown(t, s, refused.Network, noon.Add(-time.Hour), false)
	if err := s.StartSession(t.Context(), newSession(a.ID, noon), a.PasswordHash); err != nil {
		t.Fatal(err)
	}
	second := newSession(a.ID, noon)
	second.Network = newNetwork()
	if err := s.StartSession(t.Context(), second, a.PasswordHash); err != nil {
		t.Fatal(err)
	}
	wantKnown(t, s, second.Network, noon.Add(-time.Hour), true)
}
