package storetest

import (
	"testing"
	"time"

	"todod/internal/todo"
)

// testLives: nothing of a former life is in the log or answers a key, and what clients remember of it can't be gone on
// from, even if the new life has come as far.
func testLives(t *testing.T, s Store) {
	ctx, id := t.Context(), newUser()
	now := noon
	service := todo.NewService(s, func() time.Time { return now }, todo.Rules{Quota: plenty, KeysRemembered: time.Hour})
	ada := todo.User{ID: id, AsOf: noon}
	opts := func() todo.WriteOptions {
		return todo.WriteOptions{Idempotency: &todo.Idempotency{Key: "k", Fingerprint: []byte("former"), Status: 201}}
	}
	first, err := service.Create(ctx, ada, titled("secret"), opts())
	if err != nil {
		t.Fatal(err)
	}
	known, err := service.Sync(ctx, ada, "", nil)
	if err != nil || len(known.Changes) != 1 {
		t.Fatalf("%+v, %v", known, err)
	}
	state, err := s.State(ctx, id)
	if err != nil {
		t.Fatal(err)
	}

	now = now.Add(time.Minute)
	if err := s.Erase(ctx, id, now); err != nil {
		t.Fatal(err)
	}

	log, after, err := s.Changes(ctx, id, 0, plenty)
	if err != nil || len(log) != 0 || after.Rev != 0 || after.Epoch == state.Epoch || !after.ErasedAt.Equal(now) {
		t.Errorf("%+v, %+v, %v", log, after, err)
	}
	_, err = s.Operation(ctx, id, "k", noon.Add(-time.Hour))
	wantCode(t, err, todo.NotFound)
	if page := mustList(t, s, id, todo.Filter{Unless: &todo.State{Epoch: state.Epoch, Rev: 0}}); page.Unchanged {
		t.Error("the new life passes for the former one")
	}

	now = now.Add(time.Minute)
	reborn := todo.User{ID: id, AsOf: now}
	other := opts()
	other.Idempotency.Fingerprint = []byte("new") // which would be another request in the former life
	made, err := service.Create(ctx, reborn, titled("new"), other)
	if err != nil || made.Replayed || made.Task.Version != first.Task.Version || made.Task.ID == first.Task.ID {
		t.Fatalf("%+v, %v", made, err)
	}
	_, err = service.Sync(ctx, reborn, known.Next, nil)
	wantCode(t, err, todo.Outdated)
	_, notSynced := service.Sync(ctx, ada, "", nil)
	_, notGoneOn := service.Sync(ctx, ada, known.Next, nil)
	_, notListed := service.Tasks(ctx, ada, todo.Filter{Limit: 1})
	_, notRead := service.Task(ctx, ada, made.Task.ID)
	_, noHistory := service.History(ctx, ada, todo.KindTask, made.Task.ID, 10, "")
	_, noOperation := service.Operation(ctx, ada, "k")
	_, notReplayed := service.Create(ctx, ada, titled("new"), other)
	for i, err := range []error{notSynced, notGoneOn, notListed, notRead, noHistory, noOperation, notReplayed} {
		if todo.CodeOf(err) != todo.Unauthenticated {
			t.Errorf("a token of the former life, %d: %v", i, err)
		}
	}
	if op, err := service.Operation(ctx, reborn, "k"); err != nil || op.Task.Title != "new" {
		t.Errorf("%+v, %v", op, err)
	}
	if page, err := service.History(ctx, reborn, todo.KindTask, made.Task.ID, 10, ""); err != nil || len(page.Changes) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}
