package storetest

import (
	"slices"
	"testing"
	"time"

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
