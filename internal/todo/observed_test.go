package todo_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"todod/internal/store/sqlite"
	"todod/internal/todo"
)

// openSQLite returns a store on a file of its own.
func openSQLite(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "todod.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestEveryWriteIsToldOf: with its revision, once, and only when it is made.
func TestEveryWriteIsToldOf(t *testing.T) {
	t.Parallel()
	var told []string
	store := todo.Observed(openSQLite(t), func(owner todo.UserID, rev todo.Rev) {
		told = append(told, fmt.Sprint(owner, " ", rev))
	})
	now := time.Now()
	s := todo.NewService(store, func() time.Time { return now }, todo.Rules{Quota: 1, KeysRemembered: time.Hour, TrashRemembered: time.Hour})
	ctx, ada, title := t.Context(), todo.User{ID: "ada", AsOf: now}, todo.Patch{Title: todo.Some("x")}
	once := todo.WriteOptions{Idempotency: &todo.Idempotency{Key: "k", Fingerprint: []byte("f"), Status: 201}}
	out, err := s.Create(ctx, ada, title, once)
	if err != nil {
		t.Fatal(err)
	}
	id := out.Task.ID
	want := 0
	for i, write := range []struct {
		do   func() (todo.WriteResult, error)
		told bool
	}{
		{func() (todo.WriteResult, error) { return s.Create(ctx, ada, title, once) }, false},                // replayed
		{func() (todo.WriteResult, error) { return s.Create(ctx, ada, title, todo.WriteOptions{}) }, false}, // beyond the quota
		{func() (todo.WriteResult, error) {
			return s.Update(ctx, ada, id, todo.Patch{Title: todo.Some("y")}, todo.WriteOptions{})
		}, true},
		{func() (todo.WriteResult, error) { return s.Toggle(ctx, ada, id, todo.WriteOptions{}) }, true},
		{func() (todo.WriteResult, error) { return s.Toggle(ctx, ada, id+1, todo.WriteOptions{}) }, false},
		{func() (todo.WriteResult, error) {
			_, err := s.CompleteAll(ctx, ada, todo.WriteOptions{})
			return todo.WriteResult{}, err
		}, false}, // it is completed already
		{func() (todo.WriteResult, error) {
			_, err := s.Batch(ctx, ada, []todo.Step{{Op: todo.Reopened, ID: id}}, true, todo.WriteOptions{})
			return todo.WriteResult{}, err
		}, true},
		{func() (todo.WriteResult, error) { return s.Delete(ctx, ada, id, todo.WriteOptions{}) }, true},
		{func() (todo.WriteResult, error) { return s.Restore(ctx, ada, id, todo.WriteOptions{}) }, true},
		{func() (todo.WriteResult, error) { return s.Delete(ctx, ada, id, todo.WriteOptions{}) }, true},
		{func() (todo.WriteResult, error) { return s.Purge(ctx, ada, id, todo.WriteOptions{}) }, true},
	} {
		if i == 0 {
			if len(told) != 1 || told[0] != "ada 1" {
				t.Fatalf("a create tells %v", told)
			}
			want = 1
		}
		_, err := write.do()
		if write.told {
			want++
		}
		if len(told) != want || told[want-1] != fmt.Sprintf("ada %d", want) {
			t.Fatalf("write %d: told %v, want %d, %v", i, told, want, err)
		}
	}
	if _, err := s.Create(ctx, ada, title, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	page, err := s.Tasks(ctx, ada, todo.Filter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, ada, page.Tasks[0].ID, todo.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	if _, err := s.Sweep(ctx); err != nil || told[len(told)-1] != fmt.Sprint("ada ", want+3) {
		t.Errorf("a sweep tells %v, %v", told, err)
	}
}

// TestNewsIsTheLogOrAReset: what comes after any place of a log that has lost its beginning.
func TestNewsIsTheLogOrAReset(t *testing.T) {
	t.Parallel()
	store := openSQLite(t)
	now := time.Now()
	s := todo.NewService(store, func() time.Time { return now }, todo.Rules{Quota: 1000})
	ctx, ada := t.Context(), todo.User{ID: "ada", AsOf: now}
	if at, err := s.Head(ctx, ada); err != nil || at != (todo.LogPosition{}) {
		t.Errorf("before anything: %+v, %v", at, err)
	}
	if news, err := s.ChangesSince(ctx, ada, todo.LogPosition{}); err != nil || news.Reset || len(news.Changes) != 0 {
		t.Errorf("before anything: %+v, %v", news, err)
	}
	const n, forgotten = todo.LogPageLimit + 20, 5
	for range n {
		if _, err := s.Create(ctx, ada, todo.Patch{Title: todo.Some("x")}, todo.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if gone, err := store.Forget(ctx, "ada", todo.Cutoffs{Logged: n - forgotten}, 7); err != nil || gone != forgotten {
		t.Fatal(gone, err)
	}
	here, err := s.Head(ctx, ada)
	if err != nil || here.Rev != n || here.Epoch == 0 {
		t.Fatalf("%+v, %v", here, err)
	}
	for since := todo.Rev(0); since <= n+2; since++ {
		for _, epoch := range []int64{0, here.Epoch, here.Epoch + 1} {
			news, err := s.ChangesSince(ctx, ada, todo.LogPosition{Epoch: epoch, Rev: since})
			if err != nil {
				t.Fatal(err)
			}
			if reset := since < forgotten || since > n || epoch == here.Epoch+1; reset != news.Reset ||
				reset && (news.At != here || len(news.Changes) != 0 || news.More) {
				t.Fatalf("since %d of %d: %+v", since, epoch, news)
			}
			if news.Reset {
				continue
			}
			last := min(since+todo.LogPageLimit, n)
			if len(news.Changes) != int(last-since) || news.At != (todo.LogPosition{Epoch: here.Epoch, Rev: last}) || news.More != (last < n) {
				t.Fatalf("since %d: %d changes, %+v", since, len(news.Changes), news.At)
			}
			for i, c := range news.Changes {
				if c.Rev != since+todo.Rev(i)+1 {
					t.Fatalf("since %d: %d comes as number %d", since, c.Rev, i)
				}
			}
		}
	}
	if err := store.Erase(ctx, "ada", now.UTC().Truncate(time.Microsecond).Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_, hereErr := s.Head(ctx, ada)
	_, newsErr := s.ChangesSince(ctx, ada, here)
	if todo.CodeOf(hereErr) != todo.Unauthenticated || todo.CodeOf(newsErr) != todo.Unauthenticated {
		t.Errorf("after the end of a life: %v, %v", hereErr, newsErr)
	}
}
