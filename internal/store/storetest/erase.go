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

// testErase: nobody else loses anything, the address is free, and what comes later starts from nothing.
func testErase(t *testing.T, s Store) {
	a, other := mustSignUp(t, s), mustSignUp(t, s)
	session, others := mustStart(t, s, a.ID), mustStart(t, s, other.ID)
	task, kept := mustCreate(t, s, a.ID, titled("secret")), mustCreate(t, s, other.ID, titled("kept"))
	trashed := mustCreate(t, s, a.ID, titled("secret, too"))
	if _, err := s.Delete(t.Context(), a.ID, trashed.ID, by(a.ID)); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{noon, noon.Add(time.Hour)} { // twice: nothing is left to erase then
		if err := s.Erase(t.Context(), a.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Account(t.Context(), a.ID)
	wantCode(t, err, todo.NotFound)
	_, err = s.AccountByEmail(t.Context(), a.Email)
	wantCode(t, err, todo.NotFound)
	_, err = s.Task(t.Context(), a.ID, task.ID, noon)
	wantCode(t, err, todo.NotFound)
	wantLive(t, s, session, false)
	if page := mustList(t, s, a.ID, todo.Filter{Count: true}); len(page.Tasks) != 0 || page.Total != 0 {
		t.Errorf("tasks are left: %v", titles(page.Tasks))
	}

	got, err := s.AccountByEmail(t.Context(), other.Email)
	wantAccount(t, got, err, other)
	wantTask(t, mustRead(t, s, other.ID, kept.ID), kept)
	wantLive(t, s, others, true)

	if err := s.CreateAccount(t.Context(), a, nil); err != nil {
		t.Errorf("the address is not free: %v", err)
	}
	later := at(a.ID, noon.Add(2*time.Hour))
	later.By.AsOf = later.At
	again, err := taskOf(s.Create(t.Context(), a.ID, titled("new life"), 1, later))
	if err != nil || again.Version != 1 {
		t.Errorf("the first task of a new life: %+v, %v", again, err)
	}
	wantFormer(t, s, a.ID, again, noon.Add(time.Hour))
	if err := s.Erase(t.Context(), newUser(), noon); err != nil {
		t.Errorf("erasing nobody: %v", err)
	}
}

// wantFormer fails the test unless a token that was issued at asOf is refused for everything about a task of a later life.
func wantFormer(t *testing.T, s Store, owner todo.UserID, task todo.Task, asOf time.Time) {
	t.Helper()
	w := at(owner, noon.Add(3*time.Hour))
	w.By.AsOf = asOf
	_, err := s.Task(t.Context(), owner, task.ID, asOf)
	wantCode(t, err, todo.NotFound)
	state, err := s.State(t.Context(), owner)
	if err != nil || state.ErasedAt.Before(asOf) || state.Rev != task.Version {
		t.Errorf("state %+v, %v", state, err)
	}
	_, err = s.Create(t.Context(), owner, titled("x"), plenty, w)
	wantCode(t, err, todo.Unauthenticated)
	_, err = s.Update(t.Context(), owner, task.ID, titled("x"), w)
	wantCode(t, err, todo.Unauthenticated)
	_, err = s.Toggle(t.Context(), owner, task.ID, w)
	wantCode(t, err, todo.Unauthenticated)
	_, err = s.Delete(t.Context(), owner, task.ID, w)
	wantCode(t, err, todo.Unauthenticated)
	wantTask(t, mustList(t, s, owner, todo.Filter{}).Tasks[0], task)
}

// testEraseAtOnce: writes that come at the same moment are before or after, and none is half there.
func testEraseAtOnce(t *testing.T, s Store) {
	const n = 16
	for range 5 {
		ada := newUser()
		mustCreate(t, s, ada, titled("x"))
		atOnce(t, n, func(i int) error {
			return patiently(func() error {
				if i%4 == 0 {
					return s.Erase(context.Background(), ada, noon.Add(-time.Hour))
				}
				_, err := create(t, s, ada, titled("x"))
				return err
			})
		})
		page := mustList(t, s, ada, todo.Filter{Count: true})
		versions := make([]todo.Rev, len(page.Tasks))
		for i, task := range page.Tasks {
			versions[i] = task.Version
		}
		slices.Sort(versions)
		for i, version := range versions {
			if version != todo.Rev(i+1) {
				t.Fatalf("revisions %v after the last erasure, want 1 to %d", versions, len(versions))
			}
		}
		// The count of tasks was kept, too: a quota of one more than there are lets through exactly one.
		quota := len(versions) + 1
		for i, want := range []error{nil, todo.QuotaReached(quota)} {
			_, err := s.Create(t.Context(), ada, titled("y"), quota, by(ada))
			if todo.CodeOf(err) != todo.CodeOf(want) {
				t.Fatalf("create %d at a quota of %d: %v", i+1, quota, err)
			}
		}
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
		err := patiently(func() error { return s.EraseOwn(context.Background(), later.By, noon.Add(4*time.Minute)) })
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
