package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"todod/internal/todo"
)

// once returns a write by owner with a key that is remembered for an hour.
func once(owner todo.UserID, key, fingerprint string) todo.Write {
	w := by(owner)
	w.Idempotency = &todo.Idempotency{Key: key, Fingerprint: []byte(fingerprint), Status: 200}
	return w
}

// testOnceAtOnce: of sixty-four requests with one key one is carried out, and all others get what came of it.
func testOnceAtOnce(t *testing.T, s Store) {
	const n = 64
	ada := newUser() // whom nobody knows yet
	start := mustCreate(t, s, newUser(), titled("x"))
	for name, do := range map[string]func(todo.Write) (todo.WriteResult, error){
		"create": func(w todo.Write) (todo.WriteResult, error) {
			return s.Create(context.Background(), ada, titled("x"), plenty, w)
		},
		"toggle": func(w todo.Write) (todo.WriteResult, error) {
			tasks := mustList(t, s, ada, todo.Filter{}).Tasks
			return s.Toggle(context.Background(), ada, tasks[0].ID, w)
		},
	} {
		if name == "toggle" && len(mustList(t, s, ada, todo.Filter{}).Tasks) == 0 {
			mustCreate(t, s, ada, titled("x"))
		}
		before, err := s.State(context.Background(), ada)
		if err != nil {
			t.Fatal(err)
		}
		outs := make([]todo.WriteResult, n)
		atOnce(t, n, func(i int) (err error) {
			outs[i], err = do(once(ada, name, name))
			return err
		})
		carriedOut := 0
		for _, out := range outs {
			if !out.Replayed {
				carriedOut++
			}
			wantTask(t, out.Task, outs[0].Task)
		}
		after, err := s.State(context.Background(), ada)
		if err != nil || carriedOut != 1 || after.Rev != before.Rev+1 || outs[0].Task.Version != after.Rev {
			t.Errorf("%s: carried out %d times, revision %d after %d, %v", name, carriedOut, after.Rev, before.Rev, err)
		}
	}
	wantTask(t, mustRead(t, s, start.Owner, start.ID), start)
}

// testKeysAreTheOwners: the same key of another is another key.
func testKeysAreTheOwners(t *testing.T, s Store) {
	users := []todo.UserID{newUser(), newUser()}
	for _, user := range users {
		out, err := s.Create(t.Context(), user, titled(string(user)), plenty, once(user, "k", string(user)))
		if err != nil || out.Replayed || out.Task.Title != string(user) {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	for _, user := range users {
		op, err := s.Operation(t.Context(), user, "k", noon.Add(-time.Hour))
		if err != nil || op.Task.Title != string(user) || op.Task.Owner != user {
			t.Errorf("%+v, %v", op, err)
		}
	}
	_, err := s.Operation(t.Context(), newUser(), "k", noon.Add(-time.Hour))
	wantCode(t, err, todo.NotFound)
}

// testKeysAreText: every key that there can be is itself and no other.
func testKeysAreText(t *testing.T, s Store) {
	ada := newUser()
	keys := []string{"k", "K", "k'", `"k"`, "k--", "$1", "?1", "%", "_", `\`, "../k", "k/", "0", "00", fmt.Sprintf("%0255d", 1)}
	for i, key := range keys {
		out, err := s.Create(t.Context(), ada, titled(key[:1]), plenty, once(ada, key, "\x00\xff"+key))
		if err != nil || out.Replayed || out.Task.Version != todo.Rev(i+1) {
			t.Errorf("%q: %+v, %v", key, out, err)
		}
	}
	for i, key := range keys {
		out, err := s.Create(t.Context(), ada, titled("y"), plenty, once(ada, key, "\x00\xff"+key))
		if err != nil || !out.Replayed || out.Task.Version != todo.Rev(i+1) {
			t.Errorf("%q again: %+v, %v", key, out, err)
		}
	}
}

// testRefusalsAreForgotten: a key whose change was refused is as good as new, with another request, too.
func testRefusalsAreForgotten(t *testing.T, s Store) {
	ctx, ada := t.Context(), newUser()
	task := mustCreate(t, s, ada, titled("x"))
	stale := once(ada, "k", "stale")
	stale.If = []todo.Rev{task.Version + 1}
	_, notFound := s.Toggle(ctx, ada, 1<<60, once(ada, "k", "missing"))
	_, changed := s.Toggle(ctx, ada, task.ID, stale)
	_, full := s.Create(ctx, ada, titled("y"), 1, once(ada, "k", "full"))
	_, notThere := s.Restore(ctx, ada, task.ID, plenty, once(ada, "k", "restore"))
	for i, want := range []todo.Code{todo.NotFound, todo.Changed, todo.Conflict, todo.NotFound} {
		wantCode(t, []error{notFound, changed, full, notThere}[i], want)
	}
	_, err := s.Operation(ctx, ada, "k", noon.Add(-time.Hour))
	wantCode(t, err, todo.NotFound)
	stale.If = []todo.Rev{task.Version}
	if out, err := s.Toggle(ctx, ada, task.ID, stale); err != nil || out.Replayed || !out.Task.Completed {
		t.Errorf("%+v, %v", out, err)
	}
	// The answer stays, though the version it was on terms of is gone; with other terms it would be another request.
	if out, err := s.Toggle(ctx, ada, task.ID, stale); err != nil || !out.Replayed || !out.Task.Completed {
		t.Errorf("again: %+v, %v", out, err)
	}
}
