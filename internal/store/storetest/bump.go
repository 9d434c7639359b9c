package storetest

import (
	"context"
	"testing"
	"time"

	"todod/internal/todo"
)

// BumpRevisions tests what a store's revisions are after bump has raised them, as after a restored backup: s goes on
// with its data, nothing that was handed out since the backup fits any more, and nothing that is handed out then was
// there before. In s there must be nothing else.
func BumpRevisions(t *testing.T, s Store, bump func(context.Context) (int, error)) {
	ctx := t.Context()
	service := todo.NewService(s, func() time.Time { return noon.Add(time.Hour) }, todo.Rules{Quota: plenty, KeysRemembered: time.Hour})
	ada, bob := todo.User{ID: newUser(), AsOf: noon}, todo.User{ID: newUser(), AsOf: noon}
	mustCreate(t, s, ada.ID, titled("first"))
	early := mustSync(t, service, ada, "")
	task := mustCreate(t, s, ada.ID, titled("second"))
	late := mustSync(t, service, ada, "")
	others := mustCreate(t, s, bob.ID, titled("bob's"))
	erased := newUser()
	if err := s.Erase(ctx, erased, noon); err != nil {
		t.Fatal(err)
	}
	before, tombstone := mustState(t, s, ada.ID), mustState(t, s, erased)

	if people, err := bump(ctx); err != nil || people != 3 {
		t.Fatalf("%d people, %v", people, err)
	}

	if after := mustState(t, s, ada.ID); after.Epoch != before.Epoch || after.Rev != before.Rev+todo.RevisionBump {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if after := mustState(t, s, erased); after.Epoch == tombstone.Epoch || after.Rev != 0 || !after.ErasedAt.Equal(tombstone.ErasedAt) {
		t.Errorf("erased: before %+v, after %+v", tombstone, after)
	}
	wantTask(t, mustRead(t, s, ada.ID, task.ID), task)
	if page := mustList(t, s, ada.ID, todo.Filter{Unless: &before}); page.Unchanged || len(page.Tasks) != 2 {
		t.Errorf("a list for who knows the state before: %+v", page)
	}
	if page, err := service.Sync(ctx, ada, early.Next, nil); err != nil || len(page.Changes) != 1 || !page.More {
		t.Errorf("from an early token: %+v, %v", page, err)
	} else if _, err := service.Sync(ctx, ada, page.Next, nil); todo.CodeOf(err) != todo.Outdated {
		t.Errorf("across the bump: %v", err)
	}
	if _, err := service.Sync(ctx, ada, late.Next, nil); todo.CodeOf(err) != todo.Outdated {
		t.Errorf("from a late token: %v", err)
	}
	news, err := service.ChangesSince(ctx, ada, todo.LogPosition{Rev: before.Rev})
	if err != nil || !news.Reset || news.At.Rev != before.Rev+todo.RevisionBump {
		t.Errorf("a stream across the bump: %+v, %v", news, err)
	}

	renamed := mustUpdate(t, s, ada.ID, task.ID, titled("renamed"))
	fresh := mustCreate(t, s, ada.ID, titled("third"))
	if renamed.Version != before.Rev+todo.RevisionBump+1 || fresh.Version != renamed.Version+1 ||
		fresh.ID <= others.ID+int64(todo.RevisionBump) {
		t.Errorf("after the bump version %d of a task and version %d of task %d", renamed.Version, fresh.Version, fresh.ID)
	}
	history, err := service.History(ctx, ada, todo.KindTask, task.ID, 10, "")
	if err != nil || len(history.Changes) != 2 || history.Changes[1].Rev != task.Version {
		t.Errorf("history across the bump: %+v, %v", history, err)
	}
	if _, err := service.Undo(ctx, ada, task.Version, "", todo.WriteOptions{}); todo.CodeOf(err) != todo.Conflict {
		t.Errorf("undoing from before the bump what was changed after it: %v", err)
	}
	anew := mustSync(t, service, ada, "")
	if len(anew.Changes) != 3 || anew.More {
		t.Errorf("anew: %+v", anew)
	}
	mustCreate(t, s, ada.ID, titled("fourth"))
	if page, err := service.Sync(ctx, ada, anew.Next, nil); err != nil || len(page.Changes) != 1 {
		t.Errorf("going on: %+v, %v", page, err)
	}
	for _, c := range []struct{ keep, gone int }{{5, 0}, {4, 1}, {2, 2}} { // two from before the bump, three from after it
		n, err := s.Forget(ctx, ada.ID, todo.Cutoffs{Logged: c.keep}, 1)
		if log, _, failed := s.Changes(ctx, ada.ID, 0, 10); err != nil || failed != nil || n != c.gone || len(log) != c.keep {
			t.Errorf("of a log that may have %d entries %d go, %d are left, %v, %v", c.keep, n, len(log), err, failed)
		}
	}

	people, err := bump(ctx)
	if err != nil || people != 3 || mustState(t, s, ada.ID).Rev != fresh.Version+1+todo.RevisionBump {
		t.Errorf("again: %d people, %v, %+v", people, err, mustState(t, s, ada.ID))
	}
}

// mustSync returns a page of what somebody doesn't know yet.
func mustSync(t *testing.T, service *todo.Service, by todo.User, token string) todo.SyncPage {
	t.Helper()
	page, err := service.Sync(t.Context(), by, token, nil)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// mustState returns where somebody's data stand.
func mustState(t *testing.T, s Store, owner todo.UserID) todo.State {
	t.Helper()
	state, err := s.State(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return state
}
