package storetest

import (
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
