package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"todod/internal/account"
	"todod/internal/todo"
)

// mustHold returns what there is of owner a minute after twelve.
func mustHold(t *testing.T, s Store, owner todo.UserID) account.Summary {
	t.Helper()
	h, err := s.Summary(t.Context(), owner, noon.Truncate(time.Minute).Add(time.Minute))
	if err != nil {
		t.Fatalf("summary: %v", err)
	}
	return h
}

// testSummary: of somebody unknown nothing; then what their tokens say, what their account says, and what they write.
func testSummary(t *testing.T, s Store) {
	ada := newUser()
	if h := mustHold(t, s, ada); h.State != (todo.State{}) || h.Account != nil || !h.Since.IsZero() || h.Claims != (todo.User{ID: ada}) || h.Counts != (account.Counts{}) {
		t.Errorf("of nobody: %+v", h)
	}
	w := by(ada)
	w.By.Email, w.By.Name = "ada@example.com", "Ada"
	task, err := taskOf(s.Create(t.Context(), ada, titled("x"), plenty, w))
	if err != nil {
		t.Fatal(err)
	}
	h := mustHold(t, s, ada)
	state, err := s.State(t.Context(), ada)
	if err != nil || h.State != state || h.State.Rev != task.Version || h.Account != nil || !h.Since.Equal(noon) || h.Since.Location() != time.UTC ||
		!h.Claims.AsOf.Equal(noon) || h.Claims.Email != "ada@example.com" || h.Claims.Name != "Ada" || h.Counts != (account.Counts{Open: 1}) {
		t.Errorf("with a task: %+v, %v", h, err)
	}

	a := mustSignUp(t, s)
	h = mustHold(t, s, a.ID)
	if h.Account == nil || !h.Account.CreatedAt.Equal(noon) || h.State != (todo.State{}) || h.Counts != (account.Counts{}) {
		t.Fatalf("with an account: %+v", h)
	}
	if got := *h.Account; got.ID != a.ID || got.Email != a.Email || got.Name != a.Name {
		t.Errorf("the account: %+v, want %+v", got, a.Person)
	}
	if err := s.Erase(t.Context(), a.ID, noon); err != nil {
		t.Fatal(err)
	}
	if h := mustHold(t, s, a.ID); h.Account != nil || h.Claims.Email != "" || !h.State.ErasedAt.Equal(noon) || h.State.Rev != 0 {
		t.Errorf("after an erasure: %+v", h)
	}
}

// testCounts: one task of each kind, and another person's.
func testCounts(t *testing.T, s Store) {
	ada := newUser()
	mustCreate(t, s, newUser(), titled("another's"))
	var want account.Counts
	for due, overdue := range map[string]bool{
		"": false, "0001-01-01": true, "2026-01-13": true, "2026-01-14": true, "2026-01-15": false, "9999-12-31": false,
		"2026-01-15T12:00:59.999999Z": true, "2026-01-15T12:01:00Z": false, "2026-01-15T12:02:00+01:00": true,
	} {
		for kind := range 4 {
			completed, trashed := kind&1 != 0, kind&2 != 0
			p := titled("due " + due)
			p.Completed = todo.Some(completed)
			if due != "" {
				d, _ := todo.ParseDue(due)
				p.Due = todo.Some(d)
			}
			task := mustCreate(t, s, ada, p)
			switch {
			case trashed:
				want.Trash++
				if _, err := s.Delete(t.Context(), ada, task.ID, by(ada)); err != nil {
					t.Fatal(err)
				}
			case completed:
				want.Completed++
			default:
				want.Open++
				if overdue {
					want.Overdue++
				}
			}
		}
	}
	if got := mustHold(t, s, ada).Counts; got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
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

// testEraseOwn: a token erases once, and a later one, however many come at once, only what came after.
func testEraseOwn(t *testing.T, s Store) {
	a := mustSignUp(t, s)
	session := mustStart(t, s, a.ID)
	mustCreate(t, s, a.ID, titled("x"))
	first := todo.User{ID: a.ID, AsOf: noon}
	if err := s.EraseOwn(t.Context(), first, noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if h := mustHold(t, s, a.ID); h.Account != nil || h.Counts != (account.Counts{}) {
		t.Errorf("left: %+v", h)
	}
	wantLive(t, s, session, false)

	later := at(a.ID, noon.Add(2*time.Minute))
	later.By.AsOf = later.At
	task, err := taskOf(s.Create(t.Context(), a.ID, titled("new life"), plenty, later))
	if err != nil {
		t.Fatal(err)
	}
	for _, asOf := range []time.Time{noon, noon.Add(time.Minute), {}} {
		wantCode(t, s.EraseOwn(t.Context(), todo.User{ID: a.ID, AsOf: asOf}, noon.Add(3*time.Minute)), todo.Unauthenticated)
	}
	wantTask(t, mustList(t, s, a.ID, todo.Filter{}).Tasks[0], task)
	if err := s.EraseOwn(t.Context(), todo.User{ID: newUser()}, noon); err != nil {
		t.Errorf("somebody who never wrote, by a token without a time: %v", err)
	}

	const n = 8
	var mu sync.Mutex
	refused := 0
	atOnce(t, n, func(int) error {
		err := s.EraseOwn(context.Background(), later.By, noon.Add(4*time.Minute))
		if todo.CodeOf(err) == todo.Unauthenticated {
			mu.Lock()
			refused++
			mu.Unlock()
			return nil
		}
		return err
	})
	if page := mustList(t, s, a.ID, todo.Filter{}); refused != n-1 || len(page.Tasks) != 0 {
		t.Errorf("%d of %d were refused, and %v are left", refused, n, titles(page.Tasks))
	}
}

// testSweepPeople: sessions that nobody can refresh any more go, and so does what is left of an erasure when no token from
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
