package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// RunAccounts runs the suite of account.Store. open is as in Run.
func RunAccounts(t *testing.T, open func(t *testing.T) account.FullStore) {
	for _, c := range accountCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, Of(open(t)))
		})
	}
}

// accountCases is the suite.
var accountCases = []struct {
	name string
	test func(*testing.T, Store)
}{
	{"an account is found by its address and by its person", testAccountIsFound},
	{"an address belongs to one account", testAddressIsTaken},
	{"an address that many want at once goes to one", testAddressAtOnce},
	{"a profile changes in what is named", testChangeProfile},
	{"a hash is upgraded only while it is the one", testUpgradePassword},
	{"a new password ends the other sessions", testSetPassword},
	{"a password is replaced only while it is the one that was checked", testSetPasswordChecked},
	{"of many new passwords at once, all by the old one, one counts", testSetPasswordAtOnce},
	{"accounts are listed by address", testAccountsAreListed},
	{"a session lives until it expires", testSessionLives},
	{"a session is its owner's alone", testSessionsAreApart},
	{"a session starts only with the password that was checked", testStartChecked},
	{"no session outlives the password it began with", testStartAtOnceWithNewPassword},
	{"a token is rotated once", testRotate},
	{"of two that rotate at once one wins, and both see its token", testRotateAtOnce},
	{"an ended session is gone", testEndSession},
	{"a network is known from which somebody signed in", testNetworksAreKnown},
	{"of the networks of each the latest are known", testNetworksAreBounded},
	{"sign-ins at once from many networks get in", testNetworksAtOnce},
	{"a network is known by a session that began", testNoNetworkWithoutASession},
	{"a ticket is good once", testTicketIsGoodOnce},
	{"a ticket expires", testTicketExpires},
	{"a ticket is its owner's alone", testTicketsAreApart},
	{"a ticket that many use at once lets one in", testTicketAtOnce},
	{"erasing leaves nothing of a person", testErase},
	{"nothing is carried from one life into another", testLives},
	{"somebody with much is erased at once and removed in steps", testEraseInSteps},
	{"who has much and comes back meanwhile meets nothing of it", testComeBackInSteps},
	{"erasing and writing at once take turns", testEraseAtOnce},
	{"what there is of somebody is told as it is", testSummary},
	{"tasks are counted by the rule", testCounts},
	{"sessions are listed page by page", testSessionsAreListed},
	{"a token erases what it belongs to, once", testEraseOwn},
	{"sessions and what is left of people are swept", testSweepPeople},
	{"a caller who has gone away changes no account", testCancelledCallerChangesNoAccount},
}

// newAccount returns an account of somebody new that isn't stored yet.
func newAccount() account.Account {
	owner := newUser()
	return account.Account{
		Person: account.Person{
			ID: owner, Email: strings.ToLower(string(owner)) + "@example.com", Name: "Ada Löveläce", CreatedAt: noon,
		},
		PasswordHash: "$argon2id$v=19$m=8,t=1,p=1$" + rand.Text(),
	}
}

// mustSignUp stores an account of somebody new.
func mustSignUp(t testing.TB, s account.Store) account.Account {
	t.Helper()
	a := newAccount()
	if err := s.CreateAccount(t.Context(), a, nil); err != nil {
		t.Fatalf("create an account: %v", err)
	}
	return a
}

// wantAccount fails the test unless got is want.
func wantAccount(t testing.TB, got account.Account, err error, want account.Account) {
	t.Helper()
	if err != nil || !got.CreatedAt.Equal(want.CreatedAt) || got.CreatedAt.Location() != time.UTC {
		t.Fatalf("account: got %+v, %v; want %+v", got, err, want)
	}
	if got.CreatedAt = want.CreatedAt; got != want {
		t.Fatalf("account: got %+v, want %+v", got, want)
	}
}

// testAccountIsFound: as it was stored, by nothing but its own address and id.
func testAccountIsFound(t *testing.T, s Store) {
	a, other := mustSignUp(t, s), mustSignUp(t, s)
	got, err := s.AccountByEmail(t.Context(), a.Email)
	wantAccount(t, got, err, a)
	got, err = s.Account(t.Context(), a.ID)
	wantAccount(t, got, err, a)
	got, err = s.AccountByEmail(t.Context(), other.Email)
	wantAccount(t, got, err, other)
	for _, email := range []string{"", "nobody@example.com", strings.ToUpper(a.Email), a.Email + " ", "%", a.Email[1:]} {
		_, err := s.AccountByEmail(t.Context(), email)
		wantCode(t, err, todo.NotFound)
	}
	_, err = s.Account(t.Context(), newUser())
	wantCode(t, err, todo.NotFound)

	session := newSession("", noon)
	signedIn := newAccount()
	session.Owner = signedIn.ID
	if err := s.CreateAccount(t.Context(), signedIn, &session); err != nil {
		t.Fatal(err)
	}
	stored, err := s.Session(t.Context(), session.Owner, session.ID, noon)
	wantSession(t, stored, err, session)
}

// testAddressIsTaken: what is refused leaves nothing, and what was there stays.
func testAddressIsTaken(t *testing.T, s Store) {
	a := mustSignUp(t, s)
	sameEmail, sameID := newAccount(), newAccount()
	sameEmail.Email, sameID.ID = a.Email, a.ID
	for _, b := range []account.Account{sameEmail, sameID} {
		session := newSession(b.ID, noon)
		err := s.CreateAccount(t.Context(), b, &session)
		wantCode(t, err, todo.Conflict)
		if strings.Contains(err.Error(), a.Email) {
			t.Errorf("the error tells the address: %v", err)
		}
		wantLive(t, s, session, false)
	}
	_, err := s.Account(t.Context(), sameEmail.ID)
	wantCode(t, err, todo.NotFound)
	_, err = s.AccountByEmail(t.Context(), sameID.Email)
	wantCode(t, err, todo.NotFound)
	got, err := s.AccountByEmail(t.Context(), a.Email)
	wantAccount(t, got, err, a)
}

// testAddressAtOnce: whoever comes second, however soon, is told.
func testAddressAtOnce(t *testing.T, s Store) {
	const n = 12
	email := newAccount().Email
	var mu sync.Mutex
	taken := 0
	atOnce(t, n, func(int) error {
		a := newAccount()
		a.Email = email
		err := s.CreateAccount(context.Background(), a, nil)
		if todo.CodeOf(err) == todo.Conflict {
			mu.Lock()
			taken++
			mu.Unlock()
			return nil
		}
		return err
	})
	if taken != n-1 {
		t.Errorf("%d of %d were told that the address is taken", taken, n)
	}
}

// testChangeProfile: a nil field keeps its value, and an address that was given up is free.
func testChangeProfile(t *testing.T, s Store) {
	a, other := mustSignUp(t, s), mustSignUp(t, s)
	first := a.Email
	name, email := "Countess", newAccount().Email
	for _, p := range []account.Profile{{}, {Name: &name}, {Email: &email}, {Email: &email, Name: &name}} {
		if p.Name != nil {
			a.Name = *p.Name
		}
		if p.Email != nil {
			a.Email = *p.Email
		}
		got, err := s.ChangeProfile(t.Context(), a.ID, p)
		wantAccount(t, got, err, a)
		got, err = s.AccountByEmail(t.Context(), a.Email)
		wantAccount(t, got, err, a)
	}
	_, err := s.AccountByEmail(t.Context(), first)
	wantCode(t, err, todo.NotFound)

	another := "Somebody"
	_, err = s.ChangeProfile(t.Context(), other.ID, account.Profile{Email: &email, Name: &another})
	wantCode(t, err, todo.Conflict)
	got, err := s.ChangeProfile(t.Context(), other.ID, account.Profile{})
	wantAccount(t, got, err, other)
	other.Email = first
	got, err = s.ChangeProfile(t.Context(), other.ID, account.Profile{Email: &first})
	wantAccount(t, got, err, other)

	free := newAccount().Email
	_, err = s.ChangeProfile(t.Context(), newUser(), account.Profile{Email: &free, Name: &name})
	wantCode(t, err, todo.NotFound)
	_, err = s.AccountByEmail(t.Context(), free)
	wantCode(t, err, todo.NotFound)
}

// testUpgradePassword: an upgrade that comes after a change of the password doesn't bring the old one back.
func testUpgradePassword(t *testing.T, s Store) {
	a, other := mustSignUp(t, s), mustSignUp(t, s)
	session := mustStart(t, s, a.ID)
	for _, was := range []string{a.PasswordHash, "not this one"} {
		if err := s.UpgradePassword(t.Context(), a.ID, was, "better than "+was); err != nil {
			t.Fatal(err)
		}
	}
	want := a
	want.PasswordHash = "better than " + a.PasswordHash
	got, err := s.Account(t.Context(), a.ID)
	wantAccount(t, got, err, want)
	wantLive(t, s, session, true)
	got, err = s.Account(t.Context(), other.ID)
	wantAccount(t, got, err, other)
}

// testSetPassword: the session that is kept, and other people's, live on.
func testSetPassword(t *testing.T, s Store) {
	a, other := mustSignUp(t, s), mustSignUp(t, s)
	kept, ended, others := mustStart(t, s, a.ID), mustStart(t, s, a.ID), mustStart(t, s, other.ID)
	if err := s.SetPassword(t.Context(), a.ID, a.PasswordHash, "new", kept.ID); err != nil {
		t.Fatal(err)
	}
	got, err := s.Account(t.Context(), a.ID)
	a.PasswordHash = "new"
	wantAccount(t, got, err, a)
	wantLive(t, s, kept, true)
	wantLive(t, s, ended, false)
	wantLive(t, s, others, true)
	if err := s.SetPassword(t.Context(), a.ID, "", "newer", ""); err != nil {
		t.Fatal(err)
	}
	wantLive(t, s, kept, false)

	stranger := mustStart(t, s, newUser())
	wantCode(t, s.SetPassword(t.Context(), stranger.Owner, "", "new", ""), todo.NotFound)
}

// testSetPasswordChecked: what comes too late changes nothing and ends no session.
func testSetPasswordChecked(t *testing.T, s Store) {
	a := mustSignUp(t, s)
	session := mustStart(t, s, a.ID)
	for _, was := range []string{"not this one", a.PasswordHash + " "} {
		wantCode(t, s.SetPassword(t.Context(), a.ID, was, "new", ""), todo.NotFound)
	}
	got, err := s.Account(t.Context(), a.ID)
	wantAccount(t, got, err, a)
	wantLive(t, s, session, true)
}

// testSetPasswordAtOnce: whoever comes second finds the old one replaced.
func testSetPasswordAtOnce(t *testing.T, s Store) {
	a := mustSignUp(t, s)
	const n = 8
	set := make([]bool, n)
	atOnce(t, n, func(i int) error {
		err := s.SetPassword(context.Background(), a.ID, a.PasswordHash, fmt.Sprint("new ", i), "")
		if set[i] = err == nil; todo.CodeOf(err) == todo.NotFound {
			return nil
		}
		return err
	})
	got, err := s.Account(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, done := range set {
		if done != (got.PasswordHash == fmt.Sprint("new ", i)) {
			t.Errorf("%d was told %v, but the hash is %q", i, done, got.PasswordHash)
		}
	}
}

// testAccountsAreListed: pages join up, in the order of bytes.
func testAccountsAreListed(t *testing.T, s Store) {
	if people, err := s.Accounts(t.Context(), "", 10); err != nil || len(people) != 0 {
		t.Fatalf("nobody: %v, %v", people, err)
	}
	var want []account.Person
	for _, email := range []string{"b@x", "a@x", "é@x", "a-b@x", "z@x", "a.b@x", "ｂ@x"} {
		a := newAccount()
		a.Email = email
		if err := s.CreateAccount(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
		want = append(want, a.Person)
	}
	slices.SortFunc(want, func(a, b account.Person) int { return strings.Compare(a.Email, b.Email) })
	for _, limit := range []int{1, 3, 100} {
		var got []account.Person
		for after := ""; ; after = got[len(got)-1].Email {
			page, err := s.Accounts(t.Context(), after, limit)
			if err != nil || len(page) > limit {
				t.Fatalf("%d accounts, %v", len(page), err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		same := func(a, b account.Person) bool {
			return a.ID == b.ID && a.Email == b.Email && a.Name == b.Name && a.CreatedAt.Equal(b.CreatedAt)
		}
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("by %d: got %v, want %v", limit, got, want)
		}
	}
}

// testCancelledCallerChangesNoAccount: nothing begins for who has gone away.
func testCancelledCallerChangesNoAccount(t *testing.T, s Store) {
	a := mustSignUp(t, s)
	v := mustStart(t, s, a.ID)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, name := newAccount(), "x"
	_, profileErr := s.ChangeProfile(gone, a.ID, account.Profile{Name: &name})
	_, _, rotateErr := s.RotateSession(gone, a.ID, v.ID, v.RefreshHash, newHash(), noon, noon.Add(week))
	_, endErr := s.EndSession(gone, a.ID, v.ID)
	for i, err := range []error{
		s.CreateAccount(gone, late, nil), profileErr, s.UpgradePassword(gone, a.ID, a.PasswordHash, "x"),
		s.SetPassword(gone, a.ID, a.PasswordHash, "x", ""), s.StartSession(gone, newSession(a.ID, noon), ""), rotateErr, endErr,
		s.Erase(gone, a.ID, noon), s.EraseOwn(gone, todo.User{ID: a.ID}, noon),
	} {
		if todo.CodeOf(err) != todo.Unavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	got, err := s.Account(t.Context(), a.ID)
	wantAccount(t, got, err, a)
	stored, err := s.Session(t.Context(), a.ID, v.ID, noon)
	wantSession(t, stored, err, v)
	if _, err := s.Account(t.Context(), late.ID); todo.CodeOf(err) != todo.NotFound {
		t.Error(fmt.Errorf("an account was made: %w", err))
	}
}
