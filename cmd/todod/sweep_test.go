package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"todod/internal/pgtest"
	"todod/internal/todo"
)

// mustHaveTasks gives somebody so many tasks, past the quota.
func mustHaveTasks(t *testing.T, s store, owner todo.UserID, n int) {
	t.Helper()
	now := time.Now()
	tasks := make([]todo.ImportedTask, n)
	for i := range tasks {
		tasks[i] = todo.ImportedTask{
			OldID: fmt.Sprint(i), Task: todo.Task{Title: "x", Priority: todo.Low, CreatedAt: now, UpdatedAt: now},
		}
	}
	for some := range slices.Chunk(tasks, 500) {
		if _, err := todo.ImportTasks(t.Context(), s, owner, "old", some, now); err != nil {
			t.Fatal(err)
		}
	}
}

// TestErasuresAreCarriedOn: by the server that was asked, after it has answered; by the next one to start, if that was
// killed; and by the command, which shows how far it has come.
func TestErasuresAreCarriedOn(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "todod.db"), "postgres": pgtest.Empty(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := isolated(t, environment{"DATABASE_URL": url})
			s := storeOf(t, env)
			for _, owner := range []todo.UserID{"ada", "bob", "eve"} {
				mustHaveTasks(t, s, owner, 1500)
			}
			wantTidy := func(by string) {
				t.Helper()
				waitFor(t, by, func() bool {
					untidy, err := s.Untidy(t.Context(), "", 10)
					return err == nil && len(untidy) == 0
				})
			}
			if err := s.Erase(t.Context(), "ada", time.Now()); err != nil {
				t.Fatal(err)
			}
			if untidy, err := s.Untidy(t.Context(), "", 10); err != nil || !slices.Equal(untidy, []todo.UserID{"ada"}) {
				t.Fatalf("%v, %v", untidy, err)
			}
			p := start(t, env)
			wantTidy("the next start")
			if code, body := call(t, "DELETE", p.url+"/api/v1/me", tokenOf(t, env, "bob"), ""); code != http.StatusNoContent {
				t.Fatalf("status %d: %s", code, body)
			}
			wantTidy("the server")
			p.end(t)
			if out := mustUser(t, env, "", "delete", "--yes", "eve"); out != "eve is erased\n" {
				t.Errorf("delete: %q", out)
			}
			wantTidy("the command")
			for _, owner := range []todo.UserID{"ada", "bob", "eve"} {
				if state, err := s.State(t.Context(), owner); err != nil || state.Rev != 0 || state.ErasedAt.IsZero() {
					t.Errorf("%s: %+v, %v", owner, state, err)
				}
			}
		})
	}
}
